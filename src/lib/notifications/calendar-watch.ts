import { type Calendar, inForce, nextChange } from '../alarms/calendar.ts';

/** A calendar that is asked for every alarm change: it looks at the clock of its zone once for each stretch. */
export interface CalendarWatch {
  inForce(now: number): boolean;
  /** When that changes next; null: never. */
  changesAt(now: number): number | null;
}

export function watchCalendar(calendar: Calendar): CalendarWatch {
  let known = { from: 0, to: 0 as number | null, holds: false };
  const look = (now: number) => {
    if (now < known.from || (known.to !== null && now >= known.to)) known = { from: now, to: nextChange(calendar, now), holds: inForce(calendar, now) };
    return known;
  };
  return { inForce: (now) => look(now).holds, changesAt: (now) => look(now).to };
}
