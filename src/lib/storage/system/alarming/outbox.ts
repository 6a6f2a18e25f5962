import type { AlarmId, ChannelId, EventId, ProjectId, RouteId } from '../../../domain/ids.ts';
import { DELIVERY_STATES, NOTIFY_CAUSES, type OutboxEntry } from '../../../domain/notification.ts';
import { SEVERITIES } from '../../../domain/severity.ts';
import type { AlarmStorage, OutboxFilter } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { memberOf, objectOf, type ReadableRows } from './readable-rows.ts';
import { oneOf, pageOf, type Scan } from './scan.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly channel: string;
  readonly route: string | null;
  readonly alarm: string | null;
  readonly event: string;
  readonly cause: string;
  readonly severity: string;
  readonly group_key: string;
  readonly delivery: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly due_at: number;
  readonly created_at: number;
  readonly settled_at: number | null;
  readonly last_error: string | null;
  readonly content: string;
}

const WAITING = "select * from outbox where state = 'waiting' order by due_at, seq";
/** An entry that is there already stays as it is: a transaction whose end nobody was told is committed again. */
const INSERT = `insert into outbox (id, project, channel, route, alarm, event, cause, severity, group_key, delivery, state, attempts, due_at, created_at, settled_at, last_error, content)
  select value ->> '$.id', value ->> '$.project', value ->> '$.channel', value ->> '$.route', value ->> '$.alarm', value ->> '$.event', value ->> '$.cause',
    value ->> '$.severity', value ->> '$.groupKey', value ->> '$.delivery', value ->> '$.state', value ->> '$.attempts', value ->> '$.dueAt',
    value ->> '$.createdAt', value ->> '$.settledAt', value ->> '$.lastError', value ->> '$.content'
  from json_each(?) where true on conflict (id) do nothing`;
const UPDATE = `update outbox set delivery = change.value ->> '$.delivery', state = change.value ->> '$.state', attempts = change.value ->> '$.attempts',
    due_at = change.value ->> '$.dueAt', settled_at = change.value ->> '$.settledAt', last_error = change.value ->> '$.lastError'
  from json_each(?) as change where outbox.id = change.value ->> '$.id'`;
const REMOVE_SETTLED = 'delete from outbox where seq in (select seq from outbox where settled_at < ? order by settled_at limit ?)';

export function createOutbox(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['outbox'] {
  return {
    waiting: async () => rows.all('outbox', database().all<Row>(WAITING), entryOf),
    list: (filter, page) => pageOf(database, scanOf(filter), page, (row: Row) => rows.one('outbox', row, entryOf)),
    insert: (entries) => ({ sql: INSERT, parameters: [JSON.stringify(entries.map((entry) => ({ ...entry, content: JSON.stringify(entry.content) })))] }),
    update: (entries) => ({
      sql: UPDATE,
      parameters: [
        JSON.stringify(
          entries.map(({ id, delivery, state, attempts, dueAt, settledAt, lastError }) => ({ id, delivery, state, attempts, dueAt, settledAt, lastError })),
        ),
      ],
    }),
    removeSettled: (before, max) => ({ sql: REMOVE_SETTLED, parameters: [before, max] }),
  };
}

function scanOf({ project, channel, alarm, states }: OutboxFilter): Scan {
  const base = { table: 'outbox', order: ['seq'], descending: true, behind: null, upTo: null } as const;
  const rest = oneOf('state', states);
  const ofProject = { sql: '+project = ?', parameters: [project] };
  const ofChannel = channel === undefined ? [] : [{ sql: '+channel = ?', parameters: [channel] }];
  if (alarm !== undefined)
    return { ...base, index: 'outbox_alarm', ranges: [{ sql: 'alarm = ?', parameters: [alarm] }], rest: [ofProject, ...ofChannel, ...rest] };
  if (channel !== undefined)
    return { ...base, index: 'outbox_channel', ranges: [{ sql: 'project = ? and channel = ?', parameters: [project, channel] }], rest };
  return { ...base, index: 'outbox_project', ranges: [{ sql: 'project = ?', parameters: [project] }], rest };
}

function entryOf(row: Row): OutboxEntry {
  return {
    id: row.id,
    project: row.project as ProjectId,
    channel: row.channel as ChannelId,
    route: row.route as RouteId | null,
    alarm: row.alarm as AlarmId | null,
    event: row.event as EventId,
    cause: memberOf(NOTIFY_CAUSES, row.cause),
    severity: memberOf(SEVERITIES, row.severity),
    groupKey: row.group_key,
    delivery: row.delivery,
    state: memberOf(DELIVERY_STATES, row.state),
    attempts: row.attempts,
    dueAt: row.due_at,
    createdAt: row.created_at,
    settledAt: row.settled_at,
    lastError: row.last_error,
    content: objectOf(row.content),
  };
}
