import { COMMAND_ANSWERS, COMMAND_KINDS, COMMAND_STATES, type Command, isSettled, type WantedValue } from '../../domain/command.ts';
import type { CommandId, DeviceId, JobId, PointPath, ProjectId } from '../../domain/ids.ts';
import type { Log } from '../../domain/log.ts';
import type { JsonValue } from '../../domain/value.ts';
import type { CommandFilter, CommandStorage } from '../command-storage.ts';
import { createReadableRows, memberOf } from './alarming/readable-rows.ts';
import { type Condition, oneOf, pageOf, type Scan } from './alarming/scan.ts';
import type { ReadDatabase } from './database.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly device: string;
  readonly kind: string;
  readonly name: string | null;
  readonly value: string;
  readonly state: string;
  readonly reason: string | null;
  readonly result: string | null;
  readonly late_answer: string | null;
  readonly actor: string;
  readonly version: number | null;
  readonly job: string | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly sent_at: number | null;
  readonly delivered_at: number | null;
  readonly settled_at: number | null;
}

interface WantedRow {
  readonly id: string;
  readonly point: string;
  readonly command: string;
  readonly value: string;
  readonly state: string;
  readonly reason: string | null;
  readonly actor: string;
  readonly wanted_at: number;
  readonly settled_at: number | null;
}

const OPEN = 'select * from commands where settled_at is null order by seq';
const BY_ID = 'select * from commands where id = ? and project = ?';
const WANTED = 'select device || point as id, * from wanted_values where device = ? order by point';
/** Values and results go in as text: SQLite reads no JSON that is nested deeper than 1,000. */
const INSERT = `insert into commands (id, project, device, kind, name, value, state, reason, result, late_answer, actor, version, job, created_at, expires_at,
    sent_at, delivered_at, settled_at)
  select value ->> '$.id', value ->> '$.project', value ->> '$.device', value ->> '$.kind', value ->> '$.name', value ->> '$.value', value ->> '$.state',
    value ->> '$.reason', value ->> '$.result', value ->> '$.lateAnswer', value ->> '$.actor', value ->> '$.version', value ->> '$.job',
    value ->> '$.createdAt', value ->> '$.expiresAt', value ->> '$.sentAt', value ->> '$.deliveredAt', value ->> '$.settledAt'
  from json_each(?) where true on conflict (id) do nothing`;
const UPDATE = `update commands set state = change.value ->> '$.state', reason = change.value ->> '$.reason', result = change.value ->> '$.result',
    late_answer = change.value ->> '$.lateAnswer', sent_at = change.value ->> '$.sentAt', delivered_at = change.value ->> '$.deliveredAt',
    settled_at = change.value ->> '$.settledAt'
  from json_each(?) as change where commands.id = change.value ->> '$.id'`;
/** Of a device that was deleted meanwhile nothing is wanted. */
const PUT_WANTED = `insert into wanted_values (device, point, command, value, state, reason, actor, wanted_at, settled_at)
  select value ->> '$.device', value ->> '$.point', value ->> '$.command', value ->> '$.value', value ->> '$.state', null, value ->> '$.actor',
    value ->> '$.wantedAt', null
  from json_each(?) where exists (select 1 from devices where id = value ->> '$.device')
  on conflict (device, point) do update set command = excluded.command, value = excluded.value, state = excluded.state, reason = null,
    actor = excluded.actor, wanted_at = excluded.wanted_at, settled_at = null where excluded.command > wanted_values.command`;
const UPDATE_WANTED = `update wanted_values set state = change.value ->> '$.state', reason = change.value ->> '$.reason', settled_at = change.value ->> '$.settledAt'
  from json_each(?) as change where wanted_values.device = change.value ->> '$.device' and wanted_values.point = change.value ->> '$.point'
    and wanted_values.command = change.value ->> '$.command'`;
const REMOVE_SETTLED = 'delete from commands where seq in (select seq from commands where settled_at < ? order by settled_at limit ?)';
const REMOVE_BEYOND = `delete from commands where seq in (select seq from commands where seq <= (select max(seq) from commands) - ? and settled_at is not null
  order by seq limit ?)`;

