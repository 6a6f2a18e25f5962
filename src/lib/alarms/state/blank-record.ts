import type { AlarmRecord } from '../../domain/alarm.ts';
import type { AlarmSurroundings } from './transition.ts';

/** A record with all facts normal. It is never stored: the first fact that is not normal goes into it at once. */
export function blankRecord(surroundings: AlarmSurroundings, time: number): AlarmRecord {
  return {
    id: surroundings.newId(),
    project: surroundings.project,
    rule: surroundings.rule.id,
    ruleVersion: surroundings.rule.version,
    subject: surroundings.subject,
    origin: surroundings.origin,
    historical: surroundings.historical,
    active: false,
    level: null,
    severity: null,
    acked: true,
    latched: false,
    shelvedUntil: null,
    shelvedOnce: false,
    outOfService: false,
    suppressedBy: [],
    raisedAt: null,
    clearedAt: null,
    raisedCount: 0,
    ackedAt: null,
    ackedBy: null,
    assignee: null,
    value: null,
    message: '',
    explanation: '',
    labels: {},
    reAlarmAt: null,
    notifiedSeverity: null,
    createdAt: time,
    updatedAt: time,
    closedAt: null,
  };
}
