/**
 * Gathers rows into batches: a batch ends when it is full, when the source ends, or `waitMs` after its first row,
 * so that a slow source (a live tail) is shown at once and a fast one is written in large pieces.
 */
export async function* batches<Row>(rows: Iterable<Row> | AsyncIterable<Row>, rowsMax: number, waitMs: number): AsyncGenerator<Row[]> {
  if (Symbol.iterator in rows) {
    let batch: Row[] = [];
    for (const row of rows) {
      batch.push(row);
      if (batch.length >= rowsMax) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
    return;
  }
  const iterator = rows[Symbol.asyncIterator]();
  let ended = false;
  try {
    let pending = iterator.next();
    while (!ended) {
      const batch: Row[] = [];
      const first = await pending;
      if (first.done) {
        ended = true;
        return;
      }
      batch.push(first.value);
      pending = iterator.next();
      // It is awaited below or in the next round; a failure before that is not an unhandled one.
      pending.catch(() => undefined);
      const deadline = new Deadline(waitMs);
      try {
        while (batch.length < rowsMax) {
          const next = await Promise.race([pending, deadline.promise]);
          if (next === 'late' || next.done) break;
          batch.push(next.value);
          pending = iterator.next();
          pending.catch(() => undefined);
        }
      } catch {
        // The rows before a failure are shown first; the next round meets the same failure and throws it.
      } finally {
        deadline.clear();
      }
      yield batch;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}

class Deadline {
  readonly promise: Promise<'late'>;
  #timer: NodeJS.Timeout | undefined;

  constructor(waitMs: number) {
    this.promise = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve('late'), waitMs);
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
