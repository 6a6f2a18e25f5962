import type { SampleValue } from '../../domain/value.ts';
import type { Decoded, DecodeLimits, Format } from '../format.ts';
import { parseJson } from '../parse-json.ts';
import type { Reading } from '../reading.ts';

/** SenML JSON, RFC 8428: a list of records whose base fields hold for the records after them. */
export const senmlFormat: Format = { decode };

const VERSION_MAX = 10; // RFC 8428 section 4.4
const ABSOLUTE_FROM_SECONDS = 2 ** 28; // section 4.5.3: smaller times are relative to now
const KNOWN = new Set(['bn', 'bt', 'bu', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut']);

interface Base {
  name: string;
  time: number;
  unit: string | null;
  value: number;
}
type SenmlRecord = Readonly<Record<string, unknown>>;

function decode(payload: Uint8Array, limits: DecodeLimits): Decoded {
  const parsed = parseJson(payload);
  if (!parsed.ok) return undecodable(parsed.reason);
  if (!Array.isArray(parsed.value)) return undecodable('SenML is a list of records');
  if (parsed.value.length > limits.readingsMax)
    return { ok: false, code: 'too_many_readings', reason: `more than ${limits.readingsMax} records in one message` };
  const base: Base = { name: '', time: 0, unit: null, value: 0 };
  const readings: Reading[] = [];
  for (const [index, record] of (parsed.value as unknown[]).entries()) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return undecodable(`record ${index + 1} is not an object`);
    const problem = decodeRecord(record as SenmlRecord, base, readings, limits.now);
    if (problem !== null) return undecodable(`record ${index + 1}: ${problem}`);
  }
  return readings.length === 0 ? undecodable('there is no value in it') : { ok: true, readings };
}

function decodeRecord(record: SenmlRecord, base: Base, readings: Reading[], now: number): string | null {
  // Section 4.4: a label that ends with _ must be understood, or the whole pack is refused.
  for (const label of Object.keys(record)) if (label.endsWith('_') && !KNOWN.has(label)) return `the label ${label.slice(0, 40)} must be understood and is not`;
  for (const label of ['bn', 'n', 'bu', 'u', 'vs', 'vd'])
    if (record[label] !== undefined && typeof record[label] !== 'string') return `${label} must be a string`;
  for (const label of ['bt', 't', 'bv', 'v', 'bs', 's', 'bver', 'ut']) {
    if (record[label] !== undefined && (typeof record[label] !== 'number' || !Number.isFinite(record[label]))) return `${label} must be a number`;
  }
  if (record.vb !== undefined && typeof record.vb !== 'boolean') return 'vb must be true or false';
  if (((record.bver as number | undefined) ?? VERSION_MAX) > VERSION_MAX) return `version ${String(record.bver)} is newer than ${VERSION_MAX}`;

  base.name = (record.bn as string | undefined) ?? base.name;
  base.time = (record.bt as number | undefined) ?? base.time;
  base.unit = (record.bu as string | undefined) ?? base.unit;
  base.value = (record.bv as number | undefined) ?? base.value;

  const value = valueIn(record, base);
  if (value === undefined) {
    if (record.s !== undefined || record.bs !== undefined) return 'sums (s, bs) are not supported';
    return record.n === undefined ? null : 'it has a name and no value'; // a record of base fields alone is allowed
  }
  const seconds = base.time + ((record.t as number | undefined) ?? 0);
  readings.push({
    path: base.name + ((record.n as string | undefined) ?? ''),
    value,
    time: timeOf(seconds, record, base, now),
    quality: 'good',
    unit: (record.u as string | undefined) ?? base.unit,
  });
  return null;
}

function valueIn(record: SenmlRecord, base: Base): SampleValue | undefined {
  // Section 4.5.1: base values add to v; a record with bv in force and no v of its own would repeat it for every name, so v decides.
  if (record.v !== undefined) return base.value + (record.v as number);
  if (record.vs !== undefined) return record.vs as string;
  if (record.vb !== undefined) return record.vb as boolean;
  return record.vd as string | undefined;
}

/** No time at all is the hub's; below 2^28 it counts from now, negative for the past (section 4.5.3). */
function timeOf(seconds: number, record: SenmlRecord, base: Base, now: number): number | null {
  if (record.t === undefined && base.time === 0) return null;
  return Math.round(seconds >= ABSOLUTE_FROM_SECONDS ? seconds * 1000 : now + seconds * 1000);
}

function undecodable(reason: string): Decoded {
  return { ok: false, code: 'undecodable', reason };
}
