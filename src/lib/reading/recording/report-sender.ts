import type { ReportResult } from '../../api/schema/samples.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { type FailedValue, type RecordedValue, shownValue } from './recorded-value.ts';
import { payloadBytesOf } from './report-payload.ts';

/** Sends values of one device, in order; resolves when the hub has them on disk. Refused values are in the answer, not thrown. */
export type SendReport = (device: string, values: readonly RecordedValue[], signal: AbortSignal) => Promise<ReportResult>;

export interface ReportSenderOptions {
  readonly send: SendReport;
  readonly signal: AbortSignal;
  /** Values in one report. */
  readonly batch: number;
  /** Called for each value that the hub refused. */
  onFailed(failed: FailedValue): void;
  onAccepted(values: number): void;
}

/** Takes values in the order of a file and reports them: one report at a time for each device, several devices at once. */
export interface ReportSender {
  /** Resolves at once while there is room, later when the hub is slower than the file. Rejects when sending has failed. */
  add(value: RecordedValue): Promise<void>;
  /** Sends what is left and waits for all answers. */
  finish(): Promise<void>;
  /** Everything up to this line has its answer; null when nothing is under way. */
  oldestWaitingLine(): number | null;
}

const REPORTS_IN_FLIGHT = 4;
/** Values that wait over all devices: bounds the memory of a file with very many devices. */
const VALUES_WAITING_MAX = 50_000;
/** Half of what a hub takes by default. */
const REPORT_BYTES_MAX = 512 * 1024;

interface Lane {
  readonly device: string;
  waiting: RecordedValue[];
  bytes: number;
  /** The report under way. */
  sending: readonly RecordedValue[] | null;
}

export function createReportSender(options: ReportSenderOptions): ReportSender {
  const { send, signal, batch, onFailed, onAccepted } = options;
  const lanes = new Map<string, Lane>();
  const running = new Set<Promise<void>>();
  let waitingCount = 0;
  let failure: { readonly error: unknown } | null = null;

  function start(lane: Lane): void {
    const values = lane.waiting;
    lane.waiting = [];
    lane.bytes = 0;
    waitingCount -= values.length;
    lane.sending = values;
    const run = report(lane.device, values)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .then(() => {
        // What failed stays under way: the lines it came from have no answer.
        if (failure === null) lane.sending = null;
        if (lane.waiting.length === 0 && lane.sending === null) lanes.delete(lane.device);
        running.delete(run);
      });
    running.add(run);
  }

  async function report(device: string, values: readonly RecordedValue[]): Promise<void> {
    const result = await send(device, values, signal);
    onAccepted(result.accepted);
    if (result.rejectedCount > 0) await locate(device, values, result);
  }

  /**
   * Finds which values an answer speaks of. It names points and, from hubs that say so, times; what stays unclear is asked again in
   * halves, which changes nothing in the hub: a value at the same time replaces itself.
   */
  async function locate(device: string, values: readonly RecordedValue[], result: ReportResult): Promise<void> {
    const found = matchRejections(values, result);
    for (const [value, refusal] of found.failed) onFailed(failedValue(value, refusal));
    if (found.unclear.length === 0) return;
    const half = Math.ceil(found.unclear.length / 2);
    for (const part of [found.unclear.slice(0, half), found.unclear.slice(half)]) {
      const answer = await send(device, part, signal);
      if (answer.rejectedCount > 0) await locate(device, part, answer);
    }
  }

  async function room(): Promise<void> {
    while (failure === null && running.size >= REPORTS_IN_FLIGHT) await Promise.race(running);
    if (failure !== null) throw failure.error;
  }

  async function flush(lane: Lane): Promise<void> {
    while (failure === null && lane.sending !== null) await Promise.race(running);
    await room();
    start(lane);
  }

  return {
    async add(value) {
      if (failure !== null) throw failure.error;
      const bytes = payloadBytesOf(value);
      let lane = lanes.get(value.device);
      if (lane !== undefined && lane.waiting.length > 0 && lane.bytes + bytes > REPORT_BYTES_MAX) {
        await flush(lane);
        lane = lanes.get(value.device);
      }
      if (lane === undefined) {
        lane = { device: value.device, waiting: [], bytes: 0, sending: null };
        lanes.set(value.device, lane);
      }
      lane.waiting.push(value);
      lane.bytes += bytes;
      waitingCount += 1;
      if (lane.waiting.length >= batch) await flush(lane);
      else if (waitingCount >= VALUES_WAITING_MAX) await flush(fullest(lanes));
    },
    async finish() {
      for (const lane of [...lanes.values()]) if (lane.waiting.length > 0) await flush(lane);
      while (failure === null && running.size > 0) await Promise.race(running);
      if (failure !== null) throw failure.error;
    },
    oldestWaitingLine() {
      let line: number | null = null;
      for (const lane of lanes.values()) {
        const first = (lane.sending ?? lane.waiting)[0]?.line;
        if (first !== undefined) line = Math.min(line ?? first, first);
      }
      return line;
    },
  };
}

