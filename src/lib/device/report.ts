import type { SampleValue } from '../domain/value.ts';
import { DeviceError } from './device-error.ts';

export const REPORT_FORMATS = ['json', 'senml'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export type Values = Readonly<Record<string, SampleValue>>;

/** What a time adds to a report. */
const STAMP_BYTES = 24;

/** Values of one device at one time. */
export interface Report {
  /** By point path, `boiler/temperature`. */
  readonly values: Values;
  /** When they were measured, ms since 1970 or a Date; without it: when the report is made, by the hub's clock as far as the device knows it. */
  readonly time?: number | Date;
  /** Of all of them; without it `good`. Not in SenML. */
  readonly quality?: 'good' | 'uncertain' | 'bad';
}

export interface EncodedReports {
  readonly payload: string | (() => string);
  readonly bytes: number;
  /** Values of points. */
  readonly count: number;
}

/** One payload for one report of one device. Throws `invalid` for what JSON cannot say. */
export function encodeReport(
  values: Values,
  { time, quality }: Pick<Report, 'time' | 'quality'>,
  format: ReportFormat,
  stamp: number,
  timeOf: (stamp: number) => number,
): EncodedReports {
  if (format !== 'json') return encodeReports([{ values, ...(time !== undefined && { time }) }], format, stamp, timeOf);
  const count = check(values);
  const at = msOf(time);
  const body = jsonBody(values, quality);
  if (at === null) return { payload: () => `{"ts":${timeOf(stamp)},${body}`, bytes: body.length + STAMP_BYTES, count };
  const payload = `{"ts":${at},${body}`;
  return { payload, bytes: payload.length, count };
}

/** One payload for one or more reports of one device, in the order given. Throws `invalid` for what JSON cannot say. */
export function encodeReports(reports: readonly Report[], format: ReportFormat, stamp: number, timeOf: (stamp: number) => number): EncodedReports {
  let count = 0;
  let isDated = true;
  const bodies = reports.map(({ values, time, quality }) => {
    count += check(values);
    const at = msOf(time);
    if (at === null) isDated = false;
    return { at, body: format === 'json' ? jsonBody(values, quality) : values };
  });
  const write = (): string => {
    const now = isDated ? 0 : timeOf(stamp);
    const dated = bodies.map(({ at, body }) => ({ at: at ?? now, body }));
    if (format === 'senml') return encodeSenml(dated as { at: number; body: Values }[]);
    const texts = dated.map(({ at, body }) => `{"ts":${at},${body as string}`);
    return texts.length === 1 ? (texts[0] as string) : `[${texts.join(',')}]`;
  };
  // With all times given there is nothing to wait for.
  if (isDated) {
    const payload = write();
    return { payload, bytes: payload.length, count };
  }
  const bytes = bodies.reduce((sum, { body }) => sum + (typeof body === 'string' ? body.length + STAMP_BYTES : 60 * Object.keys(body).length), 0);
  return { payload: write, bytes, count };
}

/** null: it is to be stamped. */
function msOf(time: Report['time']): number | null {
  const at = time instanceof Date ? time.getTime() : (time ?? null);
  if (at !== null && !Number.isFinite(at))
    throw new DeviceError('invalid', `A report has the time ${String(time)}.`, { hint: 'Give ms since 1970, or a Date.' });
  return at;
}

function jsonBody(values: Values, quality: Report['quality']): string {
  return `"values":${JSON.stringify(values)}${quality === undefined ? '' : `,"quality":"${quality}"`}}`;
}

/** How many there are. JSON has no word for a number that is none, and would leave out what is undefined. */
function check(values: Values): number {
  let count = 0;
  for (const path in values) {
    const value: unknown = values[path];
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value)))
      throw new DeviceError('invalid', `The value of ${path} is ${String(value)}.`, { hint: 'Leave out what is not known, or report it with a quality.' });
    count += 1;
  }
  return count;
}

/** RFC 8428: the first record of each report carries its time as base time, in seconds. */
function encodeSenml(reports: readonly { readonly at: number; readonly body: Values }[]): string {
  const records: Record<string, unknown>[] = [];
  for (const { at, body } of reports) {
    let base: Record<string, unknown> = { bt: at / 1000 };
    for (const [path, value] of Object.entries(body)) {
      records.push({ ...base, n: path, ...senmlValue(value) });
      base = {};
    }
  }
  return JSON.stringify(records);
}

function senmlValue(value: SampleValue): Record<string, unknown> {
  if (typeof value === 'number') return { v: value };
  if (typeof value === 'boolean') return { vb: value };
  return { vs: typeof value === 'string' ? value : JSON.stringify(value) };
}
