import { Args, Flags } from '@oclif/core';
import { listFlags } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { AGGREGATES } from '../lib/domain/aggregate.ts';
import { DOWNSAMPLING_METHODS } from '../lib/domain/downsampling.ts';
import { bucketsByTime } from '../lib/reading/buckets.ts';
import { rangeFlags, spanFlag } from '../lib/reading/flags.ts';
import { explainEmptyRange } from '../lib/reading/newest-sample.ts';
import { bucketColumns, chosenColumns, sampleColumns } from '../lib/reading/sample-columns.ts';
import { parseRange } from '../lib/reading/time-expression.ts';

const DAY_MS = 86_400_000;
const ROWS = 1000;

export default class Query extends HubCommand<typeof Query> {
  static override summary = 'Read stored samples of a device: all, a choice of them, or aggregates';
  static override description =
    'Without --from, the last 24 hours. A range holds its beginning and not its end. Buckets of whole days begin at midnight of --timezone, others at whole multiples of their width since 1970 (UTC). Without --every, --aggregate gives one value for the whole range. With --points, so many samples of each point stand for all: minmax keeps the least and the greatest of each stretch of the range, lttb (largest triangle, three buckets) the outline of the curve.';
  static override args = {
    device: Args.string({ description: 'Device, by id or alias', required: true }),
    point: Args.string({ description: 'Points; * stands for any text', required: true, multiple: true }),
  };
  static override flags = {
    ...rangeFlags,
    every: spanFlag({ summary: 'Width of a bucket; the average of each unless --aggregate says otherwise' }),
    aggregate: Flags.option({ summary: 'What to make of the samples of a bucket', options: AGGREGATES })(),
    points: Flags.integer({
      summary: 'So many samples of each point at most, chosen to stand for all',
      helpValue: '<samples>',
      min: 3,
      max: 100_000,
      exclusive: ['every', 'aggregate', 'limit', 'all'],
    }),
    method: Flags.option({
      summary: 'How to choose them; minmax unless given',
      options: DOWNSAMPLING_METHODS,
      relationships: [{ type: 'all', flags: ['points'] }],
    })(),
    descending: Flags.boolean({ summary: 'Newest first' }),
    ...listFlags,
    limit: Flags.integer({ summary: 'Rows at most', helpValue: '<rows>', min: 1, default: ROWS, exclusive: ['all'] }),
  };
  static override examples = [
    '<%= config.bin %> query gw-1 boiler/temperature',
    { description: 'Hourly averages of yesterday:', command: '<%= config.bin %> query gw-1 boiler/temperature --from yesterday --to today --every 1h' },
    { description: 'All of a month, as it flows:', command: "<%= config.bin %> query gw-1 'boiler/*' --from 2026-11-01 --to 2026-12-01 --all --output ndjson" },
    { description: 'The shape of a year:', command: '<%= config.bin %> query gw-1 boiler/temperature --from -365d --points 500 --method lttb' },
    { description: 'The highest value of the last two hours:', command: '<%= config.bin %> query gw-1 boiler/temperature --from -2h --aggregate max' },
  ];

  async run(): Promise<void> {
    const { device, point } = this.args;
    const { every, aggregate, points, method, descending, timezone } = this.flags;
    const now = Date.now();
    const range = parseRange(this.flags.from, this.flags.to, { now, timezone, lastMs: DAY_MS });
    const hub = await this.hub();
    let rows = 0;
    async function* counted<Row>(source: AsyncIterable<Row> | Iterable<Row>): AsyncGenerator<Row> {
      for await (const row of source) {
        rows += 1;
        yield row;
      }
    }
    if (points !== undefined) {
      const { items } = await hub.downsample(device, { point, ...range, points, method: method ?? 'minmax' });
      // Sorting is stable: samples of one time stay in the order of the points.
      items.sort((one, other) => (descending ? other.time - one.time : one.time - other.time));
      await this.print(counted(items), chosenColumns(timezone));
    } else if (every !== undefined) {
      const query = { point, ...range, everyMs: every, aggregate: aggregate ?? 'avg', descending, timezone };
      await this.printList(() => counted(bucketsByTime(hub, device, query)), bucketColumns(timezone), this.flags);
    } else if (aggregate !== undefined) {
      const { items } = await hub.aggregate(device, { point, ...range, aggregate });
      await this.printList(() => counted(items), bucketColumns(timezone), this.flags);
    } else {
      const query = { point, ...range, order: descending ? 'desc' : 'asc' } as const;
      await this.printList((limit) => counted(hub.samples(device, query, { limit })), sampleColumns(timezone), this.flags);
    }
    if (rows === 0)
      this.say(
        await explainEmptyRange(hub, device, point, {
          ...range,
          timezone,
          now,
          aggregate: aggregate ?? (every === undefined ? undefined : 'avg'),
          chosen: points !== undefined,
        }),
      );
  }
}
