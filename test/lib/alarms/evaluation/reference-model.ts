// The meaning of a rule on one point, as plainly as it can be said: every ms is looked at, and every time everything is computed anew from all samples.
import type { Rule } from '../../../../src/lib/alarms/rule.ts';
import type { TimedValue } from '../evaluations.ts';

/** What a condition finds: the number of a level, 0 for normal; null: nothing new. */
export interface Finder {
  /** With the newest of these samples. */
  readonly bySample: (samples: readonly TimedValue[]) => number | null;
  /** When the clock stands at `now`, before the samples of that time. */
  readonly byTime?: (samples: readonly TimedValue[], now: number) => number | null;
}

export interface PlainChange {
  readonly time: number;
  readonly from: number;
  readonly to: number;
}

/** Samples in the order of their times; the last ms that is looked at is `until`. */
export function modelChanges(rule: Rule, find: Finder, samples: readonly TimedValue[], until: number): readonly PlainChange[] {
  const levels = rule.condition.levels.map((_, index) => index + 1);
  const changes: PlainChange[] = [];
  const confirmed = new Set<number>();
  // Of each level: since when the finding was at it or worse, or was not; and when samples were.
  const since = new Map(levels.map((level) => [level, { beyond: false, time: Number.NEGATIVE_INFINITY }]));
  const beyondTimes = new Map<number, number[]>(levels.map((level) => [level, []]));
  let finding = 0;
  let level = 0;

  const settle = (now: number): void => {
    for (const each of levels) {
      const { beyond, time } = since.get(each) ?? { beyond: false, time: now };
      const times = new Set((beyondTimes.get(each) ?? []).filter((sampled) => sampled >= now - (rule.repeat?.withinMs ?? 0)));
      const often = rule.repeat === null || times.size >= rule.repeat.times;
      if (beyond && !confirmed.has(each) && now - time >= rule.onDelayMs && often) confirmed.add(each);
      if (!beyond && confirmed.has(each) && now - time >= rule.offDelayMs) confirmed.delete(each);
    }
    const worst = Math.max(0, ...confirmed);
    if (worst !== level) changes.push({ time: now, from: level, to: worst });
    level = worst;
  };
  const take = (found: number | null, now: number): void => {
    if (found !== null) finding = found;
    for (const each of levels) if (since.get(each)?.beyond !== finding >= each) since.set(each, { beyond: finding >= each, time: now });
  };

  const shown: TimedValue[] = [];
  let next = 0;
  const first = samples[0]?.[0] ?? 0;
  for (let now = first; now <= until; now += 1) {
    settle(now);
    const before = finding;
    take(find.byTime?.(shown, now) ?? null, now);
    for (const each of levels) if (each > before && finding >= each) beyondTimes.get(each)?.push(now);
    settle(now);
    for (; samples[next]?.[0] === now; next += 1) {
      const sample = samples[next] as TimedValue;
      shown.push(sample);
      const found = find.bySample(shown);
      if (found === null) continue;
      take(found, now);
      for (const each of levels) if (finding >= each) beyondTimes.get(each)?.push(now);
      settle(now);
    }
  }
  return changes;
}
