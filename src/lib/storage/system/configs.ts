import { COMMAND_STATES } from '../../domain/command.ts';
import type { ConfigReport, ConfigVersion } from '../../domain/device-config.ts';
import type { CommandId, DeviceId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/value.ts';
import type { ConfigStorage } from '../config-storage.ts';
import { memberOf } from './alarming/readable-rows.ts';
import type { ReadDatabase } from './database.ts';

interface Row {
  readonly device: string;
  readonly version: number;
  readonly document: string;
  readonly actor: string;
  readonly comment: string | null;
  readonly undoes: number | null;
  readonly created_at: number;
  readonly command: string;
  readonly state: string;
  readonly reason: string | null;
  readonly settled_at: number | null;
}
interface ReportRow {
  readonly device: string;
  readonly version: number | null;
  readonly document: string | null;
  readonly reported_at: number;
}

const BELOW = 'select * from device_configs where device = ? and version < ? order by version desc limit ?';
const VERSION = 'select * from device_configs where device = ? and version = ?';
const APPLIED = "select * from device_configs where device = ? and version < ? and state = 'applied' order by version desc limit 1";
const INSERT = `insert into device_configs (device, version, document, actor, comment, undoes, created_at, command, state, reason, settled_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const AGAIN = "update device_configs set command = ?, state = 'queued', reason = null, settled_at = null where device = ? and version = ?";
const PROGRESS = `update device_configs set state = told.value ->> '$.state', reason = told.value ->> '$.reason', settled_at = told.value ->> '$.settledAt'
  from json_each(?) as told where settled_at is null and command = told.value ->> '$.command'`;
const REPORTED = 'select * from device_config_reports where device = ?';
const REPORT = `insert into device_config_reports (device, version, document, reported_at) select id, ?, ?, ? from devices where id = ?
  on conflict (device) do update set version = excluded.version, document = excluded.document, reported_at = excluded.reported_at`;
const TRIM = `delete from device_configs where device = ? and version <= (select version from device_configs where device = ? order by version desc limit 1 offset ?)
  and version is not (select version from device_config_reports where device = ?)`;
/** A device that answers with an object says what it really uses; an object is told by its first letter, since SQLite reads no JSON that is nested deep. */
const CATCH_UP_REPORTS = `insert into device_config_reports (device, version, document, reported_at)
  select config.device, config.version, iif(commands.result like '{%', commands.result, config.document), commands.settled_at
  from device_configs as config join commands on commands.id = config.command where config.settled_at is null and commands.state = 'applied'
  on conflict (device) do update set version = excluded.version, document = excluded.document, reported_at = excluded.reported_at
    where excluded.reported_at >= device_config_reports.reported_at`;
const CATCH_UP = `update device_configs set state = commands.state, reason = commands.reason, settled_at = commands.settled_at
  from commands where device_configs.settled_at is null and commands.id = device_configs.command`;

export function createConfigs(database: () => ReadDatabase): ConfigStorage {
  const one = (row: Row | null | undefined): ConfigVersion | null => (row == null ? null : versionOf(row));
  return {
    wanted: async (device) => one(database().get<Row>(BELOW, device, Number.MAX_SAFE_INTEGER, 1)),
    version: async (device, version) => one(database().get<Row>(VERSION, device, version)),
    appliedBefore: async (device, version) => one(database().get<Row>(APPLIED, device, version)),
    async reported(device) {
      const row = database().get<ReportRow>(REPORTED, device);
      return row === null ? null : reportOf(row);
    },
    list: async (device, { limit, before }) =>
      database()
        .all<Row>(BELOW, device, before ?? Number.MAX_SAFE_INTEGER, limit)
        .map(versionOf),
    insert: (one) => ({
      sql: INSERT,
      parameters: [
        ...[one.device, one.version, JSON.stringify(one.document), one.actor, one.comment, one.undoes],
        ...[one.createdAt, one.command, one.state, one.reason, one.settledAt],
      ],
    }),
    sentAgain: (device, version, command) => ({ sql: AGAIN, parameters: [command, device, version], mustChange: true }),
    progress: (changes) => ({ sql: PROGRESS, parameters: [JSON.stringify(changes)] }),
    report: ({ device, version, document, reportedAt }) => ({
      sql: REPORT,
      parameters: [version, document === null ? null : JSON.stringify(document), reportedAt, device],
    }),
    trim: (device, keep) => ({ sql: TRIM, parameters: [device, device, keep, device] }),
    catchUp: () => [CATCH_UP_REPORTS, CATCH_UP].map((sql) => ({ sql, parameters: [] })),
  };
}

function versionOf(row: Row): ConfigVersion {
  return {
    device: row.device as DeviceId,
    version: row.version,
    document: JSON.parse(row.document) as JsonObject,
    actor: row.actor,
    comment: row.comment,
    undoes: row.undoes,
    createdAt: row.created_at,
    command: row.command as CommandId,
    state: memberOf(COMMAND_STATES, row.state),
    reason: row.reason,
    settledAt: row.settled_at,
  };
}

function reportOf(row: ReportRow): ConfigReport {
  return {
    device: row.device as DeviceId,
    version: row.version,
    document: row.document === null ? null : (JSON.parse(row.document) as JsonObject),
    reportedAt: row.reported_at,
  };
}
