import type { DeviceType } from '../../domain/device-type.ts';
import { isPointPath, type PointPath } from '../../domain/ids.ts';
import { deviceMayReport, HEALTH_PREFIX, type Point } from '../../domain/point.ts';
import { fitsValueType, inferValueType, type SampleValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DeviceEntry, PointEntry } from '../../fleet/directory.ts';
import { allowedPoints, definitionFor } from '../../fleet/point-definition.ts';
import type { Reading } from '../../formats/reading.ts';
import { type Batch, NONE, REJECTIONS_LISTED, type ResolvedSample } from '../batch.ts';
import type { IngestContext } from '../context.ts';
import { HUB_TIME_LEAD_MAX_MS, nextHubTime } from '../hub-time.ts';
import type { Rejection } from '../ingest.ts';

type Refusal = { readonly code: string; readonly reason: string };

/**
 * Readings to samples: the point exists or may appear, the value fits it, the time is believable. Each value is judged
 * alone; the good ones of a message are stored together, the others are rejected with their reason.
 */
export function resolve(batch: Batch, context: IngestContext): Batch {
  const { receivedAt } = batch.message;
  const { project, type: typeId } = batch.device.device;
  const type = typeId === null ? undefined : context.directory.type(project, typeId);
  const allowed = allowedPoints(type);
  const samples: ResolvedSample[] = [];
  let rejections: Rejection[] | null = null;
  let rejectedCount = 0;
  let hubTimed = false;
  let newest = Number.NEGATIVE_INFINITY;
  for (const reading of batch.readings) {
    if (reading.time !== null && reading.time > newest) newest = reading.time;
    const refusal = resolveOne(reading, batch.device, type, allowed, receivedAt, context, samples);
    if (refusal === null) {
      hubTimed ||= reading.time === null;
      continue;
    }
    if (refusal === TOO_FAST) return { ...batch, readings: NONE, postponed: tooFast(reading.path), refused: true };
    rejectedCount += 1;
    rejections ??= [];
    if (rejections.length < REJECTIONS_LISTED) rejections.push({ ...refusal, step: 'resolve', point: reading.path.slice(0, 200) });
  }
  // Times that are refused say it loudest. What an application imports says nothing of the device.
  if (newest > Number.NEGATIVE_INFINITY && batch.message.principal.kind === 'device') context.clocks?.reported(batch.device, newest, receivedAt);
  // The readings have served; what waits for the disk should be little, for there may be many.
  return {
    message: batch.message,
    device: batch.device,
    readings: NONE,
    samples,
    rejections: rejections ?? NONE,
    rejectedCount,
    refused: samples.length === 0,
    hubTimed,
    postponed: null,
    changes: null,
  };
}

function resolveOne(
  reading: Reading,
  device: DeviceEntry,
  type: DeviceType | undefined,
  allowed: ReadonlyMap<string, unknown> | null,
  now: number,
  context: IngestContext,
  samples: ResolvedSample[],
): Refusal | null {
  const { limits } = context;
  const { value } = reading;
  if (reading.time !== null) {
    if (reading.time < limits.earliestTime)
      return refusal('time_too_old', `the time ${shown(reading.time)} is before ${shown(limits.earliestTime)}; is the clock set?`);
    if (reading.time > now + limits.futureMaxMs)
      return refusal('time_in_future', `the time ${shown(reading.time)} is too far ahead of the hub's ${shown(now)}`);
  }
  // JSON may say 1e999, which no double is.
  if (typeof value === 'number' && !Number.isFinite(value)) return refusal('out_of_range', 'the number is beyond the range of a double');
  const tooLarge = checkSize(value, limits.valueBytesMax);
  if (tooLarge !== null) return tooLarge;
  // Asked for known points too: the type may have become strict after they appeared.
  if (allowed !== null && !allowed.has(reading.path) && !reading.path.startsWith(HEALTH_PREFIX))
    return refusal('unknown_point', `the type ${type?.id} is strict and does not declare it`);
  const found = device.points.get(reading.path) ?? createPoint(reading, device, type, now, context);
  if ('code' in found) return found;
  const { point } = found;
  if (!deviceMayReport(point.kind)) return refusal('not_writable', `a device does not write a point of kind ${point.kind}`);
  if (!fitsValueType(value, point.valueType)) return refusal('wrong_type', `expected a ${point.valueType}, got ${describe(value)}`);
  if (typeof value === 'number') {
    if (point.min !== null && value < point.min) return refusal('out_of_range', `${value} is below the minimum ${point.min}`);
    if (point.max !== null && value > point.max) return refusal('out_of_range', `${value} is above the maximum ${point.max}`);
  }
  // A message that begins within the lead passes whole: its own values move the times on by as much as it has samples.
  if (reading.time === null && found.hubTime - now > HUB_TIME_LEAD_MAX_MS + samples.length) return TOO_FAST;
  const time = reading.time ?? nextHubTime(found, now);
  samples.push({ entry: found, time, value, quality: reading.quality, late: time < now - limits.lateAfterMs });
  return null;
}

const TOO_FAST: Refusal = { code: 'rate_limited', reason: '' };

/** The whole message: of one that was stored in part, the rest could not be sent again. */
function tooFast(path: string): MusterError {
  return new MusterError('rate_limited', `the point ${path.slice(0, 200)} gets more than 1,000 values/s without a time of their own`, {
    hint: 'Send fewer values, or give them their times ("ts").',
    details: { retryAfterMs: 1000 },
  });
}

function createPoint(reading: Reading, device: DeviceEntry, type: DeviceType | undefined, now: number, context: IngestContext): PointEntry | Refusal {
  const { directory, limits } = context;
  const { project, id } = device.device;
  // Half a character would come back from the disk as another one, perhaps as the name of another point.
  if (!isPointPath(reading.path) || /\p{Surrogate}/u.test(reading.path)) return refusal('invalid_point', 'the name of the point is malformed');
  const definition = definitionFor(reading.path as PointPath, type, { valueType: inferValueType(reading.value), unit: reading.unit });
  // A wrong first value must not create the point.
  if (!fitsValueType(reading.value, definition.valueType)) return refusal('wrong_type', `expected a ${definition.valueType}, got ${describe(reading.value)}`);
  if (device.pointCount >= limits.pointsPerDevice)
    return refusal('limit_reached', `the device has ${limits.pointsPerDevice} points already (limits.points-per-device)`);
  if (directory.pointsTaken(project) >= limits.pointsPerProject)
    return refusal('limit_reached', `the project has ${limits.pointsPerProject} points already (limits.points-per-project)`);
  const point: Point = { ...definition, device: id, series: context.allocateSeries(), createdAt: now };
  const entry = directory.putPoint(point);
  entry.stored = false;
  return entry;
}

function checkSize(value: SampleValue, bytesMax: number): Refusal | null {
  if (typeof value === 'number' || typeof value === 'boolean') return null;
  if (isDeeperThan(value, LEVELS_MAX)) return refusal('value_too_large', `the value is nested more than ${LEVELS_MAX} levels deep`);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no count.
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return null;
  return refusal('value_too_large', `the value has more than ${bytesMax} bytes (limits.value-bytes-max)`);
}

/** What writes JSON calls itself for each level: a value that just passes here could not be shown by whoever stands deeper in the stack. */
const LEVELS_MAX = 64;

function isDeeperThan(value: SampleValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const part of Object.values(value)) if (isDeeperThan(part as SampleValue, levels - 1)) return true;
  return false;
}

function describe(value: SampleValue): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

function shown(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

function refusal(code: string, reason: string): Refusal {
  return { code, reason };
}
