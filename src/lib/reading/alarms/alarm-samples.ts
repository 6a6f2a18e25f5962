import type { Alarm, AlarmDetail } from '../../api/schema/alarms.ts';
import type { Column } from '../../cli/column.ts';
import { TableLayout } from '../../cli/table.ts';
import { type ChartBucket, renderChart } from '../chart.ts';
import { valueText, zonedTimeColumn } from '../sample-columns.ts';
import { type StoryOptions, title } from './story-options.ts';

type Samples = AlarmDetail['samples'][number];
type Sample = Samples['items'][number];

const CHART_WIDTH = 100;
const CHART_HEIGHT = 6;
/** In the table; the chart shows all. */
const ROWS_BEFORE = 6;
const ROWS_AFTER = 3;

/** The samples of one point around the raise: a chart on a terminal, and the nearest as a table. */
export async function samplesText(samples: Samples, alarm: Alarm, options: StoryOptions): Promise<string> {
  const { point, unit, items } = samples;
  const heading = title(`Samples of ${point}${unit === null ? '' : ` (${unit})`} around it`, options);
  if (items.length === 0) return `${heading}\nNone within a day.`;
  const at = alarm.raisedAt ?? alarm.createdAt;
  const after = items.findIndex(({ time }) => time > at);
  const raised = after < 0 ? items.length : after;
  const near = items.slice(Math.max(0, raised - ROWS_BEFORE), raised + ROWS_AFTER);
  const raisedBy = items[raised - 1];
  const table = await new TableLayout(columnsOf(options.timezone, alarm.raisedAt === null ? undefined : raisedBy, at), { ...options.style, width: null }).lines(
    near,
  );
  return [heading, ...chart(samples, options), table.trimEnd()].join('\n');
}

function columnsOf(timezone: string, raisedBy: Sample | undefined, raisedAt: number): readonly Column<Sample>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'value', value: (row) => row.value, text: (row) => valueText(row.value), right: true },
    { name: 'quality', value: (row) => row.quality },
    {
      name: '',
      value: (row) =>
        [row.late ? 'late' : '', row === raisedBy ? (row.time === raisedAt ? '<- raised it' : '<- the last before it was raised') : '']
          .filter((part) => part !== '')
          .join(' '),
    },
  ];
}

/** Nothing in a pipe, and of fewer than three numbers. */
function chart({ point, unit, decimals, items }: Samples, { style, timezone }: StoryOptions): string[] {
  if (style.width === null) return [];
  const buckets = items.flatMap(({ time, value }): ChartBucket[] => {
    const number = typeof value === 'boolean' ? Number(value) : value;
    return typeof number === 'number' ? [{ time, min: number, max: number, avg: number, count: 1 }] : [];
  });
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined || buckets.length < 3 || first.time === last.time) return [];
  const range = { from: first.time, to: last.time + 1, everyMs: 1 };
  const lines = renderChart([{ name: point, unit, decimals, buckets }], {
    ...range,
    width: Math.min(CHART_WIDTH, style.width),
    height: CHART_HEIGHT,
    // One line through all of them: there is no rhythm in so few.
    joinWithinMs: range.to - range.from,
    timezone,
    color: style.colour,
  });
  // Each sample is a bucket of its own here.
  return lines.filter((line) => !line.includes('buckets of'));
}
