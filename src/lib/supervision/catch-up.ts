import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import { createTurns } from '../fleet/turns.ts';
import type { AlarmChanges } from '../ingest/alarm-changes.ts';
import type { AlarmEvaluator } from '../ingest/alarm-evaluator.ts';
import type { ResolvedSample } from '../ingest/batch.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SampleEvaluator } from './sample-evaluator.ts';

/** Samples that wait for a hub that has just started. Some 100 bytes each. */
const WAITING_MAX = 500_000;

/**
 * Devices are let in before the evaluations of a million points are back where they were. What comes meanwhile is stored and acknowledged as ever, and evaluated in its
 * order as soon as they are; what it changes is written by itself then.
 */
export interface CatchUp extends AlarmEvaluator {
  /** From now on samples wait. */
  begin(): void;
  /** Evaluates what waits, and what comes while it does, and lets all that follows through. */
  end(): Promise<void>;
  readonly waiting: number;
  /** Samples that were not evaluated because too many waited. */
  readonly skipped: number;
}

export interface CatchUpPorts {
  readonly evaluator: Pick<SampleEvaluator, 'evaluate' | 'expect'>;
  readonly directory: Directory;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
}

interface Waiting {
  readonly device: DeviceEntry;
  readonly samples: readonly ResolvedSample[];
  readonly receivedAt: number;
  readonly mayBeRepeat: boolean | undefined;
}

export function createCatchUp({ evaluator, directory, commit }: CatchUpPorts): CatchUp {
  let queue: Waiting[] | null = null;
  let waiting = 0;
  let skipped = 0;

  return {
    evaluate(device, samples, receivedAt, mayBeRepeat) {
      if (queue === null) return evaluator.evaluate(device, samples, receivedAt, mayBeRepeat);
      if (waiting + samples.length > WAITING_MAX) skipped += samples.length;
      else {
        waiting += samples.length;
        evaluator.expect(device, samples);
        queue.push({ device, samples, receivedAt, mayBeRepeat });
      }
      return null;
    },
    begin() {
      queue ??= [];
    },
    async end() {
      const turns = createTurns();
      const written: Promise<void>[] = [];
      for (let next = 0; queue !== null && next < queue.length; next += 1) {
        const one = queue[next];
        if (one === undefined) break;
        waiting -= one.samples.length;
        const changes =
          directory.device(one.device.device.id) === one.device ? evaluator.evaluate(one.device, one.samples, one.receivedAt, one.mayBeRepeat) : null;
        if (changes !== null) written.push(write(changes));
        if (!turns.isOver()) continue;
        queue.splice(0, next + 1);
        next = -1;
        await Promise.all(written.splice(0));
        await turns.next();
      }
      queue = null;
    },
    get waiting() {
      return waiting;
    },
    get skipped() {
      return skipped;
    },
  };

  function write({ statements, committed, failed }: AlarmChanges): Promise<void> {
    return commit(statements).then(committed, failed);
  }
}
