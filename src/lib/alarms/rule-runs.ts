import type { AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, PointPath } from '../domain/ids.ts';
import { subjectKey } from '../domain/subject-key.ts';
import { createEvaluations } from './create-evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import type { Rule } from './rule.ts';
import { matchesPoint } from './scope.ts';

/** A rule on one subject. */
export interface SubjectRun {
  readonly key: string;
  readonly subject: AlarmSubject;
  readonly evaluation: Evaluation;
}

/** Where the samples of one point go. */
export interface SubjectInput {
  readonly run: SubjectRun;
  readonly slot: number;
  readonly member: number;
}

/** A device that a rule may look at. */
export interface RunDevice {
  readonly id: string;
  /** The group that a rule over groups puts it into; null: none. */
  readonly group: string | null;
}

/**
 * The evaluations of one rule, made when the first sample of their subject comes: outside of a hub, where a few devices are looked at: in a gateway, or in a trial.
 * Whether the scope holds for the device is the caller's business.
 */
export interface RuleRuns {
  /** null: the rule does not look at that point. */
  inputOf(device: RunDevice, point: string): SubjectInput | null;
  all(): Iterable<SubjectRun>;
}

export function createRuleRuns(rule: Rule): RuleRuns {
  const { condition, scope } = rule;
  const evaluationOf = createEvaluations(rule);
  const runs = new Map<string, SubjectRun>();
  const inputs = new Map<string, SubjectInput | null>();
  const members = new Map<string, number>();

  function runOf(subject: AlarmSubject): SubjectRun {
    const key = subjectKey(subject);
    let run = runs.get(key);
    if (run === undefined) {
      run = { key, subject, evaluation: evaluationOf(subject) };
      runs.set(key, run);
    }
    return run;
  }

  function memberOf(run: SubjectRun, device: string): number {
    const key = `${run.key} ${device}`;
    let member = members.get(key);
    if (member === undefined) {
      member = run.evaluation.join(device);
      members.set(key, member);
    }
    return member;
  }

  function find(device: RunDevice, point: string): SubjectInput | null {
    const onDevice = { device: device.id as DeviceId, point: null, group: null };
    if (condition.subject === 'point') {
      return matchesPoint(scope, point) ? { run: runOf({ ...onDevice, point: point as PointPath }), slot: 0, member: 0 } : null;
    }
    const slot = condition.points.indexOf('*') === 0 ? 0 : condition.points.indexOf(point);
    if (slot < 0) return null;
    if (condition.subject === 'device') return { run: runOf(onDevice), slot, member: 0 };
    if (device.group === null) return null;
    const run = runOf({ device: null, point: null, group: device.group });
    return { run, slot, member: memberOf(run, device.id) };
  }

  return {
    inputOf(device, point) {
      const key = `${device.id}/${point}`;
      let input = inputs.get(key);
      if (input === undefined) {
        input = find(device, point);
        inputs.set(key, input);
      }
      return input;
    },
    all: () => runs.values(),
  };
}
