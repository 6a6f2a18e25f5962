/** Work that comes back every hour, never twice at once. */
export interface Hourly {
  /** Does it at once, and then every hour. */
  start(): void;
  /** For tests, and for those who cannot wait: what `start` does each time. Never rejects. */
  look(): Promise<void>;
  /** Resolves when what is under way is done. Idempotent. */
  stop(): Promise<void>;
}

const EVERY_MS = 3_600_000;

export function everyHour(work: (stopping: AbortSignal) => Promise<void>, failed: (error: unknown) => void): Hourly {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;

  function look(): Promise<void> {
    looking ??= work(stopping.signal)
      .catch(failed)
      .finally(() => {
        looking = null;
      });
    return looking;
  }

  return {
    look,
    start() {
      if (timer !== null || stopping.signal.aborted) return;
      timer = setInterval(look, EVERY_MS).unref();
      void look();
    },
    async stop() {
      stopping.abort();
      if (timer !== null) clearInterval(timer);
      timer = null;
      await looking;
    },
  };
}
