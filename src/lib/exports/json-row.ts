import { numberText, rememberLast } from './encode-lines.ts';
import type { ExportOptions, ExportRow } from './export-format.ts';
import { createTimeText } from './time-text.ts';
import type { WideRow } from './wide-rows.ts';

/** {time, device, point, value, quality, late} as JSON; the time as text for `iso`, as a number for `epoch`. */
export function createLongRowText({ time, timezone }: ExportOptions): (row: ExportRow) => string {
  const timeText = jsonTime(time, timezone);
  const device = rememberLast(JSON.stringify);
  const point = rememberLast(JSON.stringify);
  return (row) =>
    `{"time":${timeText(row.time)},"device":${device(row.device)},"point":${point(row.point)},"value":${valueText(row.value)},"quality":"${row.quality}","late":${row.late}}`;
}

/** {time, device, <point>: value ...}, with the points that have a sample at that time. */
export function createWideRowText({ time, timezone, points }: ExportOptions): (row: WideRow) => string {
  const timeText = jsonTime(time, timezone);
  const device = rememberLast(JSON.stringify);
  const keys = points.map((point) => JSON.stringify(point));
  return (row) => {
    let text = `{"time":${timeText(row.time)},"device":${device(row.device)}`;
    row.values.forEach((value, column) => {
      if (value !== undefined) text += `,${keys[column]}:${valueText(value)}`;
    });
    return `${text}}`;
  };
}

function jsonTime(style: ExportOptions['time'], timezone: string): (ms: number) => string {
  const text = createTimeText(style, timezone);
  return style === 'epoch' ? text : (ms) => `"${text(ms)}"`;
}

function valueText(value: unknown): string {
  return typeof value === 'number' ? numberText(value) : JSON.stringify(value ?? null);
}
