import type { BacktestResult, BacktestSubject } from '../../api/schema/backtests.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { type ChartLevel, type ChartStrip, renderChart, timeAxis } from '../chart.ts';
import { bucketWidth, trendPoints, trendSeries } from '../trend.ts';
import { subjectText } from './occurrence-columns.ts';
import { stripLegend, stripText } from './timeline-strip.ts';

export interface PictureOptions {
  readonly width: number;
  readonly height: number;
  readonly timezone: string;
  readonly colour: boolean;
  /** Of the rules, to be drawn where they are limits of the value. */
  readonly levels: readonly ChartLevel[];
}

/** Timelines below one another, at most. */
const ROWS_MAX = 20;
const LABEL_MAX = 40;
const MARGIN_COLUMNS = 8;

/** One point: its values, the limits, and when they were exceeded. Several subjects: a timeline each, those with the most alarms first. */
export async function pictureOf(hub: HubClient, result: BacktestResult, options: PictureOptions): Promise<string[]> {
  const subjects = new Set(result.rules.flatMap(({ bySubject }) => bySubject.map(({ subject }) => subjectText(subject))));
  const only = subjects.size === 1 && result.rules.every((rule) => rule.subjects === 1) ? result.rules[0]?.bySubject[0]?.subject : undefined;
  if (only?.device && only.point !== null) {
    const chart = await valueChart(hub, only.device, only.point, result, options);
    if (chart !== null) return chart;
  }
  return timelines(result, options);
}

async function valueChart(hub: HubClient, device: string, point: string, result: BacktestResult, options: PictureOptions): Promise<string[] | null> {
  const { from, to } = result;
  const shown = await hub.points.show(device, point);
  if (shown.valueType !== 'number' && shown.valueType !== 'boolean') return null;
  const everyMs = bucketWidth(to - from, Math.max(8, (options.width - MARGIN_COLUMNS) * 2));
  const series = await trendSeries(hub, await trendPoints(hub, device, [point]), { from, to, everyMs });
  const { width, height, timezone, colour: color, levels } = options;
  const strips = result.rules.map(
    (rule, index): ChartStrip => ({
      name: result.rules.length > 1 ? ('ab'[index] ?? '') : '',
      cells: (columns) => stripText(rule.bySubject[0]?.timeline ?? '0', rule.levels, columns, color),
    }),
  );
  const lines = renderChart(series, { width, height, from, to, everyMs, joinWithinMs: everyMs * 3, timezone, color, levels, strips });
  return [
    ...lines,
    stripLegend(
      result.rules.flatMap((rule) => rule.levels),
      color,
    ),
  ];
}

function timelines(result: BacktestResult, { width, timezone, colour }: PictureOptions): string[] {
  const rows = new Map<string, (BacktestSubject | undefined)[]>();
  result.rules.forEach(({ bySubject }, index) => {
    for (const subject of bySubject) {
      if (subject.occurrences === 0) continue;
      const text = subjectText(subject.subject);
      const both = rows.get(text) ?? [];
      both[index] = subject;
      rows.set(text, both);
    }
  });
  if (rows.size === 0) return [];
  const shown = [...rows].slice(0, ROWS_MAX);
  const compared = result.rules.length > 1;
  const gutter = Math.min(LABEL_MAX, Math.max(...shown.map(([text]) => text.length))) + (compared ? 2 : 0);
  const columns = Math.max(10, width - gutter - 9);
  const lines = shown.flatMap(([text, subjects]) =>
    result.rules.map(({ levels }, index) => {
      const label = clip(text, gutter - (compared ? 2 : 0));
      const name = compared ? `${index === 0 ? label.padStart(gutter - 2) : ' '.repeat(gutter - 2)} ${'ab'[index] ?? ''}` : label.padStart(gutter);
      const subject = subjects[index];
      return `${name} │${stripText(subject?.timeline ?? '0', levels, columns, colour)} ${String(subject?.occurrences ?? 0).padStart(6)}`;
    }),
  );
  const hidden = rows.size - shown.length;
  return [
    ...lines,
    ...timeAxis({ from: result.from, to: result.to, timezone }, columns, gutter).map((line) => line.trimEnd()),
    ...(hidden > 0 ? [`and ${hidden} more with alarms`] : []),
    stripLegend(
      result.rules.flatMap(({ levels }) => levels),
      colour,
    ),
  ];
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
