import { Flags } from '@oclif/core';
import type { Device } from '../../lib/api/schema/fleet.ts';
import { type Column, timeColumn } from '../../lib/cli/column.ts';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { deviceFilterFlags, deviceFiltersOf, deviceSortFlag } from '../../lib/cli/device-search.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { pause } from '../../lib/cli/pause.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { refuseFlags, spanFlag } from '../../lib/reading/flags.ts';
import type { DeviceChange, DeviceNotice, DeviceRound } from '../../lib/reading/live/watch-devices.ts';

interface ChangeRow extends Device {
  readonly time: number;
  readonly change: DeviceChange;
}
const CHANGE_COLUMNS: readonly Column<ChangeRow>[] = [
  timeColumn('time', (row) => row.time, { keep: true }),
  { name: 'change', value: (row) => row.change },
  ...DEVICE_COLUMNS,
];
/** The hub shows so many of a list that is watched. */
const WATCHED_MAX = 1_000;
const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

export default class DeviceList extends HubCommand<typeof DeviceList> {
  static override summary = 'List devices';
  static override description =
    'Each filter narrows the list. A condition of --where names fields (id, name, kind, type, parent, state, online, lastSeenAt, createdAt, labels.NAME, aliases.KIND, ...) and points by their paths, whose newest values count; a device without the value is not listed. The hub sorts: by id without --sort. With --watch the list stays on a terminal and follows what happens; elsewhere there is a row for each device that enters the list, changes in it or leaves it, until --count, --duration or Ctrl-C.';
  static override flags = {
    ...deviceFilterFlags,
    ...listFlags,
    sort: deviceSortFlag,
    watch: Flags.boolean({ summary: 'Go on, and show what enters the list, changes in it and leaves it', exclusive: ['all'] }),
    count: Flags.integer({ summary: 'With --watch: end after so many changes', helpValue: '<changes>', min: 1, dependsOn: ['watch'] }),
    duration: spanFlag({ summary: 'With --watch: end after this time', dependsOn: ['watch'] }),
  };
  static override examples = [
    '<%= config.bin %> device list',
    '<%= config.bin %> device list --kind gateway --no-online --label site=paris',
    { description: 'Batteries that run low, the lowest first:', command: "<%= config.bin %> device list --where 'battery < 20 and online' --sort battery" },
    {
      description: 'Silent for a day:',
      command: "<%= config.bin %> device list --selector 'site=paris,type=meter' --where 'now - lastSeenAt > duration(\"1d\")'",
    },
    {
      description: 'Gateways of a site that go and come, for a minute:',
      command: '<%= config.bin %> device list --selector site=paris --no-online --watch --duration 1m --output ndjson',
    },
    { description: 'All ids, one on each line:', command: '<%= config.bin %> device list --all --output ndjson --columns id' },
  ];

  async run(): Promise<void> {
    const filters = deviceFiltersOf(this.flags);
    const hub = await this.hub();
    if (!this.flags.watch) return this.printList((limit) => hub.devices.list(filters, { limit }), DEVICE_COLUMNS, { ...this.flags, sorted: true });
    refuseFlags('device list --watch', this.flags, ['all']);
    if (this.output === 'yaml') throw new MusterError('usage', '`muster device list --watch` prints table, ndjson or csv.');
    // A list that has no end is no JSON document: one object for each line.
    if (this.output === 'json') this.output = 'ndjson';
    const { limit, duration } = this.flags;
    if (limit > WATCHED_MAX) throw new MusterError('usage', `A list that is watched has ${WATCHED_MAX} devices at most.`);
    const { watchDevices } = await import('../../lib/reading/live/watch-devices.ts');
    const ending = new AbortController();
    const timer = duration === undefined ? undefined : setTimeout(() => ending.abort(), duration);
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const rounds = watchDevices({ signal, connect: (given) => hub.devices.live({ ...filters, limit }, given), pause, now: Date.now });
    try {
      if (this.output === 'table' && process.stdout.isTTY === true) await this.#inPlace(rounds);
      else await this.printList(() => this.#changes(rounds), CHANGE_COLUMNS, { limit: Number.MAX_SAFE_INTEGER, all: true, sorted: true });
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async #inPlace(rounds: AsyncIterable<DeviceRound | DeviceNotice>): Promise<void> {
    let left = this.flags.count ?? Number.POSITIVE_INFINITY;
    for await (const round of rounds) {
      if (round.type === 'notice') {
        this.say(round.text);
        continue;
      }
      await this.write(CLEAR);
      await this.printList(() => round.devices, DEVICE_COLUMNS, { limit: Number.MAX_SAFE_INTEGER, all: true, sorted: true });
      if (round.more) this.say(`${round.devices.length} shown, there are more; --limit for another number.`);
      left -= round.changes.length;
      if (left <= 0) return;
    }
  }

  async *#changes(rounds: AsyncIterable<DeviceRound | DeviceNotice>): AsyncGenerator<ChangeRow> {
    let left = this.flags.count ?? Number.POSITIVE_INFINITY;
    let isFirst = true;
    for await (const round of rounds) {
      if (round.type === 'notice') {
        this.say(round.text);
        continue;
      }
      if (isFirst && round.more) this.say(`${round.devices.length} are watched, there are more; --limit for another number.`);
      isFirst = false;
      for (const { change, device } of round.changes) {
        yield { time: round.time, change, ...device };
        left -= 1;
        if (left <= 0) return;
      }
    }
  }
}
