import { EVENT_KINDS, type HubEvent } from '../../../domain/event.ts';
import type { AlarmId, DeviceId, EventId, PointPath, ProjectId, RuleId } from '../../../domain/ids.ts';
import { SEVERITIES } from '../../../domain/severity.ts';
import type { AlarmStorage, EventFilter } from '../../alarm-storage.ts';
import type { SqlValue } from '../../commit-log.ts';
import type { ReadDatabase } from '../database.ts';
import { memberOf, objectOf, type ReadableRows } from './readable-rows.ts';
import { type Condition, countOf, oneOf, pageOf, type Scan } from './scan.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly time: number;
  readonly recorded_at: number;
  readonly kind: string;
  readonly actor: string;
  readonly severity: string | null;
  readonly device: string | null;
  readonly point: string | null;
  readonly alarm: string | null;
  readonly rule: string | null;
  readonly text: string;
  readonly details: string;
}

/** One that is there already stays as it is: a transaction whose end nobody was told is committed again. */
const INSERT = `insert into events (id, project, time, recorded_at, kind, actor, severity, device, point, alarm, rule, text, details)
  select value ->> '$.id', value ->> '$.project', value ->> '$.time', value ->> '$.recordedAt', value ->> '$.kind', value ->> '$.actor', value ->> '$.severity',
    value ->> '$.device', value ->> '$.point', value ->> '$.alarm', value ->> '$.rule', value ->> '$.text', value ->> '$.details'
  from json_each(?) where true on conflict (id) do nothing`;
const REMOVE_OLD = 'delete from events where seq in (select seq from events where recorded_at < ? order by recorded_at limit ?)';
/** Places are given without gaps, but for those that went with their transaction. */
const REMOVE_BEYOND = 'delete from events where seq in (select seq from events where seq <= (select max(seq) from events) - ? order by seq limit ?)';

const PLACE_OF = 'select seq from events where id = ? and project = ?';
/** Where an event that is gone stood: ids are in the order of time, nearly. */
const PLACE_BEFORE = 'select seq - 1 as seq from events where id > ? order by id limit 1';
const LAST = 'select max(seq) as seq from events';

/** Behind which there is none. */
const LAST_PLACE = Number.MAX_SAFE_INTEGER - 1;

/** As the index events_odd has it. */
const ODD_MS = 60_000;
const ODD_MAX = 20_000;
/** Some events reach the disk in batches, behind others that were recorded after them: so much later at most. */
const WRITTEN_LATE_MS = 60_000;
const LAST_BEFORE = 'select seq from events where recorded_at < ? order by recorded_at desc, seq desc limit 1';
const FIRST_AFTER = 'select seq from events where recorded_at >= ? order by recorded_at, seq limit 1';
const ODD = `select min(seq) as low, max(seq) as high, count(*) as count from (select seq from events indexed by events_odd
  where abs(time - recorded_at) > 60000 and project = ? and time >= ? and time < ? limit ${ODD_MAX + 1})`;

export function createEvents(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['events'] {
  return {
    insert: (events) => ({ sql: INSERT, parameters: [JSON.stringify(events.map((event) => ({ ...event, details: JSON.stringify(event.details) })))] }),
    list: async (filter, page) => pageOf(database, scanOf(filter, boundsOf(filter)), page, (row: Row) => rows.one('events', row, eventOf)),
    count: async (filter) => countOf(database, scanOf(filter, boundsOf(filter))),
    removeOld: (before, max) => ({ sql: REMOVE_OLD, parameters: [before, max] }),
    removeBeyond: (keep, max) => ({ sql: REMOVE_BEYOND, parameters: [keep, max] }),
  };

  /** Between which places of the journal a filter can find anything, both included. */
  function boundsOf({ project, from, to, after }: EventFilter): { low: number; high: number } {
    const behind = after === undefined ? 0 : placeOf(project, after) + 1;
    const { low, high } = from === undefined && to === undefined ? { low: 0, high: LAST_PLACE } : placesBetween(project, from, to);
    return { low: Math.max(low, behind), high };
  }

  function placeOf(project: ProjectId, id: EventId): number {
    const place = database().get<{ seq: number }>(PLACE_OF, id, project) ?? database().get<{ seq: number }>(PLACE_BEFORE, id);
    return place?.seq ?? database().get<{ seq: number | null }>(LAST)?.seq ?? 0;
  }

  /** An event is recorded when it happens, within a minute, or is one of the odd ones. */
  function placesBetween(project: ProjectId, from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER): { low: number; high: number } {
    const odd = database().get<{ low: number | null; high: number | null; count: number }>(ODD, project, from, to);
    if (odd === null || odd.count > ODD_MAX) return { low: 0, high: LAST_PLACE };
    const slackMs = ODD_MS + WRITTEN_LATE_MS;
    const first = database().get<{ seq: number }>(LAST_BEFORE, from - slackMs)?.seq ?? 0;
    const last = database().get<{ seq: number }>(FIRST_AFTER, to + slackMs)?.seq ?? LAST_PLACE;
    return { low: Math.min(first, odd.low ?? first), high: Math.max(last, odd.high ?? last) };
  }
}

function scanOf(
  { project, kinds, severities, devices, rules, alarm, from, to, after, oldestFirst }: EventFilter,
  { low, high }: { low: number; high: number },
): Scan {
  const descending = after === undefined && oldestFirst !== true;
  const places = descending ? { behind: [high + 1], upTo: [low] } : { behind: [low - 1], upTo: [high] };
  const base = { table: 'events', order: ['seq'], descending, ...places } as const;
  const rest: Condition[] = [...oneOf('severity', severities)];
  if (from !== undefined) rest.push({ sql: '+time >= ?', parameters: [from] });
  if (to !== undefined) rest.push({ sql: '+time < ?', parameters: [to] });
  const ofProject = { sql: '+project = ?', parameters: [project] };
  const range = (sql: string, ...parameters: SqlValue[]): Condition => ({ sql, parameters });
  if (alarm !== undefined) {
    const others = [ofProject, ...oneOf('device', devices), ...oneOf('rule', rules), ...oneOf('kind', kinds)];
    return { ...base, index: 'events_alarm', ranges: [range('alarm = ?', alarm)], rest: [...others, ...rest] };
  }
  if (devices !== undefined) {
    const ranges = [...new Set(devices)].map((device) => range('device = ?', device));
    return { ...base, index: 'events_device', ranges, rest: [ofProject, ...oneOf('rule', rules), ...oneOf('kind', kinds), ...rest] };
  }
  if (rules !== undefined) {
    const ranges = [...new Set(rules)].map((rule) => range('project = ? and rule = ?', project, rule));
    return { ...base, index: 'events_rule', ranges, rest: [...oneOf('kind', kinds), ...rest] };
  }
  if (kinds !== undefined) {
    const ranges = [...new Set(kinds)].map((kind) => range('project = ? and kind = ?', project, kind));
    return { ...base, index: 'events_kind', ranges, rest };
  }
  return { ...base, index: 'events_project', ranges: [range('project = ?', project)], rest };
}

function eventOf(row: Row): HubEvent {
  return {
    id: row.id as EventId,
    project: row.project as ProjectId,
    time: row.time,
    recordedAt: row.recorded_at,
    kind: memberOf(EVENT_KINDS, row.kind),
    actor: row.actor,
    severity: row.severity === null ? null : memberOf(SEVERITIES, row.severity),
    device: row.device as DeviceId | null,
    point: row.point as PointPath | null,
    alarm: row.alarm as AlarmId | null,
    rule: row.rule as RuleId | null,
    text: row.text,
    details: objectOf(row.details),
  };
}
