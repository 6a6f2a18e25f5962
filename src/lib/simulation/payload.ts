import type { SampleValue } from '../domain/value.ts';
import type { PayloadName } from './choices.ts';

/** Values of one device at one time (ms since 1970). */
export interface TimedReport {
  readonly time: number;
  readonly values: Readonly<Record<string, SampleValue>>;
}

export function reportTopic(deviceId: string): string {
  return `devices/${deviceId}/report`;
}

/** One payload for one or more reports of one device, in the order given. */
export function encodeReports(reports: readonly TimedReport[], payload: PayloadName): string {
  return payload === 'json' ? encodeJson(reports) : encodeSenml(reports);
}

function encodeJson(reports: readonly TimedReport[]): string {
  const shaped = reports.map(({ time, values }) => ({ ts: time, values }));
  return JSON.stringify(shaped.length === 1 ? shaped[0] : shaped);
}

/** RFC 8428: the first record of each report carries its time as base time, in seconds. */
function encodeSenml(reports: readonly TimedReport[]): string {
  const records: Record<string, unknown>[] = [];
  for (const { time, values } of reports) {
    let base: Record<string, unknown> = { bt: time / 1000 };
    for (const [path, value] of Object.entries(values)) {
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

export function countValues(reports: readonly TimedReport[]): number {
  let count = 0;
  for (const { values } of reports) count += Object.keys(values).length;
  return count;
}
