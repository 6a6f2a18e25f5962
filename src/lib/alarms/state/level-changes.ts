import type { AlarmRecord } from '../../domain/alarm.ts';
import type { Change } from './change.ts';
import type { AlarmInput, AlarmSurroundings } from './transition.ts';

type LevelInput = Extract<AlarmInput, { kind: 'level' }>;

/** The condition has another level, or is normal again. */
export function levelChanges(record: AlarmRecord, input: LevelInput, time: number, { rule }: AlarmSurroundings): Change[] {
  const { level, value } = input;
  const actor = `rule:${rule.id}`;
  const details = { level: level?.name ?? null, explanation: input.explanation };
  if (level === null) return record.active ? cleared(record, input, time, actor, details, rule) : [];

  const found = {
    level: level.name,
    severity: level.severity,
    value,
    message: input.message,
    explanation: input.explanation,
    labels: rule.labels,
    ruleVersion: rule.version,
  };
  if (!record.active) {
    const patch = { ...found, active: true, latched: false, raisedAt: time, clearedAt: null, raisedCount: record.raisedCount + 1, notifiedSeverity: null };
    return [{ kind: 'alarm.raised', time, actor, text: input.message || input.explanation, details, patch }];
  }
  if (record.level === level.name && record.severity === level.severity) return [];
  return [{ kind: 'alarm.changed', time, actor, text: input.message || input.explanation, details, patch: found }];
}

/** Level, message and explanation stay those of the alarm: they say what it was. */
function cleared(record: AlarmRecord, input: LevelInput, time: number, actor: string, details: Change['details'], rule: AlarmSurroundings['rule']): Change[] {
  const patch = { active: false, latched: rule.latch && !record.historical, clearedAt: time, value: input.value, ruleVersion: rule.version };
  const text = input.message === '' ? 'Returned to normal' : `Returned to normal: ${input.message}`;
  const changes: Change[] = [{ kind: 'alarm.cleared', time, actor, text, details, patch }];
  if (record.shelvedUntil !== null && record.shelvedOnce) {
    changes.push({
      kind: 'alarm.unshelved',
      time,
      actor: 'hub',
      text: 'Unshelved: it returned to normal',
      details: {},
      patch: { shelvedUntil: null, shelvedOnce: false },
    });
  }
  return changes;
}
