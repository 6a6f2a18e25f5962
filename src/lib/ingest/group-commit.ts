import { MusterError, messageOf } from '../errors/muster-error.ts';
import { CommitError, type CommitLog, type Statement } from '../storage/commit-log.ts';
import type { ResolvedSample } from './batch.ts';
import { SampleBuilder } from './sample-builder.ts';

/** Takes samples and says when they are on disk. */
export interface GroupCommit {
  /**
   * Resolves once all of it is durable, with the journal entry that holds the samples (null: no samples).
   * Rejects with MusterError overloaded or storage_failed: then nothing of it may be acknowledged.
   */
  add(samples: readonly ResolvedSample[], statements: readonly Statement[]): Promise<number | null>;
  /** Messages that wait for the disk. */
  readonly depth: number;
}

interface Waiter {
  readonly resolve: (journalId: number | null) => void;
  readonly reject: (error: MusterError) => void;
}

/**
 * Messages that carry samples alone share one unit of the commit log: what arrives while the disk is busy goes out together when it
 * is free. A message with statements of its own (a new point, a rejection) is a unit of its own, so that a refusal of the database hits nobody else.
 */
export function createGroupCommit(log: CommitLog, queueMax: number): GroupCommit {
  let builder = new SampleBuilder();
  let waiters: Waiter[] = [];
  let depth = 0;
  let inFlight = 0;
  let scheduled = false;

  return {
    get depth() {
      return depth;
    },
    add(samples, statements) {
      if (depth >= queueMax) return Promise.reject(new MusterError('overloaded', `${queueMax} messages wait for the disk`));
      depth += 1;
      if (statements.length > 0) return commitAlone(samples, statements);
      return new Promise((resolve, reject) => {
        builder.add(samples);
        waiters.push({ resolve, reject });
        if (inFlight === 0 && !scheduled) {
          scheduled = true;
          // Whatever else this turn of the event loop brings goes along.
          setImmediate(flush);
        }
      });
    },
  };

  function flush(): void {
    scheduled = false;
    if (waiters.length === 0) return;
    const group = waiters;
    const columns = builder.columns();
    waiters = [];
    builder = new SampleBuilder(Math.max(1024, columns.count));
    inFlight += 1;
    log.commit({ samples: columns }).then(
      (receipt) => {
        settle(group.length);
        for (const waiter of group) waiter.resolve(receipt.journalId);
      },
      (error: unknown) => {
        settle(group.length);
        const failure = asMusterError(error);
        for (const waiter of group) waiter.reject(failure);
      },
    );
  }

  function settle(messages: number): void {
    depth -= messages;
    inFlight -= 1;
    if (inFlight === 0) flush();
  }

  async function commitAlone(samples: readonly ResolvedSample[], statements: readonly Statement[]): Promise<number | null> {
    try {
      if (samples.length === 0) return (await log.commit({ statements })).journalId;
      const own = new SampleBuilder(samples.length);
      own.add(samples);
      return (await log.commit({ statements, samples: own.columns() })).journalId;
    } catch (error: unknown) {
      throw asMusterError(error);
    } finally {
      depth -= 1;
    }
  }
}

function asMusterError(error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  const overloaded = error instanceof CommitError && error.reason === 'overloaded';
  return new MusterError(overloaded ? 'overloaded' : 'storage_failed', messageOf(error), { cause: error });
}
