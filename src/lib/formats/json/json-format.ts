import { QUALITIES, type Quality } from '../../domain/point.ts';
import type { SampleValue } from '../../domain/value.ts';
import type { Decoded, DecodeLimits, Format } from '../format.ts';
import { parseJson } from '../parse-json.ts';
import type { Reading } from '../reading.ts';

/**
 * The three JSON shapes of a report (DESIGN: what devices speak): one timed object, a list of objects, or a bare object of values.
 * An object with a `values` object is a timed one; `ts` (ms since 1970) and `quality` beside it are optional.
 */
export const jsonFormat: Format = { decode };

type ObjectValue = Readonly<Record<string, unknown>>;

function decode(payload: Uint8Array, limits: DecodeLimits): Decoded {
  const parsed = parseJson(payload);
  if (!parsed.ok) return undecodable(parsed.reason);
  const reports = Array.isArray(parsed.value) ? (parsed.value as unknown[]) : [parsed.value];
  if (reports.length === 0) return undecodable('the list is empty');
  const readings: Reading[] = [];
  for (let index = 0; index < reports.length; index += 1) {
    const report = reports[index];
    const where = reports.length > 1 ? ` in element ${index + 1} of the list` : '';
    if (!isObject(report)) return undecodable(`expected an object of values${where}`);
    const problem = decodeReport(report, readings);
    if (problem !== null) return undecodable(problem + where);
    if (readings.length > limits.readingsMax) {
      return { ok: false, code: 'too_many_readings', reason: `more than ${limits.readingsMax} values in one message` };
    }
  }
  return readings.length === 0 ? undecodable('there is no value in it') : { ok: true, readings };
}

function decodeReport(report: ObjectValue, readings: Reading[]): string | null {
  const timed = isObject(report.values);
  const values = timed ? (report.values as ObjectValue) : report;
  let time: number | null = null;
  let quality: Quality = 'good';
  if (timed) {
    for (const key of Object.keys(report)) {
      if (key === 'values') continue;
      if (key === 'ts') {
        if (typeof report.ts !== 'number' || !Number.isSafeInteger(Math.round(report.ts))) return '"ts" must be a number of ms since 1970';
        time = Math.round(report.ts);
      } else if (key === 'quality') {
        if (!QUALITIES.includes(report.quality as Quality)) return `"quality" must be one of ${QUALITIES.join(', ')}`;
        quality = report.quality as Quality;
      } else return `unknown key ${JSON.stringify(key.slice(0, 40))} beside "values"`;
    }
  }
  // Its time would be lost, and a point `ts` appear: a slip that is worth telling.
  if (!timed && typeof report.ts === 'number' && looksLikeTime(report.ts))
    return '"ts" stands beside "values", not among the values: {"ts": ms, "values": {...}}';
  for (const path of Object.keys(values)) readings.push({ path, value: values[path] as SampleValue, time, quality, unit: null });
  return null;
}

/** ms since 1970, from 2000 on: no measurement is called so by chance. */
function looksLikeTime(value: number): boolean {
  return Number.isInteger(value) && value > 946_684_800_000 && value < 10_000_000_000_000;
}

function isObject(value: unknown): value is ObjectValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function undecodable(reason: string): Decoded {
  return { ok: false, code: 'undecodable', reason };
}
