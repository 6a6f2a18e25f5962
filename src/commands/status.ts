import { Flags } from '@oclif/core';
import type { HubStatus } from '../lib/api/schema/status.ts';
import { durationFlag } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { pause } from '../lib/cli/pause.ts';
import { type RatedStatus, ratedStatus, STATUS_COLUMNS } from '../lib/cli/status-columns.ts';
import { statusView } from '../lib/cli/status-view.ts';

const MEASURED_MS = 1000;
const INTERVAL_MS = 2000;
const HOME = '\u001b[H';
const CLEAR = `${HOME}\u001b[2J`;
/** Clears the rest of a line, and what is below. */
const REST = '\u001b[K';
const BELOW = '\u001b[J';

export default class Status extends HubCommand<typeof Status> {
  static override summary = 'Show how the hub is: health, rates, latency, queues, storage, connections';
  static override description =
    'Rates are measured over a second, or over the interval with --watch. Latency is the time from the arrival of a message to its durable commit, of the last 4,096 messages. The same for machines: /metrics, in Prometheus format.';
  static override flags = {
    watch: Flags.boolean({ summary: 'Again and again, until Ctrl-C' }),
    interval: durationFlag({ summary: 'Time between two readings of --watch; 2s unless given', dependsOn: ['watch'] }),
    count: Flags.integer({ summary: 'End --watch after so many', min: 1, helpValue: '<readings>', dependsOn: ['watch'] }),
  };
  static override examples = [
    '<%= config.bin %> status',
    { description: 'Three readings, a second apart:', command: '<%= config.bin %> status --watch --interval 1s --count 3' },
    { description: 'Is anything waiting to be stored?', command: '<%= config.bin %> status --output csv --columns waiting,to-apply' },
  ];

  async run(): Promise<void> {
    this.checkColumns(STATUS_COLUMNS);
    const hub = await this.hub();
    const read = () => hub.request<HubStatus>('GET', '/status');
    const before = await read();
    if (!this.flags.watch) {
      await pause(MEASURED_MS, this.signal);
      this.signal.throwIfAborted();
      await this.#show(ratedStatus(before, await read()));
      return;
    }
    const readings = this.#readings(before, read);
    if (this.output !== 'table') return this.print(readings, STATUS_COLUMNS);
    const inPlace = process.stdout.isTTY === true;
    if (inPlace) await this.write(CLEAR);
    for await (const reading of readings) {
      if (inPlace) await this.write(HOME);
      await this.#show(reading, inPlace ? REST : '');
    }
  }

  /** For a person by what one asks; what a script wants has columns and formats. */
  async #show(reading: RatedStatus, lineEnd = ''): Promise<void> {
    if (this.output !== 'table' || this.flags.columns !== undefined) {
      // How many lines the last one took is not known.
      if (lineEnd !== '') await this.write(CLEAR);
      return this.printOne(reading, STATUS_COLUMNS);
    }
    // In place without a flash: what stood in a line and below goes as it is written.
    const view = statusView(reading, this.style());
    await this.write(this.flags.watch ? `${view.replaceAll('\n', `${lineEnd}\n`)}${lineEnd === '' ? '\n' : BELOW}` : view);
  }

  async *#readings(first: HubStatus, read: () => Promise<HubStatus>): AsyncGenerator<RatedStatus> {
    let before = first;
    for (let count = 0; count < (this.flags.count ?? Number.POSITIVE_INFINITY); count += 1) {
      await pause(this.flags.interval ?? INTERVAL_MS, this.signal);
      this.signal.throwIfAborted();
      const now = await read();
      yield ratedStatus(before, now);
      before = now;
    }
  }
}
