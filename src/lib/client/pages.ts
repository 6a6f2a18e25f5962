import { MusterError } from '../errors/muster-error.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

const PAGE_ROWS = 1000;

/** Follows the cursors of a list. `limit` counts over all pages. */
export async function* pagesOf<T>(
  fetchPage: (page: { limit: number; cursor?: string }) => Promise<Page<T>>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<T> {
  let left = limit;
  let cursor: string | null = null;
  while (left > 0) {
    const page: Page<T> = await fetchPage({ limit: Math.min(PAGE_ROWS, left), ...(cursor === null ? {} : { cursor }) });
    if (!Array.isArray(page?.items))
      throw new MusterError('unreachable', 'The hub answered with something else than a list.', { hint: 'Check the URL and the version of the hub.' });
    for (const item of page.items) {
      yield item;
      left -= 1;
      if (left === 0) return;
    }
    // A cursor that does not move would never end.
    if (page.cursor === null || page.cursor === undefined) return;
    if (page.cursor === cursor) throw new MusterError('internal', 'The hub gave the same page twice.', { details: { cursor } });
    cursor = page.cursor;
  }
}
