import type { Evaluation } from '../alarms/evaluation.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { DeviceId, PointPath } from '../domain/ids.ts';
import { subjectKey } from '../domain/subject-key.ts';
import type { SampleValue } from '../domain/value.ts';
import type { AlarmKeeper } from './alarm-keeper.ts';
import type { RuleState } from './tracked.ts';
import type { Link } from './watches.ts';

/** After so long without late samples, a replay is over. */
const IDLE_MS = 5 * 60_000;

/** Evaluates what comes late on its own, beside what is live: it raises nothing now, and is kept as history. */
export interface LateData {
  sample(link: Link, device: DeviceId, point: PointPath, time: number, value: SampleValue, now: number): void;
  /** Ends what has been idle. */
  sweep(now: number): void;
  readonly shadows: number;
  /** Late samples that were not evaluated because as many subjects have late data as may be. */
  readonly skipped: number;
}

interface Shadow {
  readonly state: RuleState;
  readonly subject: AlarmSubject;
  readonly evaluation: Evaluation;
  record: AlarmRecord | null;
  usedAt: number;
}

export function createLateData(ports: { readonly keeper: AlarmKeeper; readonly shadowsMax: number }): LateData {
  const { keeper, shadowsMax } = ports;
  const shadows = new Map<string, Shadow>();
  let skipped = 0;

  return {
    sample({ state, slot }, device, point, time, value, now) {
      const { rule } = state;
      // Of a silence it is known when it ends: late data have their gaps elsewhere. And a group has no order of its own among late data of several devices.
      if (rule.late === 'ignore' || state.timed || rule.condition.subject === 'group') return;
      const subject: AlarmSubject = { device, point: rule.condition.subject === 'point' ? point : null, group: null };
      const key = `${state.project} ${rule.id} ${subjectKey(subject)}`;
      let shadow = shadows.get(key);
      // Another version of the rule: it begins anew.
      if (shadow !== undefined && shadow.state !== state) {
        end(key, shadow);
        shadow = undefined;
      }
      if (shadow === undefined) {
        if (state.lazy && typeof value === 'number' && value >= state.quietLow && value < state.quietHigh) return;
        if (shadows.size >= shadowsMax) {
          skipped += 1;
          return;
        }
        shadow = { state, subject, evaluation: state.startLate(subject), record: null, usedAt: now };
        shadows.set(key, shadow);
      }
      const taken = shadow;
      taken.usedAt = now;
      const { evaluation } = taken;
      for (const change of evaluation.sample(slot, time, value) ?? []) {
        const level = change.to === 0 ? null : (rule.condition.levels[change.to - 1] ?? null);
        taken.record = keeper.level(state, subject, level, change, openOf(taken)) ?? taken.record;
      }
      const { later } = evaluation;
      later?.then(
        (finding) => {
          for (const change of evaluation.found(finding, time, value) ?? []) {
            const level = change.to === 0 ? null : (rule.condition.levels[change.to - 1] ?? null);
            taken.record = keeper.level(state, subject, level, change, openOf(taken)) ?? taken.record;
          }
        },
        () => undefined,
      );
    },
    sweep(now) {
      for (const [key, shadow] of shadows) if (now - shadow.usedAt >= IDLE_MS) end(key, shadow);
    },
    get shadows() {
      return shadows.size;
    },
    get skipped() {
      return skipped;
    },
  };

  function end(key: string, shadow: Shadow): void {
    shadows.delete(key);
    const open = openOf(shadow);
    if (open === null) return;
    const cause = { time: shadow.evaluation.lastTime, value: null, explanation: 'the late data end here' };
    keeper.level(shadow.state, shadow.subject, null, cause, open);
  }
}

function openOf({ record }: Shadow): AlarmRecord | null {
  return record === null || record.closedAt !== null ? null : record;
}
