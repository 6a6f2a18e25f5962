import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { DeviceTime } from '../ingest/device-time.ts';
import type { ClockWatch } from './clock-watch.ts';

/** What a device may ask with. Times in ms since 1970. */
export interface TimeQuestion {
  /** Given back as it is, so that the device knows its question again. */
  readonly id?: string | number;
  /** The device's own time when it sent this. */
  readonly t0?: number;
  /** What it found in an exchange before: what has to be added to its clock to have the hub's. */
  readonly offset?: number;
}

/** As in NTP (RFC 5905 section 8): with its own time t3 of the arrival, the device has the offset ((t1 - t0) + (t2 - t3)) / 2 and the way's (t3 - t0) - (t2 - t1). */
export interface TimeAnswer {
  readonly id?: string | number;
  readonly t0?: number;
  /** When the question came. */
  readonly t1: number;
  /** When this was sent. */
  readonly t2: number;
  /** The same as t2, for those who only want to know what time it is. */
  readonly time: number;
}

const QUESTION_BYTES_MAX = 512;
const ID_CHARACTERS_MAX = 64;

/** The hub's time for devices, and what their questions tell of theirs. */
export interface TimeService extends DeviceTime {
  /** Throws MusterError invalid. */
  ask(entry: DeviceEntry | null, question: TimeQuestion, receivedAt: number): TimeAnswer;
}

export function createTimeService({ clocks, clock }: { readonly clocks: Pick<ClockWatch, 'exchanged'>; readonly clock: () => number }): TimeService {
  return {
    answer: (entry, question, receivedAt) => Buffer.from(JSON.stringify(ask(entry, readQuestion(question), receivedAt))),
    ask,
  };

  function ask(entry: DeviceEntry | null, { id, t0, offset }: TimeQuestion, t1: number): TimeAnswer {
    // The way here is in it, where the device has not found out itself: tens of ms most often.
    const found = offset ?? (t0 === undefined ? null : t1 - t0);
    if (found !== null && !Number.isSafeInteger(Math.round(found))) throw new MusterError('invalid', 'the time is none');
    if (entry !== null && found !== null) clocks.exchanged(entry, found, t1);
    const t2 = clock();
    return { ...(id !== undefined && { id }), ...(t0 !== undefined && { t0 }), t1, t2, time: t2 };
  }
}

function readQuestion(payload: Uint8Array): TimeQuestion {
  if (payload.length === 0 || payload.length > QUESTION_BYTES_MAX) return {};
  try {
    const { id, t0, offset } = JSON.parse(new TextDecoder().decode(payload)) as Readonly<Record<string, unknown>>;
    const isId = typeof id === 'number' || (typeof id === 'string' && id.length <= ID_CHARACTERS_MAX);
    return { ...(isId && { id }), ...(isTime(t0) && { t0 }), ...(isTime(offset) && { offset }) };
  } catch {
    return {};
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER / 2;
}
