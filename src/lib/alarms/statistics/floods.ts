/** More alarms than people can follow. Times in ms since 1970. */
export interface Flood {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const WINDOW_MS = 600_000;
/** ISA-18.2, for each operator: it begins with more than ten alarms in ten minutes, and ends when there are fewer than five. */
const BEGINS_ABOVE = 10;
const ENDS_BELOW = 5;

/** `times` of alarms that people were told of, rising; `to`: the end of the range, at which a flood that still goes on is cut. */
export function floodsIn(times: readonly number[], to: number, operators: number): Flood[] {
  const floods: Flood[] = [];
  let first = 0;
  let begun: number | null = null;
  for (const [index, time] of times.entries()) {
    while ((times[first] ?? time) <= time - WINDOW_MS) first += 1;
    if (begun === null && index - first + 1 > BEGINS_ABOVE * operators) begun = first;
    if (begun === null) continue;
    // The next one that leaves the window makes it too few.
    const oldest = times[index - ENDS_BELOW * operators + 1] ?? time;
    const end = oldest + WINDOW_MS;
    const next = times[index + 1] ?? Number.POSITIVE_INFINITY;
    if (end > next) continue;
    // The few that are left of one flood may be the first of the next.
    floods.push({ from: Math.max(times[begun] ?? time, floods.at(-1)?.to ?? 0), to: Math.min(end, to), count: index - begun + 1 });
    begun = null;
  }
  return floods;
}
