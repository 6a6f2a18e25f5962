import { pause } from '../cli/pause.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { ReplayTimes } from './choices.ts';
import type { RecordedRow } from './recording.ts';

/** Values of one device at one time (ms since 1970). */
export interface TimedReport {
  readonly time: number;
  readonly values: RecordedRow['values'];
}

/** Times of the recording, ms since 1970. */
export interface RecordingSpan {
  readonly first: number;
  readonly latest: number;
  readonly rows: number;
}

export interface ReplayOptions {
  /** Opens the recording from its beginning; called once for each pass. */
  readonly open: () => AsyncIterable<RecordedRow>;
  readonly span: RecordingSpan;
  /** Recorded seconds in one second. */
  readonly speed: number;
  readonly times: ReplayTimes;
  /** ms; null: to the end of the recording (or, with `loop`, to the signal) */
  readonly durationMs: number | null;
  readonly loop: boolean;
  /** The moment of the beginning, ms since 1970: what shifted times are computed from. */
  readonly startedAt: number;
  /** Reports of one message; it may wait, and then the replay waits with it: nothing is dropped. */
  readonly emit: (reports: readonly TimedReport[]) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Rows that fall into so many ms of the replay travel in one message, up to so many values. */
const BATCH_MS = 50;
const BATCH_VALUES = 200;

export function checkReplay({ loop, times, durationMs, speed }: Pick<ReplayOptions, 'loop' | 'times' | 'durationMs' | 'speed'>): void {
  if (!Number.isFinite(speed) || speed <= 0) throw new MusterError('usage', 'The speed must be larger than zero.', { hint: 'Write it as 60x.' });
  if (!loop) return;
  if (times === 'original') {
    throw new MusterError('usage', 'With --loop and original times each pass would overwrite the one before.', { hint: 'Use --times now or --times shifted.' });
  }
  if (times === 'shifted' && durationMs === null) {
    throw new MusterError('usage', 'Shifted times end with the replay, and a loop without --duration has no end.', {
      hint: 'Give a --duration, or use --times now.',
    });
  }
}

type Clock = Pick<ReplayOptions, 'span' | 'speed' | 'times' | 'durationMs' | 'loop'>;

/** How long the replay takes, ms; null: until the signal. */
export function replayMs({ span, speed, durationMs, loop }: Clock): number | null {
  if (loop) return durationMs;
  const whole = (span.latest - span.first) / speed;
  return durationMs === null ? whole : Math.min(whole, durationMs);
}

/** Added to the times of the recording so that what is sent at the end of the replay carries the time of that moment, ms. */
export function shiftOf(clock: Clock, startedAt: number): number {
  const playedMs = replayMs(clock) ?? 0;
  return Math.round(startedAt + playedMs - (clock.span.first + playedMs * clock.speed));
}

/** Maps a time of the recording to the time that is sent. `passOffset`: recorded ms of the passes before. */
function createClockFace(clock: Clock, startedAt: number): (time: number, passOffset: number, dueMs: number) => number {
  const shift = shiftOf(clock, startedAt);
  let before = Number.NEGATIVE_INFINITY;
  return (time, passOffset, dueMs) => {
    if (clock.times === 'original') return time;
    if (clock.times === 'shifted') return time + Math.round(passOffset) + shift;
    // Two rows may be due in the same ms; each keeps a time of its own.
    before = Math.max(before + 1, Math.round(startedAt + dueMs));
    return before;
  };
}

export interface ReplayResult {
  readonly rows: number;
  readonly passes: number;
  /** Whether the recording (the last pass) was played to its end. */
  readonly complete: boolean;
}

/**
 * Sends the rows in the order of the file. A step back in time is sent at once, in its place: it never makes the
 * replay wait, nor run backwards.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { open, span, speed, durationMs, loop, emit, signal } = options;
  checkReplay(options);
  const start = performance.now();
  const timeOf = createClockFace(options, options.startedAt);
  const passMs = span.latest - span.first + (span.rows > 1 ? (span.latest - span.first) / (span.rows - 1) : 1000);
  let rows = 0;
  let passes = 0;
  let batch: TimedReport[] = [];
  let batchValues = 0;
  let batchStart = 0;
  let due = 0;

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    const reports = batch;
    batch = [];
    batchValues = 0;
    await pause(due - (performance.now() - start), signal);
    if (!signal.aborted) {
      rows += reports.length;
      await emit(reports);
    }
  }

  for (;;) {
    const passOffset = passes * passMs;
    for await (const row of open()) {
      const rowDue = Math.max(due, (row.time - span.first + passOffset) / speed);
      if (durationMs !== null && rowDue > durationMs) {
        await flush();
        await pause(durationMs - (performance.now() - start), signal);
        return { rows, passes, complete: false };
      }
      if (rowDue > batchStart + BATCH_MS || batchValues >= BATCH_VALUES) {
        await flush();
        batchStart = rowDue;
      }
      due = rowDue;
      const values = Object.keys(row.values).length;
      if (values > 0) {
        batch.push({ time: timeOf(row.time, passOffset, rowDue), values: row.values });
        batchValues += values;
      }
      if (signal.aborted) return { rows, passes, complete: false };
    }
    passes += 1;
    if (!loop) break;
  }
  await flush();
  return { rows, passes, complete: !signal.aborted };
}
