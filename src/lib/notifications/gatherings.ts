import type { OutboxEntry } from '../domain/notification.ts';

/** Entries of one group that wait to be told together. */
export interface Gathering {
  readonly key: string;
  entries: OutboxEntry[];
  dueAt: number;
}

/** What waits on one channel without a delivery of its own yet, by group. */
export interface Gatherings {
  get(key: string): Gathering | undefined;
  add(entry: OutboxEntry): void;
  /** Takes out those that are due. */
  takeDue(now: number): Gathering[];
  /** Puts back what could not go yet. */
  putBack(gathering: Gathering, dueAt: number): void;
  takeAll(): OutboxEntry[];
  /** By so many ms, those that are meant. */
  shift(ms: number, isMeant: (key: string) => boolean): void;
  /** No later than the first that is due; Infinity: there is none. */
  readonly nextAt: number;
  readonly entries: number;
}

export function createGatherings(): Gatherings {
  const byKey = new Map<string, Gathering>();
  let nextAt = Number.POSITIVE_INFINITY;
  let count = 0;

  function put(key: string, entries: readonly OutboxEntry[], dueAt: number): void {
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { key, entries: [...entries], dueAt });
    else {
      // One by one: a spread of a hundred thousand would not fit onto the stack.
      for (const entry of entries) known.entries.push(entry);
      known.dueAt = Math.min(known.dueAt, dueAt);
    }
    count += entries.length;
    nextAt = Math.min(nextAt, dueAt);
  }

  return {
    get: (key) => byKey.get(key),
    add: (entry) => put(entry.groupKey, [entry], entry.dueAt),
    takeDue(now) {
      if (now < nextAt) return [];
      const due: Gathering[] = [];
      nextAt = Number.POSITIVE_INFINITY;
      for (const gathering of byKey.values()) {
        if (gathering.dueAt <= now) due.push(gathering);
        else nextAt = Math.min(nextAt, gathering.dueAt);
      }
      for (const { key, entries } of due) {
        byKey.delete(key);
        count -= entries.length;
      }
      return due.sort((one, other) => one.dueAt - other.dueAt);
    },
    putBack: ({ key, entries }, dueAt) => put(key, entries, dueAt),
    takeAll() {
      const all = [...byKey.values()].flatMap(({ entries }) => entries);
      byKey.clear();
      count = 0;
      nextAt = Number.POSITIVE_INFINITY;
      return all;
    },
    shift(ms, isMeant) {
      nextAt = Number.POSITIVE_INFINITY;
      for (const gathering of byKey.values()) {
        if (isMeant(gathering.key)) gathering.dueAt += ms;
        nextAt = Math.min(nextAt, gathering.dueAt);
      }
    },
    get nextAt() {
      return nextAt;
    },
    get entries() {
      return count;
    },
  };
}
