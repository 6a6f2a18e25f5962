/**
 * Who is due when: members are spread evenly over the interval, so that a thousand gateways do not all send in the
 * same millisecond. Times are computed from the beginning, never added up, so that nothing drifts.
 */
export interface TickWheel {
  readonly slots: number;
  /** Members of one tick, counted from 0. */
  membersAt(tick: number): readonly number[];
  /** ms after the beginning */
  dueAt(tick: number): number;
}

const FINEST_MS = 1;
const SLOTS_MAX = 10_000;

export function createTickWheel(members: number, intervalMs: number): TickWheel {
  // No more slots than members, so that none is empty.
  const slots = Math.max(1, Math.min(SLOTS_MAX, Math.floor(intervalMs / FINEST_MS), members));
  const wheel: number[][] = Array.from({ length: slots }, () => []);
  for (let member = 0; member < members; member += 1) wheel[Math.floor((member * slots) / members)]?.push(member);
  return {
    slots,
    membersAt: (tick) => wheel[tick % slots] ?? [],
    dueAt: (tick) => (tick * intervalMs) / slots,
  };
}
