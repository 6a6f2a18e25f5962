import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RuleOutcome } from '../../../src/lib/backtest/backtest.ts';
import { CHANGES_MAX } from '../../../src/lib/backtest/subject-tally.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';

/** What reference.py takes: as a document, with all durations in ms. */
export interface ReferenceRule {
  readonly when: { readonly [kind: string]: JsonValue };
  readonly onDelay: number;
  readonly offDelay: number;
  readonly repeat?: { readonly times: number; readonly within: number } | null;
}

export type ReferenceDevice =
  | { readonly file: string; readonly time: string; readonly column: string }
  | { readonly rows: readonly (readonly [time: number, value: number])[] };

type Change = readonly [time: number, level: string | null];

/** For each rule and each device its changes. */
export function changesByPython(devices: readonly ReferenceDevice[], rules: readonly ReferenceRule[]): Change[][][] {
  const input = JSON.stringify({ devices, rules });
  const { stdout, stderr, status } = spawnSync('python3', [fileURLToPath(new URL('reference.py', import.meta.url))], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const DURATIONS = new Set(['over', 'per', 'window', 'within']);

export function documentOf({ when, onDelay, offDelay, repeat }: ReferenceRule, id: string): JsonValue {
  return {
    id,
    scope: { points: 'value' },
    when: withDurations(when),
    onDelay: `${onDelay}ms`,
    offDelay: `${offDelay}ms`,
    ...(repeat && { repeat: { times: repeat.times, within: `${repeat.within}ms` } }),
  };
}

function withDurations(value: JsonValue): JsonValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withDurations);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, DURATIONS.has(name) ? `${each}ms` : withDurations(each)]));
}

interface Told {
  readonly changes: readonly Change[];
  readonly changesCount: number;
  readonly clearedAt: number | null;
}

/** Changes up to each return to normal; of many only the first are told. */
export function occurrencesOf(changes: readonly Change[]): Told[] {
  const occurrences: { changes: Change[]; changesCount: number; clearedAt: number | null }[] = [];
  let standing = false;
  for (const [time, level] of changes) {
    const last = standing ? occurrences.at(-1) : undefined;
    if (level === null) {
      if (last !== undefined) last.clearedAt = time;
    } else if (last === undefined) occurrences.push({ changes: [[time, level]], changesCount: 1, clearedAt: null });
    else {
      last.changesCount += 1;
      if (last.changes.length < CHANGES_MAX) last.changes.push([time, level]);
    }
    standing = level !== null;
  }
  return occurrences;
}

/** The same of a back-test, for one device. */
export function occurrencesFound(outcome: RuleOutcome | undefined, device: string): Told[] {
  return (outcome?.occurrences ?? [])
    .filter(({ subject }) => subject.device === device)
    .map(({ changes, changesCount, clearedAt }) => ({ changes: changes.map(({ time, level }) => [time, level]), changesCount, clearedAt }));
}
