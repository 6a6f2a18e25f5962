/** Times that are remembered: a recording repeats what it said a moment ago, not what it said last year. */
const REMEMBERED_MAX = 100_000;

/** Counts samples whose point and time were there before, of which a hub keeps the last. In bounded memory. */
export interface Repetitions {
  note(time: number, paths: readonly string[]): void;
  readonly count: number;
}

export function createRepetitions(): Repetitions {
  const seen = new Map<number, Set<string>>();
  let count = 0;
  return {
    note(time, paths) {
      const there = seen.get(time);
      if (there === undefined) {
        seen.set(time, new Set(paths));
        const [oldest] = seen.keys();
        if (seen.size > REMEMBERED_MAX && oldest !== undefined) seen.delete(oldest);
        return;
      }
      for (const path of paths) {
        if (there.has(path)) count += 1;
        there.add(path);
      }
    },
    get count() {
      return count;
    },
  };
}
