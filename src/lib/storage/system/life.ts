import type { DeviceId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/value.ts';
import { CLOCK_SOURCES, type ClockRecord, type ConnectionRecord, type LifeStorage, type VitalRecord } from '../life-storage.ts';
import type { ReadDatabase } from './database.ts';

interface VitalRow {
  readonly device: string;
  readonly born_at: number | null;
  readonly received_at: number | null;
  readonly birth: string | null;
  readonly died_at: number | null;
  readonly death: string | null;
}
interface ConnectionRow {
  readonly device: string;
  readonly started_at: number;
  readonly id: string;
  readonly protocol: string;
  readonly address: string | null;
  readonly client: string | null;
  readonly ended_at: number | null;
  readonly reason: string | null;
}
interface ClockRow {
  readonly device: string;
  readonly offset_ms: number;
  readonly source: string;
  readonly measured_at: number;
  readonly wrong_since: number | null;
}

/** Written in the background, many together: a device that went in the meantime must not take the others with it. */
const OF_DEVICES = `from json_each(?) where exists (select 1 from devices where id = value ->> '$.device')`;
const VITALS = 'select * from device_births where device = ?';
const PUT_BIRTHS = `insert into device_births (device, born_at, received_at, birth, died_at, death)
  select value ->> '$.device', value ->> '$.bornAt', value ->> '$.receivedAt', value ->> '$.birth', null, null ${OF_DEVICES}
  on conflict (device) do update set born_at = excluded.born_at, received_at = excluded.received_at, birth = excluded.birth, died_at = null, death = null`;
const PUT_DEATHS = `insert into device_births (device, died_at, death)
  select value ->> '$.device', value ->> '$.diedAt', value ->> '$.death' ${OF_DEVICES}
  on conflict (device) do update set died_at = excluded.died_at, death = excluded.death`;

const CONNECTIONS = 'select * from device_connections where device = ? and (started_at, id) < (?, ?) order by started_at desc, id desc limit ?';
const PUT_CONNECTIONS = `insert into device_connections (device, started_at, id, protocol, address, client, ended_at, reason)
  select value ->> '$.device', value ->> '$.startedAt', value ->> '$.id', value ->> '$.protocol', value ->> '$.address', value ->> '$.client',
    value ->> '$.endedAt', value ->> '$.reason' ${OF_DEVICES}
  on conflict (device, started_at, id) do update set ended_at = excluded.ended_at, reason = excluded.reason`;
const TRIM = `delete from device_connections where (device, started_at, id) in (
  select kept.device, kept.started_at, kept.id from json_each(?) as named cross join device_connections as kept
  where kept.device = named.value and (kept.started_at, kept.id) <= (
    select started_at, id from device_connections where device = named.value order by started_at desc, id desc limit 1 offset ?))`;
const END_ALL = `update device_connections set ended_at = max(started_at, coalesce(
  (select last_seen_at from device_statuses where device_statuses.device = device_connections.device), ?)), reason = ? where ended_at is null`;
const REMOVE_OLD = `delete from device_connections where (device, started_at, id) in (
  select device, started_at, id from device_connections where ended_at < ? order by ended_at limit ?)`;

const CLOCK = 'select * from device_clocks where device = ?';
const WRONG_CLOCKS = 'select * from device_clocks where wrong_since is not null';
const PUT_CLOCKS = `insert into device_clocks (device, offset_ms, source, measured_at, wrong_since)
  select value ->> '$.device', value ->> '$.offsetMs', value ->> '$.source', value ->> '$.measuredAt', value ->> '$.wrongSince' ${OF_DEVICES}
  on conflict (device) do update set offset_ms = excluded.offset_ms, source = excluded.source, measured_at = excluded.measured_at, wrong_since = excluded.wrong_since`;

export function createLife(database: () => ReadDatabase): LifeStorage {
  return {
    vitals: {
      async of(device) {
        const row = database().get<VitalRow>(VITALS, device);
        return row === null ? null : vitalOf(row);
      },
      putBirths: (births) => ({ sql: PUT_BIRTHS, parameters: [JSON.stringify(births.map((one) => ({ ...one, birth: JSON.stringify(one.birth) })))] }),
      putDeaths: (deaths) => ({ sql: PUT_DEATHS, parameters: [JSON.stringify(deaths)] }),
    },
    connections: {
      async list(device, { limit, behind }) {
        const { startedAt, id } = behind ?? { startedAt: Number.MAX_SAFE_INTEGER, id: '' };
        return database().all<ConnectionRow>(CONNECTIONS, device, startedAt, id, limit).map(connectionOf);
      },
      put: (connections) => ({ sql: PUT_CONNECTIONS, parameters: [JSON.stringify(connections)] }),
      trim: (devices, keep) => ({ sql: TRIM, parameters: [JSON.stringify(devices), keep] }),
      endAll: (reason, now) => ({ sql: END_ALL, parameters: [now, reason] }),
      removeOld: (endedBefore, max) => ({ sql: REMOVE_OLD, parameters: [endedBefore, max] }),
    },
    clocks: {
      async of(device) {
        const row = database().get<ClockRow>(CLOCK, device);
        return row === null ? null : clockOf(row);
      },
      wrong: async () => database().all<ClockRow>(WRONG_CLOCKS).map(clockOf),
      put: (clocks) => ({ sql: PUT_CLOCKS, parameters: [JSON.stringify(clocks)] }),
    },
  };
}

function vitalOf(row: VitalRow): VitalRecord {
  return {
    device: row.device as DeviceId,
    bornAt: row.born_at,
    receivedAt: row.received_at,
    birth: row.birth === null ? {} : (JSON.parse(row.birth) as JsonObject),
    diedAt: row.died_at,
    death: row.death,
  };
}

function connectionOf(row: ConnectionRow): ConnectionRecord {
  return {
    device: row.device as DeviceId,
    startedAt: row.started_at,
    id: row.id,
    protocol: row.protocol,
    address: row.address,
    client: row.client,
    endedAt: row.ended_at,
    reason: row.reason,
  };
}

function clockOf(row: ClockRow): ClockRecord {
  return {
    device: row.device as DeviceId,
    offsetMs: row.offset_ms,
    source: CLOCK_SOURCES.find((source) => source === row.source) ?? 'reports',
    measuredAt: row.measured_at,
    wrongSince: row.wrong_since,
  };
}
