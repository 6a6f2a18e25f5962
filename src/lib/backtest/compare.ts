import type { Comparison } from './backtest.ts';
import type { OpenOccurrence } from './subject-tally.ts';

/** Which of the two rules. */
export type Side = 0 | 1;

/** Finds the occurrences of two rules that overlap in time, subject by subject, while both are replayed. */
export interface Matcher {
  readonly comparison: Comparison;
  /** It is complete, as far as its own rule goes. */
  add(side: Side, subject: string, occurrence: OpenOccurrence): void;
  /**
   * Both rules have come to the same time, and nothing that begins later can overlap what has ended: tells what was added. `openOf`: what holds at the
   * moment, null: nothing.
   */
  flush(openOf: (side: Side, subject: string) => OpenOccurrence | null): void;
}

interface Pending {
  readonly sides: readonly [OpenOccurrence[], OpenOccurrence[]];
}

export function createMatcher(told: (side: Side, subject: string, occurrence: OpenOccurrence) => void): Matcher {
  const pending = new Map<string, Pending>();
  const only: [number, number] = [0, 0];
  const both: [number, number] = [0, 0];
  return {
    get comparison() {
      return { onlyA: only[0], onlyB: only[1], bothA: both[0], bothB: both[1] };
    },
    add(side, subject, occurrence) {
      const known = pending.get(subject) ?? { sides: [[], []] };
      known.sides[side].push(occurrence);
      pending.set(subject, known);
    },
    flush(openOf) {
      for (const [subject, { sides }] of pending) {
        const [a, b] = ([0, 1] as const).map((side) => {
          const open = openOf(side, subject);
          return open === null ? sides[side] : [...sides[side], open];
        });
        markOverlaps(a ?? [], b ?? []);
        for (const side of [0, 1] as const) {
          for (const occurrence of sides[side]) {
            (occurrence.inBoth ? both : only)[side] += 1;
            told(side, subject, occurrence);
          }
        }
      }
      pending.clear();
    },
  };
}

/** Both by time, and none of one side overlaps another of that side. */
function markOverlaps(a: readonly OpenOccurrence[], b: readonly OpenOccurrence[]): void {
  let [i, j] = [0, 0];
  for (;;) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return;
    // Of joined points one may raise and clear in the same moment.
    if (one.raisedAt === other.raisedAt || (one.raisedAt < other.clearedAt && other.raisedAt < one.clearedAt)) {
      one.inBoth = true;
      other.inBoth = true;
    }
    if (one.clearedAt <= other.clearedAt) i += 1;
    else j += 1;
  }
}
