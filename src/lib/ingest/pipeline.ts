import { setImmediate as nextTurn } from 'node:timers/promises';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { type Batch, NONE, openBatch, type ResolvedSample } from './batch.ts';
import type { IngestContext } from './context.ts';
import type { GroupCommit } from './group-commit.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { Ingest, Outcome } from './ingest.ts';
import type { IngestMeter } from './ingest-meter.ts';
import type { RejectJournal } from './reject-journal.ts';
import { decode } from './steps/decode.ts';
import { resolve } from './steps/resolve.ts';

/** The spine, in order. A step is (batch, context) => batch, pure but for the points that it makes known. */
const STEPS: readonly ((batch: Batch, context: IngestContext) => Batch)[] = [decode, resolve];

const NO_STATEMENTS: readonly Statement[] = [];

export interface PipelinePorts {
  readonly context: IngestContext;
  readonly system: Pick<SystemStore, 'points'>;
  readonly commit: GroupCommit;
  readonly rejects: RejectJournal;
  readonly meter: IngestMeter;
  /** What is committed goes on: newest values, stream. Never awaited, never throws. */
  readonly publish: (batch: Batch, journalId: number | null) => void;
}

export interface Pipeline extends Ingest {
  /** From now on messages are refused with `stopping`; resolves when those under way are done. */
  drain(): Promise<void>;
}

/** Payloads of messages on their way to the disk; a message takes several times as much until it is there. */
const BYTES_UNDER_WAY_MAX = 128 * 1024 * 1024;

export function createPipeline(ports: PipelinePorts): Pipeline {
  const { context, system, commit, rejects, meter, publish } = ports;
  let draining = false;
  let underWay = 0;
  let bytesUnderWay = 0;
  let drained: (() => void) | null = null;

  return {
    accept(message) {
      if (draining) return refused(message, new MusterError('stopping', 'the hub is stopping'));
      // One alone is always taken: its size has a limit of its own.
      if (underWay > 0 && bytesUnderWay + message.payload.length > BYTES_UNDER_WAY_MAX)
        return refused(message, new MusterError('overloaded', `${BYTES_UNDER_WAY_MAX} bytes of messages wait for the disk`));
      try {
        return take(message, false);
      } catch (error: unknown) {
        // A bug in a step fails the message, not the adapter.
        return refused(message, error);
      }
    },
    pressure: () => null,
    drain() {
      draining = true;
      if (underWay === 0) return Promise.resolve();
      return new Promise((done) => {
        drained = done;
      });
    },
  };

  /** The hot path: one promise per message, none for what does not wait. */
  function take(message: InboundMessage, isSecondTry: boolean): Promise<Outcome> {
    const device = context.directory.device(message.device.id);
    if (!device) return refused(message, new MusterError('not_found', `the device ${message.device.id} is gone`));
    const batch = STEPS.reduce((before, step) => (before.refused ? before : step(before, context)), openBatch(message, device));
    const fresh = newPoints(batch.samples);
    const statements = batch.rejectedCount === 0 ? fresh : [...fresh, ...rejects.statements(batch)];
    const changes = message.alongside ?? NONE;
    if (batch.samples.length === 0 && statements.length === 0 && changes.length === 0) return Promise.resolve(publishAndCount(batch, null));
    underWay += 1;
    bytesUnderWay += message.payload.length;
    return commit.add(batch.samples, statements, changes).then(
      (journalId) => {
        left(message);
        return publishAndCount(batch, journalId);
      },
      (error: unknown) => {
        if (isSecondTry || !(error instanceof MusterError) || error.code !== 'conflict') {
          left(message);
          return refused(message, error);
        }
        // Its device was deleted, or its type gave it the same point, while the message was on its way. By the next turn the directory knows.
        return nextTurn()
          .then(() => take(message, true))
          .finally(() => left(message));
      },
    );
  }

  function refused(message: InboundMessage, error: unknown): Promise<never> {
    meter.failed(message, error instanceof MusterError ? error.code : 'internal');
    return Promise.reject(error);
  }

  function left({ payload }: InboundMessage): void {
    underWay -= 1;
    bytesUnderWay -= payload.length;
    if (underWay === 0) drained?.();
  }

  function publishAndCount(batch: Batch, journalId: number | null): Outcome {
    for (const { entry } of batch.samples) entry.stored = true;
    publish(batch, journalId);
    const outcome = { accepted: batch.samples.length, rejected: batch.rejections, rejectedCount: batch.rejectedCount };
    meter.answered(batch.message, outcome);
    return outcome;
  }

  /**
   * Rows of points that are not yet on disk. Every message that meets such a point brings its row along (the database ignores the
   * second), so that no order of commits and failures leaves a sample without its point.
   */
  function newPoints(samples: readonly ResolvedSample[]): readonly Statement[] {
    if (samples.every(({ entry }) => entry.stored)) return NO_STATEMENTS;
    const fresh = new Set<ResolvedSample['entry']>();
    for (const { entry } of samples) if (!entry.stored) fresh.add(entry);
    return [...fresh].map((entry) => system.points.ensure(entry.point));
  }
}