function fullest(lanes: ReadonlyMap<string, Lane>): Lane {
  let result: Lane | undefined;
  for (const lane of lanes.values()) if (result === undefined || lane.waiting.length > result.waiting.length) result = lane;
  if (result === undefined) throw new Error('no values are waiting');
  return result;
}

type Refusal = { readonly code: string; readonly reason: string };
interface Matched {
  readonly failed: readonly (readonly [RecordedValue, Refusal])[];
  readonly unclear: readonly RecordedValue[];
}

/** Which of the values an answer refuses, as far as it can be told from the answer. */
export function matchRejections(values: readonly RecordedValue[], result: ReportResult): Matched {
  const first = result.rejected[0] ?? { code: 'rejected', reason: 'the hub gave no reason', point: null };
  const byPoint = new Map<string, { refusal: Refusal; count: number }>();
  for (const rejection of result.rejected) {
    const entry = byPoint.get(rejection.point ?? '') ?? { refusal: rejection, count: 0 };
    entry.count += 1;
    byPoint.set(rejection.point ?? '', entry);
  }
  if (result.rejectedCount >= values.length || result.rejected.some(({ point }) => point === null)) {
    return { failed: values.map((value) => [value, byPoint.get(value.point)?.refusal ?? first]), unclear: [] };
  }
  // A list that was cut says nothing about the points it does not name.
  const complete = result.rejected.length === result.rejectedCount;
  const failed: (readonly [RecordedValue, Refusal])[] = [];
  const unclear: RecordedValue[] = [];
  const sizes = new Map<string, number>();
  for (const { point } of values) sizes.set(point, (sizes.get(point) ?? 0) + 1);
  for (const value of values) {
    const entry = byPoint.get(value.point);
    if (entry !== undefined && entry.count >= (sizes.get(value.point) ?? 0)) failed.push([value, entry.refusal]);
    else if (entry !== undefined || !complete) unclear.push(value);
  }
  return { failed, unclear };
}

function failedValue(value: RecordedValue, refusal: Refusal): FailedValue {
  const { line, device, time, point } = value;
  return { line, device, time, point, value: shownValue(value.value), code: refusal.code, reason: refusal.reason };
}

/** An answer of 422 says the same as one of 202, for a report of which nothing was taken. Throws every other error again. */
export function resultOfRejection(error: unknown, values: readonly RecordedValue[]): ReportResult {
  if (!(error instanceof MusterError)) throw error;
  const { status, rejected, rejectedCount } = (error.details ?? {}) as { readonly status?: unknown } & Partial<ReportResult>;
  if (error.code !== 'rejected' && status !== 422) throw error;
  const listed = Array.isArray(rejected) ? rejected : [{ code: 'rejected', reason: 'the hub took none of the values of the report', point: null }];
  return { accepted: 0, rejected: listed, rejectedCount: typeof rejectedCount === 'number' ? rejectedCount : values.length, time: 0 };
}

/** True for an error that says what became of the values. */
export function isRejection(error: unknown): boolean {
  return error instanceof MusterError && (error.code === 'rejected' || error.details?.status === 422);
}