export function createCommands(database: () => ReadDatabase, log: Log): CommandStorage {
  const rows = createReadableRows(log);
  return {
    *open() {
      for (const row of database().each<Row>(OPEN)) {
        const command = rows.one('commands', row, commandOf);
        if (command !== null) yield command;
      }
    },
    async byId(project, id) {
      const row = database().get<Row>(BY_ID, id, project);
      return row === null ? null : rows.one('commands', row, commandOf);
    },
    list: (filter, page) => pageOf(database, scanOf(filter), page, (row: Row) => rows.one('commands', row, commandOf)),
    wantedOf: (device) => rows.all('wanted_values', database().all<WantedRow>(WANTED, device), wantedOf),
    insert(commands) {
      const wanted = commands.flatMap((command) =>
        pointsOf(command).map(([point, value]) => {
          const { device, id, state, actor, createdAt } = command;
          return { device, point, command: id, value: JSON.stringify(value), state, actor, wantedAt: createdAt };
        }),
      );
      const insert = { sql: INSERT, parameters: [JSON.stringify(commands.map(storedOf))] };
      return wanted.length === 0 ? [insert] : [insert, { sql: PUT_WANTED, parameters: [JSON.stringify(wanted)] }];
    },
    update(commands) {
      const wanted = commands.flatMap((command) =>
        pointsOf(command).map(([point]) => {
          const { device, id, state, reason, settledAt } = command;
          return { device, point, command: id, state, reason, settledAt };
        }),
      );
      const changes = commands.map(({ id, state, reason, result, lateAnswer, sentAt, deliveredAt, settledAt }) => {
        return { id, state, reason, result: textOf(result), lateAnswer, sentAt, deliveredAt, settledAt };
      });
      const update = { sql: UPDATE, parameters: [JSON.stringify(changes)] };
      return wanted.length === 0 ? [update] : [update, { sql: UPDATE_WANTED, parameters: [JSON.stringify(wanted)] }];
    },
    removeSettled: (before, max) => ({ sql: REMOVE_SETTLED, parameters: [before, max] }),
    removeBeyond: (keep, max) => ({ sql: REMOVE_BEYOND, parameters: [keep, max] }),
  };
}

/** What a set wants of points. */
function pointsOf({ kind, value }: Command): readonly [string, JsonValue][] {
  return kind === 'set' && typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function storedOf(command: Command): object {
  return { ...command, value: JSON.stringify(command.value), result: textOf(command.result) };
}

function textOf(result: JsonValue): string | null {
  return result === null ? null : JSON.stringify(result);
}

function scanOf({ project, device, kinds, states, job }: CommandFilter): Scan {
  const base = { table: 'commands', order: ['seq'], descending: true, behind: null, upTo: null } as const;
  const rest: Condition[] = [...oneOf('kind', kinds), ...oneOf('state', states)];
  const ofProject = { sql: '+project = ?', parameters: [project] };
  const ofDevice = device === undefined ? [] : [{ sql: '+device = ?', parameters: [device] }];
  if (job !== undefined) return { ...base, index: 'commands_job', ranges: [{ sql: 'job = ?', parameters: [job] }], rest: [ofProject, ...ofDevice, ...rest] };
  if (device !== undefined) return { ...base, index: 'commands_device', ranges: [{ sql: 'device = ?', parameters: [device] }], rest: [ofProject, ...rest] };
  // Few are open, and many were: the term itself, without a sign before it, as the index has it.
  const open = states !== undefined && !states.some(isSettled);
  return {
    ...base,
    index: open ? 'commands_open' : 'commands_project',
    ranges: [{ sql: `project = ?${open ? ' and settled_at is null' : ''}`, parameters: [project] }],
    rest,
  };
}

function commandOf(row: Row): Command {
  return {
    id: row.id as CommandId,
    project: row.project as ProjectId,
    device: row.device as DeviceId,
    kind: memberOf(COMMAND_KINDS, row.kind),
    name: row.name,
    value: JSON.parse(row.value) as JsonValue,
    state: memberOf(COMMAND_STATES, row.state),
    reason: row.reason,
    result: row.result === null ? null : (JSON.parse(row.result) as JsonValue),
    lateAnswer: row.late_answer === null ? null : memberOf(COMMAND_ANSWERS, row.late_answer),
    actor: row.actor,
    version: row.version,
    job: row.job as JobId | null,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    settledAt: row.settled_at,
  };
}

function wantedOf(row: WantedRow): WantedValue {
  return {
    point: row.point as PointPath,
    value: JSON.parse(row.value) as JsonValue,
    command: row.command as CommandId,
    state: memberOf(COMMAND_STATES, row.state),
    reason: row.reason,
    actor: row.actor,
    wantedAt: row.wanted_at,
    settledAt: row.settled_at,
  };
}
