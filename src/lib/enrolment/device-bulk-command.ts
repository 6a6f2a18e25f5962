import type { Command } from '@oclif/core';
import type { SelectedDevice } from '../api/schema/device-batch.ts';
import { HubCommand } from '../cli/hub-command.ts';
import { confirmUnless } from '../cli/prompt.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { createProgress, thousands } from '../reading/terminal-progress.ts';
import { changeDevices, type DeviceWork } from './change-devices.ts';
import { CHANGE_COLUMNS, type RowResult } from './row-result.ts';

interface BulkFlags {
  readonly selector?: string | undefined;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly chunk: number;
}

/** The base of commands that do the same to many devices. */
export abstract class DeviceBulkCommand<T extends typeof Command> extends HubCommand<T> {
  /** Which of the two the user named: devices, or a selector. Throws usage for neither and for both. */
  protected named(ids: readonly string[] | undefined): readonly string[] {
    const { selector } = this.flags as unknown as BulkFlags;
    const given = [...new Set(ids ?? [])];
    if (given.length > 0 && selector !== undefined)
      throw new MusterError('usage', 'Devices and --selector exclude each other.', { hint: 'Add id=NAME|NAME to the selector.' });
    if (given.length === 0 && selector === undefined)
      throw new MusterError('usage', 'No device is named.', { hint: 'Give devices, or --selector; id=* is every device.' });
    return given;
  }

  /** Asks, does it chunk by chunk, prints a row for each. `question` gets how many there are: `Delete 12 devices`. */
  protected async changeMany(ids: readonly string[], work: DeviceWork, verb: string): Promise<void> {
    const flags = this.flags as unknown as BulkFlags;
    const dryRun = flags['dry-run'];
    const { selector } = flags;
    this.checkColumns(CHANGE_COLUMNS);
    const hub = dryRun ? await this.hub() : await this.writable();
    const devices = selector === undefined ? ids.map((id) => ({ id, parent: null })) : await this.#selected(hub, selector);
    if (devices.length === 0) {
      this.say(`No device fits ${selector}.`);
      return this.print([], CHANGE_COLUMNS);
    }
    const count = devices.length === 1 ? `the device ${devices[0]?.id}` : `${thousands(devices.length)} devices`;
    if (!dryRun) await confirmUnless(flags.yes, `${verb} ${count}${selector === undefined ? '' : ` (${selector})`}?`, this.signal);
    const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
    const counts = new Map<string, number>();
    const rows = this.#counted(
      changeDevices({
        hub,
        devices,
        work,
        dryRun,
        chunk: flags.chunk,
        signal: this.signal,
        say: (text) => this.say(text),
        onProgress: (done) => progress.update(() => `${thousands(done)} of ${thousands(devices.length)} devices`),
      }),
      counts,
    );
    try {
      await this.print(rows, CHANGE_COLUMNS);
    } catch (error: unknown) {
      progress.clear();
      if (!dryRun && counts.size > 0) this.say(`${summary(counts)}. The same command again completes it.`);
      throw error;
    } finally {
      progress.clear();
    }
    this.say(`${dryRun ? 'It would be: ' : ''}${summary(counts)}.`);
    const failed = counts.get('failed') ?? 0;
    if (failed > 0) throw new MusterError('partly_failed', `${thousands(failed)} of ${thousands(devices.length)} devices failed.`, { details: { failed } });
  }

  async *#counted(rows: AsyncIterable<RowResult>, counts: Map<string, number>): AsyncGenerator<RowResult> {
    for await (const row of rows) {
      counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
      yield row;
    }
  }

  async #selected(hub: HubClient, selector: string): Promise<SelectedDevice[]> {
    const devices: SelectedDevice[] = [];
    for await (const device of hub.deviceBatches.select(selector)) devices.push(device);
    return devices;
  }
}

function summary(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([status, count]) => `${thousands(count)} ${status}`).join(', ');
}
