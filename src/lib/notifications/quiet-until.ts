import { inForce, nextChange } from '../alarms/calendar.ts';
import type { Severity } from '../domain/severity.ts';
import type { CompiledRoute } from './compile-route.ts';

/** When the quiet hours of a route end that hold what happens now; null: it is told. */
export function quietUntil({ quiet }: CompiledRoute, severity: Severity, now: number): number | null {
  if (quiet === null || quiet.exceptFor.has(severity) || !inForce(quiet.calendar, now)) return null;
  return nextChange(quiet.calendar, now);
}

export function isInForce({ schedule }: CompiledRoute, now: number): boolean {
  return schedule === null || inForce(schedule, now);
}
