import { Args, Flags } from '@oclif/core';
import type { Column } from '../lib/cli/column.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { pause } from '../lib/cli/pause.ts';
import type { HubClient } from '../lib/client/hub-client.ts';
import { isoInZone } from '../lib/domain/time-zone.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import { type ChartBucket, type ChartSeries, renderChart, statisticsOf } from '../lib/reading/chart.ts';
import { rangeFlags, refuseFlags, spanFlag } from '../lib/reading/flags.ts';
import { explainEmptyRange } from '../lib/reading/newest-sample.ts';
import { parseRange, type ReadRange } from '../lib/reading/time-expression.ts';
import { bucketWidth, type TrendPoint, trendPoints, trendSeries } from '../lib/reading/trend.ts';

const DAY_MS = 86_400_000;
const FOLLOW_MS = 2000;
/** Axis, its labels and the space between. */
const MARGIN_COLUMNS = 8;

interface Frame extends ReadRange {
  readonly everyMs: number;
  readonly series: readonly ChartSeries[];
}

export default class Trend extends HubCommand<typeof Trend> {
  static override summary = 'Draw stored samples of a device as a chart';
  static override description =
    'Each column of dots is a bucket: it spans the least to the greatest value, and the line joins the averages. Where samples are missing, the line is open. Points with different units stand below one another. With --json, ndjson, yaml or csv the buckets and the statistics are printed instead.';
  static override args = {
    device: Args.string({ description: 'Device, by id or alias', required: true }),
    point: Args.string({ description: 'Points; * stands for any text', required: true, multiple: true }),
  };
  static override flags = {
    ...rangeFlags,
    every: spanFlag({ summary: 'Width of a bucket; chosen by the width of the chart unless given' }),
    width: Flags.integer({ summary: 'Columns of the chart; the terminal, or 80', min: 20, max: 1000, helpValue: '<columns>' }),
    height: Flags.integer({ summary: 'Lines of each plot; 12 unless the terminal is small', min: 2, max: 200, helpValue: '<lines>' }),
    follow: Flags.boolean({ summary: 'Draw again as samples arrive, until Ctrl-C', exclusive: ['to'] }),
  };
  static override examples = [
    '<%= config.bin %> trend gw-1 boiler/temperature',
    {
      description: 'Two points over a week, in buckets of an hour:',
      command: '<%= config.bin %> trend gw-1 boiler/temperature boiler/pressure --from -7d --every 1h',
    },
    { description: 'The last ten minutes, live:', command: '<%= config.bin %> trend gw-1 boiler/temperature --from -10m --follow' },
    { description: 'The highest value, for a script:', command: '<%= config.bin %> trend gw-1 boiler/temperature --from yesterday --to today --json' },
  ];

  async run(): Promise<void> {
    refuseFlags('trend', this.flags, this.output === 'table' ? ['sort', 'columns'] : ['sort']);
    const hub = await this.hub();
    this.#range();
    const points = await trendPoints(hub, this.args.device, this.args.point);
    const frame = await this.#read(hub, points);
    if (frame.series.every(({ buckets }) => buckets.length === 0)) {
      const paths = points.map(({ point }) => point);
      this.say(await explainEmptyRange(hub, this.args.device, paths, { ...frame, timezone: this.flags.timezone, now: Date.now() }));
    }
    if (this.flags.follow) await this.#follow(hub, points, frame);
    else await this.#show(frame);
  }

