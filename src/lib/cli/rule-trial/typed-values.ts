import { readDuration } from '../../domain/duration.ts';
import type { SampleValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { TrialSample } from './trial-step.ts';

export interface TypedValues {
  readonly values: readonly string[];
  /** Between two values that say no time of their own, ms. */
  readonly everyMs: number;
  /** Of the first value, ms since 1970. */
  readonly start: number;
  readonly device: string;
  /** The points of the rule; a value that names none is of the first. */
  readonly points: readonly string[];
  /** A time other than `+90s`, ms since 1970; null: it is none. */
  readonly readTime: (text: string) => number | null;
}

const VALUE_RULE = 'a value, TIME=VALUE (12:00=85, +90s=85, 2026-11-22T10:00Z=85), or for a rule on several points POINT=VALUE[,POINT=VALUE]';

/** What a person types as values: each an interval after the one before, unless it says its time. */
export function typedSamples({ values, everyMs, start, device, points, readTime }: TypedValues): readonly TrialSample[] {
  const [first = 'value'] = points;
  let time = start - everyMs;
  const samples: TrialSample[] = [];
  for (const text of values) {
    const pairs = pointPairs(text, points);
    if (pairs !== null) {
      time += everyMs;
      for (const [point, value] of pairs) samples.push({ time, device, point, value: readValue(value) });
      continue;
    }
    const equals = text.indexOf('=');
    const given = equals < 1 ? null : timeOf(text.slice(0, equals));
    if (equals >= 1 && given === null) throw new MusterError('usage', `"${text.slice(0, 60)}" is not a value.`, { hint: `Write ${VALUE_RULE}.` });
    time = given ?? time + everyMs;
    const rest = given === null ? text : text.slice(equals + 1);
    const more = pointPairs(rest, points);
    for (const [point, value] of more ?? [[first, rest] as const]) samples.push({ time, device, point, value: readValue(value) });
  }
  return samples;

  function timeOf(text: string): number | null {
    if (!text.startsWith('+')) return readTime(text);
    const offset = readDuration(text.slice(1));
    return offset === null ? null : start + offset;
  }
}

/** null: it does not name points of the rule. */
function pointPairs(text: string, points: readonly string[]): readonly (readonly [string, string])[] | null {
  const pairs = text.split(',').map((part): readonly [string, string] => {
    const equals = part.indexOf('=');
    return [part.slice(0, Math.max(0, equals)), part.slice(equals + 1)];
  });
  return pairs.every(([point]) => points.includes(point)) ? pairs : null;
}

/** JSON where it is JSON, else a text. `null` is a value whose quality is not good. */
function readValue(text: string): SampleValue {
  try {
    return JSON.parse(text) as SampleValue;
  } catch {
    return text;
  }
}
