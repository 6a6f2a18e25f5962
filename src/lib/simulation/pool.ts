/** Runs `work` for each, at most `limit` at once, in order of the list. Stops starting new work after an error or an abort. */
export async function forEachBounded<Entry>(
  entries: readonly Entry[],
  limit: number,
  signal: AbortSignal | null,
  work: (entry: Entry, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  async function lane(): Promise<void> {
    while (failure === null && signal?.aborted !== true) {
      const index = next;
      next += 1;
      if (index >= entries.length) return;
      try {
        await work(entries[index] as Entry, index);
      } catch (error: unknown) {
        failure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, entries.length) }, lane));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}
