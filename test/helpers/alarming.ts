import type { AlarmRecord } from '../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import type { AlarmId, ChannelId, DeviceId, EventId, PointPath, ProjectId, RuleId } from '../../src/lib/domain/ids.ts';
import type { OutboxEntry } from '../../src/lib/domain/notification.ts';
import type { RuleRecord } from '../../src/lib/domain/rule-record.ts';

const PROJECT = 'default' as ProjectId;

/** Raised, critical and not acknowledged, on one point of a device. */
export function anAlarm(id: string, more: Partial<AlarmRecord> = {}): AlarmRecord {
  return {
    id: id as AlarmId,
    project: PROJECT,
    rule: 'boiler-hot' as RuleId,
    ruleVersion: 1,
    subject: { device: id as DeviceId, point: 'boiler/temperature' as PointPath, group: null },
    origin: 'hub',
    historical: false,
    active: true,
    level: 'hihi',
    severity: 'critical',
    acked: false,
    latched: false,
    shelvedUntil: null,
    shelvedOnce: false,
    outOfService: false,
    suppressedBy: [],
    raisedAt: 1_700_000_000_000,
    clearedAt: null,
    raisedCount: 1,
    ackedAt: null,
    ackedBy: null,
    assignee: null,
    value: 92.4,
    message: 'Boiler: boiler/temperature is 92.4 °C',
    explanation: '92.4 >= 90 (critical), leaves below 88',
    labels: { team: 'heating' },
    reAlarmAt: null,
    notifiedSeverity: 'critical',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    closedAt: null,
    ...more,
  };
}

export function anEvent(id: string, more: Partial<HubEvent> = {}): HubEvent {
  return {
    id: id as EventId,
    project: PROJECT,
    time: 1_700_000_000_000,
    recordedAt: 1_700_000_000_000,
    kind: 'device.connected',
    actor: 'device:b1',
    severity: null,
    device: 'b1' as DeviceId,
    point: null,
    alarm: null,
    rule: null,
    text: 'b1 connected over mqtt',
    details: { protocol: 'mqtt' },
    ...more,
  };
}

export function aRuleRecord(id: string, more: Partial<RuleRecord> = {}): RuleRecord {
  return { id: id as RuleId, project: PROJECT, version: 1, enabled: true, document: { id }, createdAt: 1, createdBy: 'user:anna', ...more };
}

export function anOutboxEntry(id: string, more: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    id,
    project: PROJECT,
    channel: 'ops' as ChannelId,
    route: null,
    alarm: 'a' as AlarmId,
    event: 'e' as EventId,
    cause: 'raised',
    severity: 'critical',
    groupKey: '',
    delivery: null,
    state: 'waiting',
    attempts: 0,
    dueAt: 1,
    createdAt: 1,
    settledAt: null,
    lastError: null,
    content: { text: 'hot' },
    ...more,
  };
}
