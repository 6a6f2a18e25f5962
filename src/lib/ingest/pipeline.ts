import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { type Batch, openBatch, type ResolvedSample } from './batch.ts';
import type { IngestContext } from './context.ts';
import type { GroupCommit } from './group-commit.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { Ingest, Outcome } from './ingest.ts';
import type { RejectJournal } from './reject-journal.ts';
import { decode } from './steps/decode.ts';
import { resolve } from './steps/resolve.ts';

/** The spine, in order. A step is (batch, context) => batch, pure but for the points that it makes known. */
const STEPS: readonly ((batch: Batch, context: IngestContext) => Batch)[] = [decode, resolve];

export interface PipelinePorts {
  readonly context: IngestContext;
  readonly system: Pick<SystemStore, 'points'>;
  readonly commit: GroupCommit;
  readonly rejects: RejectJournal;
  /** What is committed goes on: newest values, stream. Never awaited, never throws. */
  readonly publish: (batch: Batch, journalId: number | null) => void;
}

export interface Pipeline extends Ingest {
  /** From now on messages are refused with `stopping`; resolves when those under way are done. */
  drain(): Promise<void>;
}

export function createPipeline(ports: PipelinePorts): Pipeline {
  const { context, system, commit, rejects, publish } = ports;
  let draining = false;
  let underWay = 0;
  let drained: (() => void) | null = null;

  return {
    async accept(message) {
      if (draining) throw new MusterError('stopping', 'the hub is stopping');
      underWay += 1;
      try {
        return await run(message);
      } finally {
        underWay -= 1;
        if (underWay === 0) drained?.();
      }
    },
    drain() {
      draining = true;
      return underWay === 0 ? Promise.resolve() : new Promise((done) => (drained = done));
    },
  };

  async function run(message: InboundMessage): Promise<Outcome> {
    const device = context.directory.device(message.device.id);
    if (!device) throw new MusterError('not_found', `the device ${message.device.id} is gone`);
    let batch = openBatch(message, device);
    for (const step of STEPS) {
      batch = step(batch, context);
      if (batch.refused) break;
    }
    const statements = [...newPoints(batch.samples), ...rejects.statements(batch)];
    const nothingToStore = batch.samples.length === 0 && statements.length === 0;
    const journalId = nothingToStore ? null : await commit.add(batch.samples, statements);
    for (const { entry } of batch.samples) entry.stored = true;
    publish(batch, journalId);
    return { accepted: batch.samples.length, rejected: batch.rejections, rejectedCount: batch.rejectedCount };
  }

  /**
   * Rows of points that are not yet on disk. Every message that meets such a point brings its row along (the database ignores the
   * second), so that no order of commits and failures leaves a sample without its point.
   */
  function newPoints(samples: readonly ResolvedSample[]): Statement[] {
    const fresh = new Set<ResolvedSample['entry']>();
    for (const { entry } of samples) if (!entry.stored) fresh.add(entry);
    return [...fresh].map((entry) => system.points.ensure(entry.point));
  }
}
