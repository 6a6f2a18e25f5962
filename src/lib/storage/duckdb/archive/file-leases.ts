/** Whoever reads files holds a lease: a file that was replaced is deleted when nobody can be reading it any more. */
export interface FileLeases {
  /** Take it before looking into the manifest. The function that it gives ends it (once). */
  take(): () => void;
  /** These are in no manifest any more. */
  retire(paths: readonly string[]): void;
  /** Resolves when no deletion runs; what is still being read is deleted later. */
  settled(): Promise<void>;
}

interface Lease {
  readonly number: number;
}

export function createFileLeases(remove: (paths: readonly string[]) => Promise<void>): FileLeases {
  const held = new Set<Lease>();
  let waiting: { readonly after: number; readonly paths: readonly string[] }[] = [];
  let last = 0;
  let removing: Promise<void> = Promise.resolve();

  function sweep(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { number } of held) oldest = Math.min(oldest, number);
    const due = waiting.filter(({ after }) => after < oldest);
    if (due.length === 0) return;
    waiting = waiting.filter(({ after }) => after >= oldest);
    const paths = due.flatMap((each) => each.paths);
    removing = removing.then(() => remove(paths)).catch(() => undefined);
  }

  return {
    take() {
      const lease = { number: ++last };
      held.add(lease);
      return () => {
        if (held.delete(lease)) sweep();
      };
    },
    retire(paths) {
      if (paths.length === 0) return;
      waiting.push({ after: last, paths });
      sweep();
    },
    settled: () => removing,
  };
}
