import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { BrokerChange } from '../storage/broker-state.ts';
import { CommitError, type CommitLog, type CommitUnit, type MessageMark, type Statement } from '../storage/commit-log.ts';
import { NONE, type ResolvedSample } from './batch.ts';
import { createGathering } from './gathering.ts';
import { type CommittedSamples, SampleBuilder } from './sample-builder.ts';

/** Takes samples, and what is to be on disk together with them, and says when all of it is there. */
export interface GroupCommit {
  /**
   * Resolves once all of it is durable, with a journal entry that holds all samples given so far (null: there were none).
   * Rejects with MusterError overloaded, storage_failed, or conflict when the fleet has changed underneath: then nothing of it may be acknowledged.
   * Broker changes are written in the order of the calls, whether they come with samples or alone.
   */
  add(
    samples: readonly ResolvedSample[],
    statements: readonly Statement[],
    changes?: readonly BrokerChange[],
    marks?: readonly MessageMark[],
  ): Promise<number | null>;
  /** As `add` for what has no statements, but `listener` is told, and no promise made. False: too many wait, and it is not. */
  join(listener: CommitListener, samples: readonly ResolvedSample[], changes: readonly BrokerChange[], marks: readonly MessageMark[]): boolean;
  /** Messages that wait for the disk. */
  readonly depth: number;
}

/** One of the two is called, once. Must not throw. */
export interface CommitListener {
  committed(): void;
  failed(error: MusterError): void;
}

/** What is committed goes on: newest values, stream. Called once for each group, before its messages are answered. Never awaited, never throws. */
export type PublishCommitted = (samples: CommittedSamples, journalId: number | null) => void;

/** Messages that will be written together and share one answer. */
interface Group {
  readonly builder: SampleBuilder;
  readonly changes: BrokerChange[];
  readonly marks: MessageMark[];
  readonly listeners: CommitListener[];
  messages: number;
  readonly written: Promise<number | null>;
  readonly resolve: (journalId: number | null) => void;
  readonly reject: (error: MusterError) => void;
}

/**
 * Messages that carry no statements share one unit of the commit log: what arrives while the disk is busy goes out together when it
 * is free. A message with statements of its own (a new point, a rejection) is a unit of its own, so that a refusal of the database hits nobody else.
 */
export function createGroupCommit(log: CommitLog, queueMax: number, publish: PublishCommitted): GroupCommit {
  let group: Group | null = null;
  let depth = 0;
  let inFlight = 0;
  /** Samples in the last group: the next is likely to be as large. */
  let lastCount = 0;
  const gathering = createGathering(flush, () => group?.messages ?? 0);

  return {
    get depth() {
      return depth;
    },
    add(samples, statements, changes = NONE, marks = NONE) {
      if (depth >= queueMax) return Promise.reject(new MusterError('overloaded', `${queueMax} messages wait for the disk (limits.commit-queue)`));
      depth += 1;
      if (statements.length > 0) {
        // What came before goes before: of two values at the same time, the later one wins.
        send();
        return commitAlone(samples, { statements, changes, marks });
      }
      return addToGroup(samples, changes, marks).written;
    },
    join(listener, samples, changes, marks) {
      if (depth >= queueMax) return false;
      depth += 1;
      addToGroup(samples, changes, marks).listeners.push(listener);
      return true;
    },
  };

  function addToGroup(samples: readonly ResolvedSample[], changes: readonly BrokerChange[], marks: readonly MessageMark[]): Group {
    if (group === null) {
      group = openGroup(lastCount);
      // Whatever else this turn of the event loop brings goes along.
      if (inFlight === 0 && !gathering.isHolding) setImmediate(flush);
    }
    group.builder.add(samples);
    for (const change of changes) group.changes.push(change);
    for (const mark of marks) group.marks.push(mark);
    group.messages += 1;
    return group;
  }

  /** While the disk is busy, more may come for the same group. */
  function flush(): void {
    if (inFlight === 0) send();
  }

  function send(): void {
    if (group === null) return;
    const { builder, changes, marks, listeners, messages, resolve, reject } = group;
    group = null;
    inFlight += 1;
    lastCount = builder.count;
    const sentAt = performance.now();
    const settle = () => {
      depth -= messages;
      inFlight -= 1;
      if (inFlight === 0) gathering.answered(messages, performance.now() - sentAt);
    };
    log.commit({ samples: builder.columns(), changes, marks }).then(
      ({ journalId }) => {
        settle();
        publish(builder, journalId);
        for (const listener of listeners) listener.committed();
        resolve(journalId);
      },
      (error: unknown) => {
        settle();
        const reason = asMusterError(error);
        for (const listener of listeners) listener.failed(reason);
        reject(reason);
      },
    );
  }

  async function commitAlone(samples: readonly ResolvedSample[], rest: CommitUnit): Promise<number | null> {
    try {
      if (samples.length === 0) return (await log.commit(rest)).journalId;
      const own = new SampleBuilder(samples.length);
      own.add(samples);
      const { journalId } = await log.commit({ ...rest, samples: own.columns() });
      // The rows of their points came along.
      for (const { entry } of samples) entry.stored = true;
      publish(own, journalId);
      return journalId;
    } catch (error: unknown) {
      throw asMusterError(error);
    } finally {
      depth -= 1;
    }
  }
}

function openGroup(expectedCount: number): Group {
  let resolve: Group['resolve'] = () => undefined;
  let reject: Group['reject'] = () => undefined;
  const written = new Promise<number | null>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  // Nobody may be waiting for it but listeners.
  written.catch(() => undefined);
  return { builder: new SampleBuilder(Math.max(1024, expectedCount)), changes: [], marks: [], listeners: [], messages: 0, written, resolve, reject };
}

function asMusterError(error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  const reason = error instanceof CommitError ? error.reason : 'storage';
  if (reason === 'overloaded' || reason === 'storage')
    return new MusterError(reason === 'storage' ? 'storage_failed' : reason, messageOf(error), { cause: error });
  return new MusterError('conflict', 'the device or its points changed in the meantime', { cause: error });
}
