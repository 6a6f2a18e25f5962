import { setImmediate as nextTurn } from 'node:timers/promises';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { type Batch, NONE, openBatch, type ResolvedSample } from './batch.ts';
import type { IngestContext } from './context.ts';
import type { GroupCommit } from './group-commit.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { AnswerReceiver, Ingest, Outcome } from './ingest.ts';
import type { IngestMeter } from './ingest-meter.ts';
import type { RateLimiter, RateLimitKind } from './rate-limiter.ts';
import type { RejectJournal } from './reject-journal.ts';
import { type Begun, NOT_REMEMBERED, type Repeats } from './repeats.ts';
import { newStepCounts, type SpineStep, type StepCounts } from './step-counts.ts';
import { decode } from './steps/decode.ts';
import { evaluate } from './steps/evaluate.ts';
import { resolve } from './steps/resolve.ts';
import { UnderWay } from './under-way.ts';

/** The spine, in order. A step is (batch, context) => batch, pure but for the points that it makes known, and for what the alarm rules remember. */
const STEPS: readonly { readonly name: SpineStep; readonly run: (batch: Batch, context: IngestContext) => Batch }[] = [
  { name: 'decode', run: decode },
  { name: 'resolve', run: resolve },
  { name: 'evaluate', run: evaluate },
];

const NO_STATEMENTS: readonly Statement[] = [];

export interface PipelinePorts {
  readonly context: IngestContext;
  readonly system: Pick<SystemStore, 'points'>;
  readonly commit: GroupCommit;
  readonly rejects: RejectJournal;
  readonly meter: IngestMeter;
  /** Payloads of messages on their way to the disk; a message takes several times as much until it is there. Absent: 128 MiB. */
  readonly bytesWaitingMax?: number;
  /** Absent: no rate is limited. */
  readonly limiter?: RateLimiter;
  /** Absent: every message is a new one. */
  readonly repeats?: Repeats;
  /** Why nothing may be written at the moment; null: write. */
  readonly closed?: () => MusterError | null;
  readonly pressure?: () => Promise<void> | null;
  /** Longest time that one sender is held back for its rate; absent: it is refused at once. */
  readonly heldBackMsMax?: number;
}

export interface Pipeline extends Ingest {
  /** From now on messages are refused with `stopping`; resolves when those under way are done. */
  drain(): Promise<void>;
  /** Resolves when no message of the device is under way. Those that came before it have their answer then. */
  settled(device: DeviceEntry): Promise<void>;
  /** Payloads on their way to the disk. */
  readonly bytesWaiting: number;
  readonly steps: StepCounts;
}

const BYTES_WAITING_MAX = 128 * 1024 * 1024;

/** Of a device that sends too much, among its rejected messages: a storm of messages must not become one of rejects. */
const LIMITED_NOTED_EVERY_MS = 10_000;

