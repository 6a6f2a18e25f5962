import { Args, Flags } from '@oclif/core';
import { TREND_COLUMNS } from '../../lib/cli/group-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { AGGREGATES, ROLLUP_AGGREGATES } from '../../lib/domain/aggregate.ts';
import { isoInZone } from '../../lib/domain/time-zone.ts';
import { rangeFlags, spanFlag } from '../../lib/reading/flags.ts';
import { groupBuckets } from '../../lib/reading/group-buckets.ts';
import { parseRange } from '../../lib/reading/time-expression.ts';

const DAY_MS = 86_400_000;

export default class GroupTrend extends HubCommand<typeof GroupTrend> {
  static override summary = 'Sum up a point of all devices of a group, over time';
  static override description =
    'Each device is first one number in each bucket (--within: the average of its samples unless told otherwise), and those become one (--aggregate): so a meter that reports twice as often does not count twice. Devices without samples in a bucket do not count in it.';
  static override args = {
    path: Args.string({ description: 'Path of the group; all below it belongs to it', required: true }),
    point: Args.string({ description: 'The point', required: true }),
  };
  static override flags = {
    ...rangeFlags,
    every: spanFlag({ summary: 'Width of a bucket; one bucket unless given. Whole days begin at midnight of --timezone' }),
    within: Flags.option({ summary: "What one device's samples become", options: AGGREGATES, default: 'avg' as const })(),
    aggregate: Flags.option({ summary: 'What the devices become then', options: ROLLUP_AGGREGATES, default: 'avg' as const })(),
  };
  static override examples = [
    '<%= config.bin %> group trend paris boiler/temperature --from -24h --every 1h',
    '<%= config.bin %> group trend paris boiler/pressure --every 15m --within max --aggregate max --output csv',
  ];

  async run(): Promise<void> {
    const { from, to, timezone, every, within, aggregate } = this.flags;
    const range = parseRange(from, to, { now: Date.now(), timezone, lastMs: DAY_MS });
    const columns = TREND_COLUMNS((time) => isoInZone(time, timezone));
    const hub = await this.hub();
    const { path: group, point } = this.args;
    const items = await groupBuckets(hub, { group, point, from: range.from, to: range.to, within, aggregate }, { everyMs: every ?? null, timezone });
    if (items.length === 0) this.say(`No device of ${group} has samples of ${point} there.`);
    await this.print(items, columns);
  }
}
