import type { Level } from '../domain/severity.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';

/** What was saved of an evaluation, as far as it fits the rule as it is now. Levels are numbered from 1. */
export interface SavedState {
  readonly level: number;
  readonly finding: number;
  readonly since: readonly (readonly [level: number, time: number])[];
  readonly beyond: readonly (readonly [level: number, times: readonly number[]])[];
  readonly at: number;
  readonly time: number;
  readonly value: SampleValue;
  readonly run: JsonValue;
}

/**
 * Never throws. A level that the rule does not have any more counts as the least bad one: the alarm stands, and the next sample says what it is now.
 */
export function readSavedEvaluation(saved: JsonValue, levels: readonly Level[]): SavedState {
  const numberOf = (name: JsonValue | undefined): number => {
    if (typeof name !== 'string') return 0;
    return Math.max(1, levels.findIndex((level) => level.name === name) + 1);
  };
  const fields = isRecord(saved) ? saved : {};
  return {
    level: numberOf(fields.level),
    finding: numberOf(fields.finding),
    since: pairsOf(fields.since, numberOf).flatMap(([level, time]) => (isTime(time) ? [[level, time] as const] : [])),
    beyond: pairsOf(fields.beyond, numberOf).flatMap(([level, times]) => (Array.isArray(times) ? [[level, times.filter(isTime)] as const] : [])),
    at: isTime(fields.at) ? fields.at : Number.NEGATIVE_INFINITY,
    time: isTime(fields.time) ? fields.time : Number.NEGATIVE_INFINITY,
    value: fields.value ?? null,
    run: fields.run ?? null,
  };
}

function pairsOf(value: JsonValue | undefined, numberOf: (name: JsonValue | undefined) => number): readonly (readonly [number, JsonValue | undefined])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: JsonValue) => (Array.isArray(pair) && typeof pair[0] === 'string' ? [[numberOf(pair[0]), pair[1]] as const] : []));
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) <= TIME_MAX;
}

/** What a Date takes, in ms. */
const TIME_MAX = 8.64e15;

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