  #range(): ReadRange {
    return parseRange(this.flags.from, this.flags.to, { now: Date.now(), timezone: this.flags.timezone, lastMs: DAY_MS });
  }

  #width(): number {
    return this.flags.width ?? (process.stdout.isTTY ? process.stdout.columns || 80 : 80);
  }

  #height(plots: number): number {
    if (this.flags.height !== undefined) return this.flags.height;
    // Time axis, caption, legend and prompt take their lines too: the whole should stay on the screen.
    const screen = process.stdout.isTTY ? process.stdout.rows || 24 : 24;
    return Math.max(4, Math.min(12, Math.floor((screen - 4) / plots) - 3));
  }

  async #read(hub: HubClient, points: readonly TrendPoint[]): Promise<Frame> {
    const range = this.#range();
    const everyMs = this.flags.every ?? bucketWidth(range.to - range.from, Math.max(8, (this.#width() - MARGIN_COLUMNS) * 2));
    return { ...range, everyMs, series: await trendSeries(hub, points, { ...range, everyMs }) };
  }

  #lines(frame: Frame): string[] {
    const plots = new Set(frame.series.map(({ unit, boolean }) => `${boolean} ${unit}`)).size;
    const { from, to, everyMs, series } = frame;
    const color = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
    const join = this.flags.every === undefined ? {} : { joinWithinMs: everyMs };
    return renderChart(series, { width: this.#width(), height: this.#height(plots), from, to, everyMs, timezone: this.flags.timezone, color, ...join });
  }

  async #show(frame: Frame): Promise<void> {
    if (this.output === 'table') await this.write(`${this.#lines(frame).join('\n')}\n`);
    else if (this.output === 'csv') await this.print(bucketRows(frame), bucketColumns(this.flags.timezone));
    else await this.printOne(chartObject(this.args.device, frame), CHART_COLUMNS);
  }

  async #follow(hub: HubClient, points: readonly TrendPoint[], first: Frame): Promise<void> {
    const live = this.output === 'table' && process.stdout.isTTY === true;
    if (live) return this.#redraw(hub, points, first);
    if (this.output === 'json' || this.output === 'yaml') this.output = 'ndjson';
    await this.#show(first);
    if (this.output === 'ndjson') {
      for await (const frame of this.#frames(hub, points)) await this.#show(frame);
      return;
    }
    // Nothing is drawn over in a pipe: a line for each bucket that is complete.
    let until = Math.floor(first.to / first.everyMs) * first.everyMs;
    for await (const frame of this.#frames(hub, points)) {
      const complete = Math.floor(frame.to / frame.everyMs) * frame.everyMs;
      const rows = bucketRows(frame).filter(({ time }) => time >= until && time < complete);
      until = Math.max(until, complete);
      for (const row of rows) await this.write(`${bucketLine(row, this.output, this.flags.timezone)}\n`);
    }
  }

  async #redraw(hub: HubClient, points: readonly TrendPoint[], first: Frame): Promise<void> {
    let drawn = 0;
    const draw = async (frame: Frame): Promise<void> => {
      const lines = this.#lines(frame);
      // A picture taller than the screen has scrolled away: then the whole screen is drawn anew.
      const back = drawn === 0 ? '' : drawn >= (process.stdout.rows || 24) ? '\u001b[2J\u001b[H' : `\u001b[${drawn}F\u001b[0J`;
      await this.write(`${back}${lines.join('\n')}\n`);
      drawn = lines.length;
    };
    await draw(first);
    for await (const frame of this.#frames(hub, points)) await draw(frame);
  }

  /** A new picture every two seconds until Ctrl-C. A hub that is away is waited for. */
  async *#frames(hub: HubClient, points: readonly TrendPoint[]): AsyncGenerator<Frame> {
    let away = false;
    for (;;) {
      await pause(FOLLOW_MS, this.signal);
      if (this.signal.aborted) return;
      try {
        const frame = await this.#read(hub, points);
        if (away) this.say('The hub answers again.');
        away = false;
        yield frame;
      } catch (error: unknown) {
        if (this.signal.aborted) return;
        if (!(error instanceof MusterError) || !['unreachable', 'timed_out', 'stopping', 'overloaded'].includes(error.code)) throw error;
        if (!away) this.say(`${error.message} Trying again every ${FOLLOW_MS / 1000} s.`);
        away = true;
      }
    }
  }
}

interface BucketRow extends ChartBucket {
  readonly point: string;
}

function bucketRows({ series }: Frame): BucketRow[] {
  return series.flatMap(({ name, buckets }) => buckets.map((bucket) => ({ point: name, ...bucket })));
}

function bucketColumns(timezone: string): readonly Column<BucketRow>[] {
  return [
    { name: 'time', value: (row) => row.time, text: (row) => isoInZone(row.time, timezone) },
    { name: 'point', value: (row) => row.point },
    { name: 'min', value: (row) => row.min },
    { name: 'avg', value: (row) => row.avg },
    { name: 'max', value: (row) => row.max },
    { name: 'count', value: (row) => row.count },
  ];
}

function bucketLine({ time, point, min, avg, max, count }: BucketRow, output: string, timezone: string): string {
  const when = isoInZone(time, timezone);
  return output === 'csv'
    ? [when, point, min, avg, max, count].join(',')
    : `${when}  ${point}  min ${min}  avg ${avg}  max ${max}  ${count} ${count === 1 ? 'sample' : 'samples'}`;
}

function chartObject(device: string, { from, to, everyMs, series }: Frame) {
  return {
    device,
    from,
    to,
    everyMs,
    points: series.map(({ name, unit, buckets }) => ({ point: name, unit, statistics: statisticsOf(buckets), buckets })),
  };
}

const CHART_COLUMNS: readonly Column<ReturnType<typeof chartObject>>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'from', value: (row) => row.from },
  { name: 'to', value: (row) => row.to },
  { name: 'everyMs', value: (row) => row.everyMs },
  { name: 'points', value: (row) => row.points },
];
