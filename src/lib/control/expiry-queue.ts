/** Everything of a slot is due together, at its end. */
const SLOT_MS = 200;

/** What is due at some time, of which most is taken out before. Taking out costs the same however much there is. */
export interface ExpiryQueue<Entry> {
  add(entry: Entry, dueAt: number): void;
  remove(entry: Entry, dueAt: number): void;
  /** Takes out what is due. */
  take(now: number): Entry[];
  readonly size: number;
}

export function createExpiryQueue<Entry>(): ExpiryQueue<Entry> {
  const slots = new Map<number, Set<Entry>>();
  let size = 0;
  /** All up to here were taken; a clock that was set back does not bring them again. */
  let taken = Number.NEGATIVE_INFINITY;
  const slotOf = (dueAt: number): number => Math.max(Math.ceil(dueAt / SLOT_MS), taken + 1);
  return {
    add(entry, dueAt) {
      const slot = slotOf(dueAt);
      const entries = slots.get(slot);
      if (entries === undefined) slots.set(slot, new Set([entry]));
      else entries.add(entry);
      size += 1;
    },
    remove(entry, dueAt) {
      // Where it was put: its slot may have been past already.
      const own = Math.ceil(dueAt / SLOT_MS);
      const slot = slots.get(own)?.has(entry) ? own : taken + 1;
      const entries = slots.get(slot);
      if (!entries?.delete(entry)) return;
      size -= 1;
      if (entries.size === 0) slots.delete(slot);
    },
    take(now) {
      const upTo = Math.floor(now / SLOT_MS);
      if (upTo <= taken) return [];
      const due: Entry[] = [];
      const collect = (slot: number, entries: ReadonlySet<Entry>): void => {
        due.push(...entries);
        slots.delete(slot);
      };
      // One by one while the clock runs as it should; all that there are after a long sleep.
      if (upTo - taken <= slots.size) for (let slot = taken + 1; slot <= upTo; slot += 1) collect(slot, slots.get(slot) ?? new Set());
      else for (const [slot, entries] of slots) if (slot <= upTo) collect(slot, entries);
      taken = upTo;
      size -= due.length;
      return due;
    },
    get size() {
      return size;
    },
  };
}
