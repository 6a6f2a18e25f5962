import type { Severity } from '../domain/severity.ts';
import type { CompiledRoute } from './compile-route.ts';

/** When the quiet hours of a route end that hold what happens now; null: it is told. */
export function quietUntil({ quiet }: CompiledRoute, severity: Severity, now: number): number | null {
  if (quiet === null || quiet.exceptFor.has(severity) || !quiet.hours.inForce(now)) return null;
  return quiet.hours.changesAt(now);
}

export function isInForce({ schedule }: CompiledRoute, now: number): boolean {
  return schedule === null || schedule.inForce(now);
}
