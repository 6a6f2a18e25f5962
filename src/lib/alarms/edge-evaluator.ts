import type { Severity } from '../domain/severity.ts';
import type { SampleValue } from '../domain/value.ts';
import type { LevelChange } from './evaluation.ts';
import type { Rule } from './rule.ts';
import { createRuleRuns, type RuleRuns, type SubjectRun } from './rule-runs.ts';

/** A rule that a gateway evaluates, and the devices that are in its scope: as `GET /devices/{id}/rules` gives it, read. */
export interface EdgeRule {
  readonly rule: Rule;
  readonly devices: readonly string[];
}

/** What the gateway tells the hub: the message to `devices/<device>/alarm`. Times in ms since 1970. */
export interface EdgeChange {
  readonly device: string;
  readonly rule: string;
  readonly ruleVersion: number;
  /** Absent: about the device. */
  readonly point?: string;
  readonly ts: number;
  /** null: back to normal. */
  readonly level: string | null;
  readonly severity?: Severity;
  readonly value: SampleValue;
  readonly explanation: string;
}

/** The rules of a gateway, evaluated by the code of the hub: the same values and times give the same changes. */
export interface EdgeEvaluator {
  readonly rules: number;
  sample(device: string, point: string, time: number, value: SampleValue): readonly EdgeChange[];
  /** The clock stands at `now`. */
  advance(now: number): readonly EdgeChange[];
  /** When it wants to be asked again; Infinity: with the next sample. */
  readonly dueAt: number;
}

const NOTHING: readonly EdgeChange[] = [];

export function createEdgeEvaluator(rules: readonly EdgeRule[]): EdgeEvaluator {
  const held = rules.map(({ rule, devices }) => ({ rule, devices: new Set(devices), runs: createRuleRuns(rule) }));

  return {
    rules: rules.length,
    sample(device, point, time, value) {
      let changes = NOTHING;
      for (const { rule, devices, runs } of held) {
        if (!devices.has(device)) continue;
        const input = runs.inputOf({ id: device, group: null }, point);
        const found = input?.run.evaluation.sample(input.slot, time, value, input.member) ?? null;
        if (input !== null && found !== null) changes = [...changes, ...found.map((change) => told(rule, input.run, change))];
      }
      return changes;
    },
    advance(now) {
      let changes = NOTHING;
      for (const { rule, runs } of held) {
        for (const run of runs.all()) {
          if (run.evaluation.dueAt > now) continue;
          const found = run.evaluation.advance(now);
          if (found !== null) changes = [...changes, ...found.map((change) => told(rule, run, change))];
        }
      }
      return changes;
    },
    get dueAt() {
      return held.reduce((least, { runs }) => Math.min(least, dueOf(runs)), Number.POSITIVE_INFINITY);
    },
  };
}

function dueOf(runs: RuleRuns): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { evaluation } of runs.all()) least = Math.min(least, evaluation.dueAt);
  return least;
}

function told(rule: Rule, { subject }: SubjectRun, { time, to, value, explanation }: LevelChange): EdgeChange {
  const level = to === 0 ? undefined : rule.condition.levels[to - 1];
  return {
    device: subject.device ?? '',
    rule: rule.id,
    ruleVersion: rule.version,
    ...(subject.point !== null && { point: subject.point }),
    ts: time,
    level: level?.name ?? null,
    ...(level !== undefined && { severity: level.severity }),
    value,
    explanation,
  };
}
