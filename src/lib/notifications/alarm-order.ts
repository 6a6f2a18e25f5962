import type { AlarmId } from '../domain/ids.ts';
import type { Delivery } from './delivery.ts';

/** After so long without success, what came later does not wait any more. */
const KEPT_MS = 60_000;

/** Deliveries of one channel that tell of the same alarm go one after the other: `cleared` does not overtake `raised` while that is tried again. */
export interface AlarmOrder {
  add(delivery: Delivery): void;
  /** The one that it has to wait for; null: it may go. */
  predecessor(delivery: Delivery, now: number): Delivery | null;
  remove(delivery: Delivery): void;
}

export function createAlarmOrder(): AlarmOrder {
  const newest = new Map<AlarmId, Delivery>();
  const before = new Map<Delivery, Set<Delivery>>();
  return {
    add(delivery) {
      const earlier = new Set<Delivery>();
      for (const { alarm } of delivery.entries) {
        if (alarm === null) continue;
        const known = newest.get(alarm);
        if (known !== undefined && known !== delivery) earlier.add(known);
        newest.set(alarm, delivery);
      }
      if (earlier.size > 0) before.set(delivery, earlier);
    },
    predecessor(delivery, now) {
      const earlier = before.get(delivery);
      if (earlier === undefined) return null;
      for (const one of earlier) {
        if (one.settled) earlier.delete(one);
        else if (one.startedAt === null || now - one.startedAt < KEPT_MS) return one;
      }
      return null;
    },
    remove(delivery) {
      before.delete(delivery);
      for (const { alarm } of delivery.entries) if (alarm !== null && newest.get(alarm) === delivery) newest.delete(alarm);
    },
  };
}
