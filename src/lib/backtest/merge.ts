import type { Rows, Watch } from './watch.ts';

/** Rows of one series on their way to a watch. Pieces follow each other in time. */
export interface Lane {
  readonly watch: Watch;
  readonly slot: number;
  readonly member: number;
  readonly pieces: readonly Rows[];
}

interface Cursor extends Lane {
  piece: number;
  row: number;
  time: number;
  /** Lanes of one time come in their order. */
  readonly order: number;
}

/** Gives the rows of all lanes by time; of one time in the order of the lanes. */
export function mergeLanes(lanes: readonly Lane[], give: (lane: Lane, rows: Rows, row: number) => void): void {
  const heap: Cursor[] = [];
  lanes.forEach((lane, order) => {
    const cursor = { ...lane, piece: 0, row: lane.pieces[0]?.begin ?? 0, time: 0, order };
    if (settle(cursor)) heap.push(cursor);
  });
  for (let at = (heap.length >> 1) - 1; at >= 0; at -= 1) sink(heap, at);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    const rows = top.pieces[top.piece];
    if (rows !== undefined) give(top, rows, top.row);
    top.row += 1;
    if (!settle(top)) {
      const last = heap.pop();
      if (last !== undefined && last !== top) heap[0] = last;
    }
    sink(heap, 0);
  }
}

/** Moves on to the next piece where one has ended. False: there are no more rows. */
function settle(cursor: Cursor): boolean {
  for (let rows = cursor.pieces[cursor.piece]; rows !== undefined; rows = cursor.pieces[cursor.piece]) {
    if (cursor.row < rows.end) {
      cursor.time = rows.columns.time[cursor.row] ?? 0;
      return true;
    }
    cursor.piece += 1;
    cursor.row = cursor.pieces[cursor.piece]?.begin ?? 0;
  }
  return false;
}

function sink(heap: Cursor[], from: number): void {
  const moved = heap[from];
  if (moved === undefined) return;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    let least = left;
    if (right !== undefined && comesBefore(right, left)) {
      least = right;
      child += 1;
    }
    if (!comesBefore(least, moved)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = moved;
}

function comesBefore(one: Cursor, other: Cursor): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}
