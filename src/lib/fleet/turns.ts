import { setImmediate as nextTurn } from 'node:timers/promises';

/** Long work leaves the thread to others after so long. */
const TURN_MS = 10;

/** Cuts long work into turns: what is done for a million points must hold up no sample. */
export interface Turns {
  /** The turn has lasted long enough: `await turns.next()` before what comes next. */
  isOver(): boolean;
  next(): Promise<void>;
}

export function createTurns(): Turns {
  let began = performance.now();
  return {
    isOver: () => performance.now() - began >= TURN_MS,
    async next() {
      await nextTurn();
      began = performance.now();
    },
  };
}
