/** A binary heap: what is due first comes out first. An entry whose time changes is taken out and put in again by its owner. */
export interface DueHeap<Entry extends { dueAt: number }> {
  readonly size: number;
  push(entry: Entry): void;
  peek(): Entry | undefined;
  pop(): Entry | undefined;
  /** Takes everything out, in no order. */
  clear(): Entry[];
}

export function createDueHeap<Entry extends { dueAt: number }>(): DueHeap<Entry> {
  let heap: Entry[] = [];
  const at = (index: number): Entry => heap[index] as Entry;
  const swap = (one: number, other: number): void => {
    const kept = at(one);
    heap[one] = at(other);
    heap[other] = kept;
  };
  function sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) return;
      const child = left + 1 < heap.length && at(left + 1).dueAt < at(left).dueAt ? left + 1 : left;
      if (at(index).dueAt <= at(child).dueAt) return;
      swap(index, child);
      index = child;
    }
  }
  return {
    get size() {
      return heap.length;
    },
    push(entry) {
      heap.push(entry);
      let index = heap.length - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (at(parent).dueAt <= at(index).dueAt) return;
        swap(parent, index);
        index = parent;
      }
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first !== undefined && last !== undefined && heap.length > 0) {
        heap[0] = last;
        sink(0);
      }
      return first;
    },
    clear() {
      const all = heap;
      heap = [];
      return all;
    },
  };
}
