import type { CommandId, DeviceId, JobId } from '../../domain/ids.ts';
import { emptySummary, JOB_DEVICE_STATES, JOB_STATES, type JobDevice } from '../../domain/job.ts';
import type { Log } from '../../domain/log.ts';
import type { JobRecord, JobStorage } from '../job-storage.ts';
import { createReadableRows, memberOf } from './alarming/readable-rows.ts';
import { oneOf, pageOf, type Scan } from './alarming/scan.ts';
import type { ReadDatabase } from './database.ts';

interface Row {
  readonly id: string;
  readonly job: string;
}

interface DeviceRow {
  readonly job: string;
  readonly place: number;
  readonly device: string;
  readonly state: string;
  readonly reason: string | null;
  readonly command: string | null;
}

const OPEN = 'select id, job from jobs where ended_at is null order by seq';
const BY_ID = 'select id, job from jobs where id = ? and project = ?';
const PUT = `insert into jobs (id, project, job, ended_at) values (?, ?, ?, ?)
  on conflict (id) do update set job = excluded.job, ended_at = excluded.ended_at`;
const SUMMARY = 'select state, count(*) as count from job_devices where job = ? group by state';
const WAITING = "select * from job_devices where job = ? and state = 'waiting' and place > ? order by place limit ?";
const UNDER_WAY = "select * from job_devices where job = ? and state in ('queued', 'sent', 'delivered') order by place";
const INSERT_DEVICES = `insert into job_devices (job, place, device, state, reason, command)
  select ?, ? + key, value, 'waiting', null, null from json_each(?) where true on conflict (job, place) do nothing`;
const CHANGE = `update job_devices set state = change.value ->> '$.state', reason = change.value ->> '$.reason',
    command = coalesce(change.value ->> '$.command', command)
  from json_each(?) as change where job_devices.job = change.value ->> '$.job' and job_devices.place = change.value ->> '$.place'`;
const RETRY = `update job_devices set state = 'waiting', reason = null where job = ? and state in ('rejected', 'expired', 'failed', 'cancelled')`;
const CATCH_UP = `update job_devices set state = commands.state, reason = commands.reason from commands
  where job_devices.job = ? and job_devices.state in ('queued', 'sent', 'delivered') and commands.id = job_devices.command and commands.state <> job_devices.state`;
/** From one job to the next: there may be millions of rows, and there are few jobs. */
const ORPHANS = `with recursive found (job) as (select min(job) from job_devices
    union all select (select min(job) from job_devices where job > found.job) from found where found.job is not null)
  select job from found where job is not null and job not in (select id from jobs)`;
const ENDED_BEFORE = 'select id from jobs where ended_at < ? order by ended_at limit 10';
const REMOVE_DEVICES = 'delete from job_devices where rowid in (select rowid from job_devices where job = ? limit ?)';
const REMOVE = 'delete from jobs where id = ?';

export function createJobs(database: () => ReadDatabase, log: Log): JobStorage {
  const rows = createReadableRows(log);
  return {
    open: () => rows.all('jobs', database().all<Row>(OPEN), jobOf),
    async byId(project, id) {
      const row = database().get<Row>(BY_ID, id, project);
      return row === null ? null : rows.one('jobs', row, jobOf);
    },
    list(project, page) {
      const ranges = [{ sql: 'project = ?', parameters: [project] }];
      const scan: Scan = { table: 'jobs', index: 'jobs_project', order: ['seq'], descending: true, ranges, behind: null, upTo: null, rest: [] };
      return pageOf(database, scan, page, (row: Row) => rows.one('jobs', row, jobOf));
    },
    summary(job) {
      const summary = emptySummary();
      for (const { state, count } of database().all<{ state: string; count: number }>(SUMMARY, job)) summary[memberOf(JOB_DEVICE_STATES, state)] = count;
      return summary;
    },
    devices(job, states, page) {
      const ranges = [{ sql: 'job = ?', parameters: [job] }];
      const index = 'job_devices_place';
      const scan: Scan = {
        ...{ table: 'job_devices', index, order: ['place'], descending: false, ranges, behind: null, upTo: null },
        rest: oneOf('state', states ?? undefined),
      };
      return pageOf(database, scan, page, (row: DeviceRow) => rows.one('job_devices', withId(row), deviceOf));
    },
    waiting: (job, behind, limit) => rows.all('job_devices', database().all<DeviceRow>(WAITING, job, behind, limit).map(withId), deviceOf),
    underWay: (job) => rows.all('job_devices', database().all<DeviceRow>(UNDER_WAY, job).map(withId), deviceOf),
    insertDevices: (job, first, devices) => ({ sql: INSERT_DEVICES, parameters: [job, first, JSON.stringify(devices)] }),
    put: (job) => ({ sql: PUT, parameters: [job.id, job.project, JSON.stringify({ ...job, value: JSON.stringify(job.value) }), job.endedAt] }),
    changeDevices: (changes) => ({ sql: CHANGE, parameters: [JSON.stringify(changes)] }),
    retry: (job) => ({ sql: RETRY, parameters: [job] }),
    catchUp: (job) => ({ sql: CATCH_UP, parameters: [job] }),
    orphans: () =>
      database()
        .all<{ job: string }>(ORPHANS)
        .map(({ job }) => job as JobId),
    endedBefore: (time) =>
      database()
        .all<{ id: string }>(ENDED_BEFORE, time)
        .map(({ id }) => id as JobId),
    removeDevices: (job, max) => ({ sql: REMOVE_DEVICES, parameters: [job, max] }),
    remove: (job) => ({ sql: REMOVE, parameters: [job] }),
  };
}

function jobOf({ job }: Row): JobRecord {
  const stored = JSON.parse(job) as Omit<JobRecord, 'value'> & { readonly value: string };
  return { ...stored, state: memberOf(JOB_STATES, stored.state), value: JSON.parse(stored.value) as JobRecord['value'] };
}

function withId(row: DeviceRow): DeviceRow & { readonly id: string } {
  return { ...row, id: `${row.job} ${row.place}` };
}

function deviceOf({ job, place, device, state, reason, command }: DeviceRow): JobDevice {
  return {
    job: job as JobId,
    place,
    device: device as DeviceId,
    state: memberOf(JOB_DEVICE_STATES, state),
    reason,
    command: command as CommandId | null,
  };
}
