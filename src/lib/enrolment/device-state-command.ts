import { Args, type Command, Flags } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../cli/bulk.ts';
import { confirmUnless } from '../cli/prompt.ts';
import type { DeviceState } from '../domain/device.ts';
import { bulkFlags } from './bulk-flags.ts';
import { DeviceBulkCommand } from './device-bulk-command.ts';

/** What every command that changes the state of devices takes. */
export const deviceStateArgs = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', multiple: true }) };
export const deviceStateFlags = {
  ...bulkFlags,
  reason: Flags.string({ summary: 'Why, for the journal of events', helpValue: '<text>' }),
};

export interface StateWords {
  /** What the rows say, as a participle: `disabled`. */
  readonly done: string;
  /** What is asked before many are changed: `Disable` 12 devices? */
  readonly verb: string;
  /** Also asked before devices are changed that were named, unless --yes is given. */
  readonly question?: (devices: string) => string;
}

/** The base of the commands that put devices in another state. Of those that are named one after the other, of a selector chunk by chunk; some failed: exit code 7. */
export abstract class DeviceStateCommand<T extends typeof Command> extends DeviceBulkCommand<T> {
  protected async change(state: DeviceState, { done, verb, question }: StateWords): Promise<void> {
    const { device } = this.args as { readonly device?: readonly string[] };
    const { 'dry-run': dryRun, yes, reason } = this.flags as { readonly 'dry-run': boolean; readonly yes: boolean; readonly reason?: string };
    const ids = this.named(device);
    if (ids.length === 0) return this.changeMany([], { kind: 'update', change: { state }, reason }, verb);
    this.checkColumns(BULK_COLUMNS);
    const hub = dryRun ? await this.hub() : await this.writable();
    if (question !== undefined && !dryRun) await confirmUnless(yes, question(ids.length === 1 ? `the device ${ids[0]}` : `${ids.length} devices`), this.signal);
    const update = (id: string) => hub.devices.update(id, { state, ...(reason !== undefined && { reason }) });
    const rows = await runBulk(ids, { done, dryRun, act: update, check: (id) => hub.devices.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
