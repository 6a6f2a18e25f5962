import type { DeviceId, ProjectId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Page, PageRequest } from '../page.ts';
import type { ReadDatabase } from './database.ts';
import type { RejectRecord, SystemStore } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly device: string | null;
  readonly time: number;
  readonly code: string;
  readonly step: string;
  readonly reason: string;
  readonly point: string | null;
  readonly protocol: string;
  readonly address: string | null;
  readonly topic: string | null;
  readonly payload_bytes: number;
  readonly payload_head: string;
}

const NEWEST_FIRST = 'and (time, id) < (?, ?) order by time desc, id desc limit ?';
const OF_DEVICE = `select * from rejects where device = ? ${NEWEST_FIRST}`;
const OF_PROJECT = `select * from rejects where project = ? ${NEWEST_FIRST}`;
/** Committed together with good samples: a device that went in the meantime must not take those with it. */
const INSERT = `insert into rejects (id, project, device, time, code, step, reason, point, protocol, address, topic, payload_bytes, payload_head)
  select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? where ? is null or exists (select 1 from devices where id = ?)`;
/** Only owners that have too many are sorted. */
const TRIM_DEVICES = `delete from rejects where id in (select id from (
    select id, row_number() over (partition by device order by time desc, id desc) as place from rejects
    where device in (select device from rejects where device is not null group by device having count(*) > ?)
  ) as placed where place > ?)`;
const TRIM_PROJECTS = `delete from rejects where id in (select id from (
    select id, row_number() over (partition by project order by time desc, id desc) as place from rejects
    where device is null
  ) as placed where place > ?)`;

export function createRejects(database: () => ReadDatabase): SystemStore['rejects'] {
  const page = (sql: string, owner: string, { limit, cursor }: PageRequest): Page<RejectRecord> => {
    const [time, id] = cursor === undefined || cursor === null ? [Number.MAX_SAFE_INTEGER, ''] : parseCursor(cursor);
    const rows = database().all<Row>(sql, owner, time, id, limit + 1);
    const items = rows.slice(0, limit).map(rejectOf);
    const last = items.at(-1);
    return { items, cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
  };
  return {
    list: async (device, request) => page(OF_DEVICE, device, request),
    listOfProject: async (project, request) => page(OF_PROJECT, project, request),
    insert: (reject) => ({
      sql: INSERT,
      parameters: [
        reject.id,
        reject.project,
        reject.device,
        reject.time,
        reject.code,
        reject.step,
        reject.reason,
        reject.point,
        reject.protocol,
        reject.address,
        reject.topic,
        reject.payloadBytes,
        reject.payloadHead,
        reject.device,
        reject.device,
      ],
    }),
    trim: (keep) => [
      { sql: TRIM_DEVICES, parameters: [keep, keep] },
      { sql: TRIM_PROJECTS, parameters: [keep] },
    ],
  };
}

function cursorOf({ time, id }: RejectRecord): string {
  return Buffer.from(`${time} ${id}`).toString('base64url');
}

function parseCursor(cursor: string): [number, string] {
  const found = /^(-?\d{1,16}) (.{1,128})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (found === null) throw new MusterError('invalid', 'the cursor is not one that a list has given', { details: { field: 'cursor' } });
  return [Number(found[1]), found[2] ?? ''];
}

function rejectOf(row: Row): RejectRecord {
  return {
    id: row.id,
    project: row.project as ProjectId,
    device: row.device as DeviceId | null,
    time: row.time,
    code: row.code,
    step: row.step,
    reason: row.reason,
    point: row.point,
    protocol: row.protocol,
    address: row.address,
    topic: row.topic,
    payloadBytes: row.payload_bytes,
    payloadHead: row.payload_head,
  };
}