export function createPipeline(ports: PipelinePorts): Pipeline {
  const { context, system, commit, rejects, meter, limiter, repeats, bytesWaitingMax = BYTES_WAITING_MAX } = ports;
  let draining = false;
  let underWay = 0;
  let bytesWaiting = 0;
  let drained: (() => void) | null = null;
  const settling = new Map<DeviceEntry, (() => void)[]>();
  const steps = newStepCounts();
  const ends = { committed, notCommitted };

  return {
    steps,
    // The types of the contract: without a receiver there is a promise.
    accept: ((message: InboundMessage, receiver: AnswerReceiver | null = null) => {
      steps.admit.in += 1;
      try {
        const refusal = refusalOf(message);
        if (refusal !== null) return refused(message, refusal);
        const device = deviceOf(message);
        const limited = limiter?.admit(device, message) ?? null;
        if (limited !== null) return held(device, message, limited.kind, limited.error);
        if (repeats !== undefined && message.origin?.mayBeRepeat) return takeOnce(repeats, message, device);
        return take(message, device, receiver);
      } catch (error: unknown) {
        // A bug in a step fails the message, not the adapter.
        return refused(message, error);
      }
    }) as Ingest['accept'],
    pressure: ports.pressure ?? (() => null),
    heldBackMs(device, principal, now) {
      const delayMs = limiter?.delayMs(device, principal, now) ?? 0;
      if (delayMs === 0 || delayMs > (ports.heldBackMsMax ?? 0)) return 0;
      if (device.traffic !== null) device.traffic.heldBack += 1;
      meter.heldBack();
      return delayMs;
    },
    get bytesWaiting() {
      return bytesWaiting;
    },
    settled(device) {
      if (device.underWay === 0) return Promise.resolve();
      return new Promise((done) => settling.set(device, [...(settling.get(device) ?? []), done]));
    },
    drain() {
      draining = true;
      if (underWay === 0) return Promise.resolve();
      return new Promise((done) => {
        drained = done;
      });
    },
  };

  /** What holds for every message, whatever it says. */
  function refusalOf({ payload }: InboundMessage): MusterError | null {
    if (draining) return new MusterError('stopping', 'the hub is stopping');
    // One alone is always taken: its size has a limit of its own.
    if (underWay > 0 && bytesWaiting + payload.length > bytesWaitingMax)
      return new MusterError('overloaded', `${bytesWaitingMax} bytes of messages wait for the disk (limits.bytes-waiting)`);
    return ports.closed?.() ?? null;
  }

  /** Throws not_found. By now another device may have the name, even one of another project. */
  function deviceOf({ device: { id, project } }: InboundMessage): DeviceEntry {
    const entry = context.directory.device(id);
    if (!entry || entry.device.project !== project) throw new MusterError('not_found', `the device ${id} is gone`);
    if (entry.closing) throw new MusterError('not_found', `the device ${id} is being deleted`);
    return entry;
  }

  /** A message that may have been here before: one that is on its way at this moment included. */
  function takeOnce(known: Repeats, message: InboundMessage, device: DeviceEntry): Promise<Outcome> {
    const verdict = known.recognize(message);
    if (verdict === 'new') return takeAlone(message, device, false);
    if (verdict instanceof Promise) {
      enter(message, device);
      return verdict.then(() => {
        left(message, device);
        return orRefused(message, () => takeOnce(known, message, deviceOf(message)));
      });
    }
    if (verdict === 'key-reused') return refused(message, new MusterError('idempotency_key_reused', 'the Idempotency-Key was used with another body before'));
    return answerAgain(message, device, { accepted: verdict.accepted, rejected: NONE, rejectedCount: verdict.rejected, repeated: true });
  }

  /** What is to be committed with the message is committed with its repeat as well. */
  async function answerAgain(message: InboundMessage, device: DeviceEntry, outcome: Outcome): Promise<Outcome> {
    if (message.alongside !== undefined) {
      enter(message, device);
      try {
        await commit.add(NONE, NONE, message.alongside);
      } catch (error: unknown) {
        return refused(message, error);
      } finally {
        left(message, device);
      }
    }
    meter.repeated(message);
    return outcome;
  }

  function throughSteps(message: InboundMessage, device: DeviceEntry, isSecondTry: boolean): Batch {
    if (!isSecondTry) steps.admit.out += 1;
    let batch = openBatch(message, device);
    for (const { name, run } of STEPS) {
      if (batch.refused) break;
      // The rules have seen it, and keep what they found.
      if (isSecondTry && name === 'evaluate') break;
      steps[name].in += 1;
      batch = run(batch, context);
      if (!batch.refused) steps[name].out += 1;
    }
    return batch;
  }

  function takeAlone(message: InboundMessage, device: DeviceEntry, isSecondTry: boolean): Promise<Outcome> {
    return commitAlone(throughSteps(message, device, isSecondTry), isSecondTry);
  }

  /** The hot path: most messages carry samples of known points, and whoever brings them listens. They need no promise. */
  function take(message: InboundMessage, device: DeviceEntry, receiver: AnswerReceiver | null): Promise<Outcome> | null {
    const batch = throughSteps(message, device, false);
    const { samples, rejectedCount } = batch;
    if (receiver === null || samples.length === 0 || rejectedCount > 0 || batch.changes !== null || !areStored(samples)) return commitAlone(batch, false);
    limiter?.charge(device, message, samples.length);
    const begun = repeats === undefined || message.origin === undefined ? NOT_REMEMBERED : repeats.begin(batch);
    const outcome: Outcome = { accepted: samples.length, rejected: NONE, rejectedCount: 0 };
    enter(message, device);
    steps.commit.in += 1;
    // The answer holds on to no sample: they stand in the group's columns, and a thousand messages wait at once.
    if (commit.join(new UnderWay(ends, message, device, outcome, begun, receiver), samples, message.alongside ?? NONE, begun.marks)) return null;
    repeats?.forget(begun);
    left(message, device);
    return refused(message, new MusterError('overloaded', `${commit.depth} messages wait for the disk`));
  }

  function commitAlone(batch: Batch, isSecondTry: boolean): Promise<Outcome> {
    try {
      return commitWhole(batch, isSecondTry);
    } catch (error: unknown) {
      batch.changes?.failed();
      throw error;
    }
  }

  function commitWhole(batch: Batch, isSecondTry: boolean): Promise<Outcome> {
    const { message, device, samples, rejections, rejectedCount, changes } = batch;
    if (batch.postponed !== null) return held(device, message, 'hub-times', batch.postponed);
    if (!isSecondTry) limiter?.charge(device, message, samples.length + rejectedCount);
    const outcome: Outcome = { accepted: samples.length, rejected: rejections, rejectedCount };
    const fresh = newPoints(samples);
    const rejected = rejectedCount === 0 ? NO_STATEMENTS : rejects.statements(batch);
    const statements = rejected.length === 0 && changes === null ? fresh : [...fresh, ...rejected, ...(changes?.statements ?? NO_STATEMENTS)];
    const begun = repeats === undefined || message.origin === undefined ? NOT_REMEMBERED : repeats.begin(batch);
    if (samples.length === 0 && statements.length === 0 && message.alongside === undefined) {
      repeats?.settle(begun);
      return Promise.resolve(answered(message, device, outcome));
    }
    enter(message, device);
    steps.commit.in += 1;
    return commit.add(samples, statements, message.alongside, begun.marks).then(
      () => {
        changes?.committed();
        return committed(message, device, begun, outcome);
      },
      (error: unknown) => {
        changes?.failed();
        return notCommitted(message, device, begun, error, isSecondTry);
      },
    );
  }

  function committed(message: InboundMessage, device: DeviceEntry, begun: Begun, outcome: Outcome): Outcome {
    left(message, device);
    steps.commit.out += 1;
    if (outcome.accepted > 0) {
      steps.publish.in += 1;
      steps.publish.out += 1;
    }
    repeats?.settle(begun);
    return answered(message, device, outcome);
  }

  function notCommitted(message: InboundMessage, device: DeviceEntry, begun: Begun, error: unknown, isSecondTry: boolean): Promise<Outcome> {
    if (isSecondTry || !(error instanceof MusterError) || error.code !== 'conflict') {
      repeats?.forget(begun);
      left(message, device);
      return refused(message, error);
    }
    // Its device was deleted, or its type gave it the same point, while the message was on its way. By the next turn the directory knows.
    return nextTurn()
      .then(() => {
        // Not before: a repeat that waits for it would be taken beside it.
        repeats?.forget(begun);
        return orRefused(message, () => takeAlone(message, deviceOf(message), true));
      })
      .finally(() => left(message, device));
  }

  function orRefused(message: InboundMessage, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return work();
    } catch (error: unknown) {
      return refused(message, error);
    }
  }

  function refused(message: InboundMessage, error: unknown): Promise<never> {
    meter.failed(message, error instanceof MusterError ? error.code : 'internal');
    return Promise.reject(error);
  }

  /** Sent too fast: not taken, and kept for the operator now and then. */
  function held(device: DeviceEntry, message: InboundMessage, kind: RateLimitKind | 'hub-times', error: MusterError): Promise<never> {
    meter.limited(message, kind);
    const { traffic } = device;
    if (traffic === null) return Promise.reject(error);
    const now = message.receivedAt;
    if (kind === 'hub-times') {
      traffic.limited += 1;
      traffic.limitedAt = now;
    }
    if (now - traffic.notedAt >= LIMITED_NOTED_EVERY_MS) {
      const others = traffic.limited - traffic.limitedNoted - 1;
      const reason = others > 0 ? `${error.message}; ${others} messages more were refused since the last note of it` : error.message;
      traffic.notedAt = now;
      traffic.limitedNoted = traffic.limited;
      const { protocol, address, topic, payload, receivedAt } = message;
      const statements = rejects.refused(
        device,
        { protocol, address, topic, payload, receivedAt, payloadBytes: payload.length },
        { code: error.code, step: 'admit', reason, point: null },
      );
      // Nobody waits for it, and the count is right without it.
      if (statements.length > 0) commit.add(NONE, statements).catch(() => undefined);
    }
    return Promise.reject(error);
  }

  function enter({ payload }: InboundMessage, device: DeviceEntry): void {
    underWay += 1;
    bytesWaiting += payload.length;
    device.underWay += 1;
  }

  function left({ payload }: InboundMessage, device: DeviceEntry): void {
    underWay -= 1;
    bytesWaiting -= payload.length;
    device.underWay -= 1;
    if (underWay === 0) drained?.();
    if (settling.size === 0 || device.underWay > 0) return;
    for (const done of settling.get(device) ?? []) done();
    settling.delete(device);
  }

  function answered(message: InboundMessage, device: DeviceEntry, outcome: Outcome): Outcome {
    device.accepted += outcome.accepted;
    meter.answered(message, outcome);
    return outcome;
  }

  /**
   * Rows of points that are not yet on disk. Every message that meets such a point brings its row along (the database ignores the
   * second), so that no order of commits and failures leaves a sample without its point.
   */
  function newPoints(samples: readonly ResolvedSample[]): readonly Statement[] {
    if (areStored(samples)) return NO_STATEMENTS;
    const fresh = new Set<ResolvedSample['entry']>();
    for (const { entry } of samples) if (!entry.stored) fresh.add(entry);
    return [...fresh].map((entry) => system.points.ensure(entry.point));
  }
}

function areStored(samples: readonly ResolvedSample[]): boolean {
  for (const { entry } of samples) if (!entry.stored) return false;
  return true;
}
