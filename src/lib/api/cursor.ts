import { MusterError } from '../errors/muster-error.ts';

/** A cursor is opaque to clients: where the next page begins, as base64url of JSON. */
export function writeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

export function readCursor(cursor: string | undefined, shape: readonly ('string' | 'number')[]): (string | number)[] | null {
  if (cursor === undefined) return null;
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(position) && position.length === shape.length && position.every((part, index) => typeof part === shape[index]))
      return position as (string | number)[];
  } catch {
    // Said below, as for every cursor that is not ours.
  }
  throw foreignCursor();
}

export function foreignCursor(): MusterError {
  return new MusterError('invalid', 'the cursor is not one of this list', { details: { field: 'cursor' } });
}

/** Takes a page of what `items` yields after the cursor; `keyOf` gives the position of an item. */
export function pageOf<Item, Out>(
  items: Iterable<Item>,
  limit: number,
  keyOf: (item: Item) => readonly (string | number)[],
  render: (item: Item) => Out,
): { items: Out[]; cursor: string | null } {
  const page: Out[] = [];
  let last: Item | undefined;
  for (const item of items) {
    if (page.length === limit) return { items: page, cursor: last === undefined ? null : writeCursor(keyOf(last)) };
    page.push(render(item));
    last = item;
  }
  return { items: page, cursor: null };
}
