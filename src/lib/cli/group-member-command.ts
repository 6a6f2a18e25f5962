import { Args, type Command } from '@oclif/core';
import type { GroupMembersChanged } from '../api/schema/groups.ts';
import { MusterError } from '../errors/muster-error.ts';
import { dryRunFlag, selectorFlag, yesFlag } from './flags.ts';
import { MEMBER_COLUMNS, MEMBERS_COLUMNS } from './group-columns.ts';
import { HubCommand } from './hub-command.ts';
import { confirmUnless } from './prompt.ts';

export const memberArgs = {
  path: Args.string({ description: 'Path of the group', required: true }),
  device: Args.string({ description: 'Devices, by id or alias', multiple: true }),
};
export const memberFlags = {
  selector: selectorFlag('All devices that fit, such as site=paris,type=meter'),
  yes: yesFlag,
  'dry-run': dryRunFlag,
};

/** Of one request: the hub takes no more devices by name at a time. */
const CHUNK = 5_000;

/** `group add` and `group remove`. */
export abstract class GroupMemberCommand<T extends typeof Command> extends HubCommand<T> {
  protected async change(action: 'add' | 'remove'): Promise<void> {
    const { path, device = [] } = this.args as { path: string; device?: string[] };
    const { selector, yes, 'dry-run': dryRun } = this.flags as { selector?: string; yes: boolean; 'dry-run': boolean };
    if (device.length > 0 === (selector !== undefined))
      throw new MusterError('usage', 'Say which devices: either by name, or with --selector.', { hint: `muster group ${action} ${path} DEVICE` });
    if (selector === undefined) await this.#byName(action, path, [...new Set(device)], dryRun);
    else await this.#bySelector(action, path, selector, { yes, dryRun });
  }

  async #byName(action: 'add' | 'remove', group: string, devices: readonly string[], dryRun: boolean): Promise<void> {
    this.checkColumns(MEMBER_COLUMNS);
    const hub = await this.writable();
    const rows: GroupMembersChanged['devices'][number][] = [];
    for (let begin = 0; begin < devices.length; begin += CHUNK)
      rows.push(...(await hub.groups.members({ group, action, devices: devices.slice(begin, begin + CHUNK), dryRun })).devices);
    const [only] = rows;
    if (rows.length === 1 && only?.outcome === 'failed') throw new MusterError('not_found', only.reason ?? `there is no device ${only.device}`);
    const done = `${dryRun ? 'would be ' : ''}${action === 'add' ? 'added' : 'removed'}`;
    await this.print(
      rows.map((row) => ({ ...row, status: row.outcome === 'changed' ? done : row.outcome })),
      MEMBER_COLUMNS,
    );
    const failed = rows.filter(({ outcome }) => outcome === 'failed').map(({ device }) => device);
    if (failed.length > 0) throw new MusterError('partly_failed', `${failed.length} of ${rows.length} failed.`, { details: { failed } });
  }

  async #bySelector(
    action: 'add' | 'remove',
    group: string,
    selector: string,
    { yes, dryRun }: { readonly yes: boolean; readonly dryRun: boolean },
  ): Promise<void> {
    this.checkColumns(MEMBERS_COLUMNS);
    const hub = await this.writable();
    const planned = await hub.groups.members({ group, action, selector, dryRun: true });
    if (!dryRun && planned.changed > 0) {
      const what = action === 'add' ? `Put ${planned.changed} devices into ${group}` : `Take ${planned.changed} devices out of ${group}`;
      await confirmUnless(yes, `${what}?`, this.signal);
    }
    const changed = dryRun || planned.changed === 0 ? planned : await hub.groups.members({ group, action, selector });
    await this.printOne(changed, MEMBERS_COLUMNS);
  }
}
