import { MusterError } from '../errors/muster-error.ts';

/** In which order changes of the fleet happen. Each looks at the directory first, and the directory follows only when the disk has it. */
export interface ChangeOrder {
  /** Side by side with others of its kind: what it looks at, they do not change. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
  /** When all that came before is done, and before all that comes after it. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** `waitingMax`: changes under way or waiting; beyond it they are refused with `overloaded`. */
export function createChangeOrder(waitingMax = 10_000): ChangeOrder {
  let lastAlone: Promise<unknown> = Promise.resolve();
  let sinceThen = new Set<Promise<unknown>>();
  let waiting = 0;

  return {
    together(work) {
      const result = counted(() => lastAlone.then(work));
      const done = settled(result);
      const group = sinceThen;
      group.add(done);
      void done.then(() => group.delete(done));
      return result;
    },
    alone(work) {
      const result = counted(() => Promise.all([lastAlone, ...sinceThen]).then(work));
      lastAlone = settled(result);
      sinceThen = new Set();
      return result;
    },
  };

  async function counted<Result>(work: () => Promise<Result>): Promise<Result> {
    if (waiting >= waitingMax) throw new MusterError('overloaded', `${waitingMax} changes of devices, types and points wait already`);
    waiting += 1;
    try {
      return await work();
    } finally {
      waiting -= 1;
    }
  }
}

function settled(work: Promise<unknown>): Promise<unknown> {
  return work.catch(() => undefined);
}
