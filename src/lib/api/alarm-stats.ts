import { setImmediate } from 'node:timers/promises';
import { blankRecord } from '../alarms/state/blank-record.ts';
import { displayState } from '../alarms/state/display-state.ts';
import type { AlarmSurroundings } from '../alarms/state/transition.ts';
import { alarmStatistics, type ConditionChange } from '../alarms/statistics/alarm-statistics.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { HubEvent } from '../domain/event.ts';
import type { AlarmId, ProjectId, RuleId } from '../domain/ids.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { subjectKey, subjectOf } from '../domain/subject-key.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { Alarms } from '../supervision/supervision.ts';
import type { AlarmStats } from './schema/alarms.ts';
import { type AlarmSelection, begunAt } from './select-alarms.ts';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly operators: number;
}

/** Entries of the journal that one answer is made of. */
const EVENTS_MAX = 300_000;
const EVENTS_PAGE = 2_000;
const STALE_MS = 86_400_000;
const STALE_LISTED = 100;

export async function alarmStats(
  project: ProjectId,
  selection: AlarmSelection,
  range: Range,
  ports: { readonly alarms: Alarms; readonly alarming: AlarmStorage; readonly clock: () => number },
  signal: AbortSignal,
): Promise<AlarmStats> {
  const { changes, complete } = await changesIn(project, selection, range, ports.alarming, signal);
  const first = changes[0]?.time ?? range.from;
  const from = complete ? range.from : Math.max(range.from, first);
  const { talkers, chattering, floods, severities, ...figures } = alarmStatistics(changes, { ...range, from });
  const live = [...ports.alarms.live(project)].filter(selection.matches);
  const stale = live.filter((record) => record.active && ports.clock() - begunAt(record) > STALE_MS).sort((one, other) => begunAt(one) - begunAt(other));
  return {
    from,
    to: range.to,
    complete,
    operators: range.operators,
    standing: standingOf(live),
    ...figures,
    floods: [...floods],
    talkers: talkers.map(({ key, ...more }) => ({ ...ofKey(key), ...more })),
    chattering: chattering.map(({ key, ...more }) => ({ ...ofKey(key), ...more })),
    stale: stale
      .slice(0, STALE_LISTED)
      .map((record) => ({ rule: record.rule, ...record.subject, id: record.id, severity: record.severity, raisedAt: begunAt(record) })),
    staleCount: stale.length,
    severities: [...severities],
  };
}

/** In the order of their times. Between pages others have their turn: a busy week has many. */
async function changesIn(
  project: ProjectId,
  { matches, stored }: AlarmSelection,
  { from, to }: Range,
  { events }: AlarmStorage,
  signal: AbortSignal,
): Promise<{ changes: ConditionChange[]; complete: boolean }> {
  const changes: ConditionChange[] = [];
  const wanted = new Set<string>();
  const { devices, rules } = stored;
  const filter = {
    project,
    kinds: ['alarm.raised', 'alarm.cleared'] satisfies HubEvent['kind'][],
    from,
    to,
    ...(devices && { devices }),
    ...(rules && { rules }),
  };
  let cursor: string | null = null;
  let read = 0;
  do {
    const page: Awaited<ReturnType<AlarmStorage['events']['list']>> = await events.list(filter, { limit: EVENTS_PAGE, cursor });
    for (const event of page.items) {
      if (event.details.historical === true) continue;
      const change = changeOf(event);
      // What is asked of the rule's labels stands with the raise alone.
      if (change.raised && matches(recordOf(project, event))) wanted.add(change.key);
      changes.push(change);
    }
    read += page.items.length;
    cursor = page.cursor;
    await setImmediate();
    signal.throwIfAborted();
  } while (cursor !== null && read < EVENTS_MAX);
  const found = changes.filter(({ key }) => wanted.has(key)).sort((one, other) => one.time - other.time);
  return { changes: found, complete: cursor === null };
}

/** As much of the alarm as a selection may ask about. */
function recordOf(project: ProjectId, event: HubEvent): AlarmRecord {
  const { rule, severity, details, time } = event;
  const labels = details.after !== null && typeof details.after === 'object' && 'labels' in details.after ? details.after.labels : {};
  const surroundings: AlarmSurroundings = {
    project,
    subject: { device: event.device, point: event.point, group: groupOf(event) },
    origin: 'hub',
    historical: false,
    rule: { id: rule ?? ('' as RuleId), version: 0, labels: {}, latch: false, requiresAck: false, reAlarmMs: null },
    newId: () => event.alarm ?? ('' as AlarmId),
  };
  return { ...blankRecord(surroundings, time), severity, labels: labels as AlarmRecord['labels'] };
}

function groupOf({ details }: HubEvent): string | null {
  return typeof details.group === 'string' ? details.group : null;
}

function changeOf(event: HubEvent): ConditionChange {
  const raised = event.kind === 'alarm.raised';
  return { time: event.time, key: keyOf(event), raised, told: raised && wasTold(event) ? event.severity : null };
}

/** What people are told of is written into the alarm with the same event. */
function wasTold({ details }: HubEvent): boolean {
  const after = details.after;
  return typeof after === 'object' && after !== null && 'notifiedSeverity' in after && after.notifiedSeverity !== null;
}

function keyOf(event: HubEvent): string {
  const { rule, device, point } = event;
  return `${rule ?? ''} ${subjectKey({ device, point, group: groupOf(event) })}`;
}

/** Names of rules have no space. */
function ofKey(key: string): { readonly rule: RuleId } & AlarmRecord['subject'] {
  const space = key.indexOf(' ');
  return { rule: key.slice(0, space) as RuleId, ...subjectOf(key.slice(space + 1)) };
}

function standingOf(live: readonly AlarmRecord[]): AlarmStats['standing'] {
  const active = live.filter((record) => record.active);
  const byState: Record<string, number> = {};
  for (const record of live) byState[displayState(record)] = (byState[displayState(record)] ?? 0) + 1;
  return {
    live: live.length,
    active: active.length,
    unacknowledged: live.filter((record) => !record.acked).length,
    byState,
    bySeverity: Object.fromEntries(SEVERITIES.map((severity) => [severity, active.filter((record) => record.severity === severity).length])),
  };
}
