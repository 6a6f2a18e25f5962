/** At most `places` at once; the others wait in their order, at most `waitingMax` of them. */
export interface Turns {
  /** Resolves when there is a place; the function that it gives frees the place (once). null: too many wait. */
  take(): Promise<() => void> | null;
  /** How many wait. */
  readonly waiting: number;
  run<Value>(work: () => Promise<Value>): Promise<Value>;
}

export function createTurns(places: number, waitingMax = Number.POSITIVE_INFINITY): Turns {
  let taken = 0;
  const waiting: (() => void)[] = [];
  function free(): void {
    const next = waiting.shift();
    if (next === undefined) taken--;
    else next();
  }
  function place(): () => void {
    let held = true;
    return () => {
      if (held) free();
      held = false;
    };
  }
  function take(): Promise<() => void> | null {
    if (taken < places) {
      taken++;
      return Promise.resolve(place());
    }
    if (waiting.length >= waitingMax) return null;
    return new Promise((resolve) => waiting.push(() => resolve(place())));
  }
  return {
    take,
    get waiting() {
      return waiting.length;
    },
    async run(work) {
      const release = await take();
      try {
        return await work();
      } finally {
        release?.();
      }
    },
  };
}
