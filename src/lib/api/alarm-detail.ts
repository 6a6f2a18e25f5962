import { describeRule } from '../alarms/describe-rule.ts';
import type { Rule } from '../alarms/rule.ts';
import { displayState } from '../alarms/state/display-state.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { HubEvent } from '../domain/event.ts';
import type { ProjectId } from '../domain/ids.ts';
import { pathMatcher } from '../domain/matching.ts';
import type { RuleRecord } from '../domain/rule-record.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory, PointEntry } from '../fleet/directory.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { SampleRow } from '../storage/sample-store.ts';
import type { Rules } from '../supervision/supervision.ts';
import type { SampleReader } from './sample-reader.ts';
import type { Alarm, AlarmDetail, AlarmEvent } from './schema/alarms.ts';

export interface DetailPorts {
  readonly rules: Rules;
  readonly alarming: AlarmStorage;
  readonly reader: SampleReader;
  readonly directory: Directory;
}

const EVENTS_MAX = 500;
/** Of each point: those that led to it, and those after. */
const SAMPLES_BEFORE = 20;
const SAMPLES_AFTER = 10;
const SAMPLES_RANGE_MS = 86_400_000;
const POINTS_MAX = 8;

export function renderAlarm({ project: _project, subject, ...record }: AlarmRecord): Alarm {
  return { ...record, ...subject, state: displayState(record), suppressedBy: [...record.suppressedBy] };
}

/** Everything that says why this alarm is what it is. */
export async function alarmDetail(project: ProjectId, record: AlarmRecord, ports: DetailPorts, signal: AbortSignal): Promise<AlarmDetail> {
  const { items, cursor } = await ports.alarming.events.list({ project, alarm: record.id }, { limit: EVENTS_MAX });
  const events = [...items].reverse();
  const rule = await ruleOf(project, record, events, ports);
  const device = record.subject.device === null ? undefined : ports.directory.device(record.subject.device)?.device;
  return {
    alarm: renderAlarm(record),
    events: events.map(renderEvent),
    eventsLeftOut: cursor !== null,
    device: device ? { id: device.id, name: device.name, type: device.type, parent: device.parent, labels: device.labels } : null,
    rule: rule === null ? null : renderRule(project, rule, ports.rules),
    samples: await samplesAround(record, rule === null ? null : compiledOf(rule, ports.rules), ports, signal),
  };
}

function renderEvent({ id, time, recordedAt, kind, actor, severity, text, details }: HubEvent): AlarmEvent {
  return { id, time, recordedAt, kind, actor, severity, text, details };
}

/** The version that raised it last, which need not be the one in force. */
async function ruleOf(project: ProjectId, record: AlarmRecord, events: readonly HubEvent[], { rules }: DetailPorts): Promise<RuleRecord | null> {
  const raised = events.findLast((event) => event.kind === 'alarm.raised' || event.kind === 'alarm.changed');
  const version = typeof raised?.details.ruleVersion === 'number' ? raised.details.ruleVersion : record.ruleVersion;
  try {
    const versions = await rules.versions(project, record.rule);
    return versions.find((one) => one.version === version) ?? null;
  } catch (error: unknown) {
    // Raised at an edge, by a rule of its own.
    if (error instanceof MusterError && error.code === 'not_found') return null;
    throw error;
  }
}

function compiledOf(rule: RuleRecord, rules: Rules): Rule | null {
  const read = rules.check(rule.document);
  return 'rule' in read ? read.rule : null;
}

function renderRule(project: ProjectId, rule: RuleRecord, rules: Rules): AlarmDetail['rule'] {
  const compiled = compiledOf(rule, rules);
  const now = rules.list(project).find(({ id }) => id === rule.id);
  return {
    id: rule.id,
    version: rule.version,
    versionNow: now?.version ?? null,
    createdAt: rule.createdAt,
    createdBy: rule.createdBy,
    document: rule.document,
    words: compiled === null ? [] : [...describeRule(compiled, rule.document)],
  };
}

/** Nothing for a group: its points are those of many devices. */
async function samplesAround(record: AlarmRecord, rule: Rule | null, { reader, directory }: DetailPorts, signal: AbortSignal): Promise<AlarmDetail['samples']> {
  const device = record.subject.device === null ? undefined : directory.device(record.subject.device);
  if (device === undefined) return [];
  const at = record.raisedAt ?? record.createdAt;
  const around: AlarmDetail['samples'] = [];
  for (const { point } of pointsOf(record, rule, device.points)) {
    const range = { series: [point.series], order: 'time' } as const;
    const before = await rowsOf(reader, { ...range, from: at - SAMPLES_RANGE_MS, to: at + 1, descending: true, limit: SAMPLES_BEFORE }, signal);
    const after = await rowsOf(reader, { ...range, from: at + 1, to: at + SAMPLES_RANGE_MS, descending: false, limit: SAMPLES_AFTER }, signal);
    const items = [...before.reverse(), ...after].map(({ time, value, quality, late }) => ({ time, value, quality, late }));
    around.push({ point: point.path, unit: point.unit, decimals: point.decimals, items });
  }
  return around;
}

function pointsOf(record: AlarmRecord, rule: Rule | null, points: ReadonlyMap<string, PointEntry>): PointEntry[] {
  const { point } = record.subject;
  const named = point !== null ? [point] : (rule?.condition.points ?? []);
  const isNamed = pathMatcher(named);
  return [...points.values()]
    .filter(({ point: { path } }) => isNamed(path))
    .sort((one, other) => (one.point.path < other.point.path ? -1 : 1))
    .slice(0, POINTS_MAX);
}

async function rowsOf(reader: SampleReader, query: Parameters<SampleReader['read']>[0], signal: AbortSignal): Promise<SampleRow[]> {
  const rows: SampleRow[] = [];
  for await (const chunk of reader.read(query, signal)) rows.push(...chunk);
  return rows;
}
