/** What a proof has started, ended in reverse order whatever becomes of the proof: it runs in a test, and by itself. */
export interface Scope {
  defer(end: () => unknown): void;
  close(): Promise<void>;
}

export function createScope(): Scope {
  const ends: (() => unknown)[] = [];
  return {
    defer: (end) => void ends.push(end),
    async close() {
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        try {
          await end();
        } catch (error: unknown) {
          process.stderr.write(`clean-up failed: ${String(error)}\n`);
        }
      }
    },
  };
}
