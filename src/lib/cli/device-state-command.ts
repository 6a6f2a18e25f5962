import { Args, type Command } from '@oclif/core';
import type { DeviceState } from '../domain/device.ts';
import { BULK_COLUMNS, failUnlessAll, runBulk } from './bulk.ts';
import { dryRunFlag } from './flags.ts';
import { HubCommand } from './hub-command.ts';
import { confirmUnless } from './prompt.ts';

/** What every command that changes the state of devices takes. */
export const deviceStateArgs = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', required: true, multiple: true }) };
export const deviceStateFlags = { 'dry-run': dryRunFlag };

/** The base of the commands that put devices in another state. One row for each; some failed: exit code 7. */
export abstract class DeviceStateCommand<T extends typeof Command> extends HubCommand<T> {
  /** `done`: what the rows say, as a participle. `question`: asked before, unless --yes is given. */
  protected async change(state: DeviceState, done: string, question: ((devices: string) => string) | null = null): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const { device: ids } = this.args as { readonly device: readonly string[] };
    const { 'dry-run': dryRun, yes = false } = this.flags as { readonly 'dry-run': boolean; readonly yes?: boolean };
    const hub = dryRun ? await this.hub() : await this.writable();
    if (question !== null && !dryRun) await confirmUnless(yes, question(ids.length === 1 ? `the device ${ids[0]}` : `${ids.length} devices`), this.signal);
    const rows = await runBulk(ids, { done, dryRun, act: (id) => hub.devices.update(id, { state }), check: (id) => hub.devices.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
