import type { AlarmRecord } from '../../../domain/alarm.ts';
import type { AlarmId } from '../../../domain/ids.ts';
import { subjectKey } from '../../../domain/subject-key.ts';
import type { AlarmFilter, AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { alarmRecordOf } from './alarm-record.ts';
import type { ReadableRows } from './readable-rows.ts';
import { type Condition, oneOf, pageOf, type Scan } from './scan.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly record: string;
}

const LIVE = 'select id, project, record from alarms where closed_at is null order by seq';
const BY_ID = 'select id, project, record from alarms where id = ? and project = ?';
/**
 * A record is the element itself, or text inside it where its value is of a device's making: SQLite reads no JSON that is nested deeper than 1,000, and
 * would refuse the samples with it.
 */
const PUT = `insert into alarms (id, project, rule, subject, device, severity, historical, raised_at, closed_at, record)
  select value ->> '$.id', value ->> '$.project', value ->> '$.rule', value ->> '$.subjectKey', value ->> '$.subject.device', value ->> '$.severity',
    value ->> '$.historical', coalesce(value ->> '$.raisedAt', value ->> '$.createdAt'), value ->> '$.closedAt', coalesce(value ->> '$.record', json_remove(value, '$.subjectKey'))
  from json_each(?) where true
  on conflict (id) do update set rule = excluded.rule, subject = excluded.subject, device = excluded.device, severity = excluded.severity,
    historical = excluded.historical, raised_at = excluded.raised_at, closed_at = excluded.closed_at, record = excluded.record`;
const SET_ASIDE = 'update alarms set closed_at = ? where closed_at is null and id in (select value from json_each(?))';
const REMOVE_CLOSED = `delete from alarms where seq in (select seq from alarms indexed by alarms_closed where project = ? and closed_at < ? order by closed_at limit ?)`;

export function createAlarms(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['alarms'] {
  return {
    live: async () => rows.all('alarms', database().all<Row>(LIVE), recordOf),
    unreadable: async () =>
      database()
        .all<Row>(LIVE)
        .filter((row) => rows.one('alarms', row, recordOf)?.closedAt !== null)
        .map(({ id }) => id as AlarmId),
    setAside: (ids, at) => ({ sql: SET_ASIDE, parameters: [at, JSON.stringify(ids)] }),
    async byId(project, id) {
      const row = database().get<Row>(BY_ID, id, project);
      return row === null ? null : rows.one('alarms', row, recordOf);
    },
    list: (filter, page) => pageOf(database, scanOf(filter), page, (row: Row) => rows.one('alarms', row, recordOf)),
    put: (records) => ({ sql: PUT, parameters: [JSON.stringify(records.map(storedOf))] }),
    removeClosed: (project, before, max) => ({ sql: REMOVE_CLOSED, parameters: [project, before, max] }),
  };
}

function recordOf({ id, project, record }: Row): AlarmRecord {
  return alarmRecordOf(record, id, project);
}

function storedOf(record: AlarmRecord): object {
  const { id, project, rule, subject, severity, historical, raisedAt, closedAt, createdAt, value } = record;
  if (typeof value !== 'object' || value === null) return { ...record, subjectKey: subjectKey(subject) };
  const columns = { id, project, rule, subject, severity, historical, raisedAt, closedAt, createdAt };
  return { ...columns, subjectKey: subjectKey(subject), record: JSON.stringify(record) };
}

function scanOf({ project, closed, historical, severities, rules, devices, from, to }: AlarmFilter): Scan {
  // No place in the table is 0.
  const places = { behind: to === undefined ? null : [to, 0], upTo: from === undefined ? null : [from, 0] };
  const base = { table: 'alarms', order: ['raised_at', 'seq'], descending: true, ...places } as const;
  const rest: Condition[] = [...oneOf('severity', severities)];
  if (historical !== undefined) rest.push({ sql: '+historical = ?', parameters: [historical ? 1 : 0] });
  if (closed !== undefined) rest.push({ sql: closed ? '+closed_at is not null' : '+closed_at is null', parameters: [] });
  if (devices !== undefined) {
    return {
      ...base,
      index: 'alarms_device',
      ranges: [...new Set(devices)].map((device) => ({ sql: 'device = ?', parameters: [device] })),
      rest: [{ sql: '+project = ?', parameters: [project] }, ...oneOf('rule', rules), ...rest],
    };
  }
  if (rules !== undefined) {
    const ranges = [...new Set(rules)].map((rule) => ({ sql: 'project = ? and rule = ?', parameters: [project, rule] }));
    return { ...base, index: 'alarms_rule', ranges, rest };
  }
  // The term itself, without a sign before it: the index has only rows for which it holds.
  const open = closed === false ? ' and closed_at is null' : '';
  return {
    ...base,
    index: closed === false ? 'alarms_open' : 'alarms_project',
    ranges: [{ sql: `project = ?${open}`, parameters: [project] }],
    rest,
  };
}
