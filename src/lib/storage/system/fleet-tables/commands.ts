/** What was asked of devices and what became of it (domain/command.ts), and jobs: the same for many devices (domain/job.ts). JSON in `value` and `result`. */
export const COMMAND_TABLES = `
create table commands (
  seq integer primary key,
  id text not null unique,
  project text not null,
  device text not null,
  kind text not null,
  name text,
  value text not null,
  state text not null,
  reason text,
  result text,
  late_answer text,
  actor text not null,
  version integer,
  job text,
  created_at integer not null,
  expires_at integer not null,
  sent_at integer,
  delivered_at integer,
  settled_at integer
);
create index commands_project on commands (project);
create index commands_open on commands (project) where settled_at is null;
create index commands_device on commands (device);
create index commands_job on commands (job) where job is not null;
create index commands_settled on commands (settled_at) where settled_at is not null;
-- The newest value that was wanted of a point, and what became of it. It outlives its command.
create table wanted_values (
  device text not null references devices (id) on delete cascade,
  point text not null,
  command text not null,
  value text not null,
  state text not null,
  reason text,
  actor text not null,
  wanted_at integer not null,
  settled_at integer,
  primary key (device, point)
) without rowid;
create table jobs (
  seq integer primary key,
  id text not null unique,
  project text not null,
  job text not null,
  ended_at integer
);
create index jobs_project on jobs (project);
create index jobs_ended on jobs (ended_at) where ended_at is not null;
-- Which devices a job asks, in its order, and how far each is. The rows are there before their job is.
create table job_devices (
  job text not null,
  place integer not null,
  device text not null,
  state text not null,
  reason text,
  command text
);
create unique index job_devices_place on job_devices (job, place);
create index job_devices_state on job_devices (job, state, place);
-- What rules asked and no device had taken is asked from here on.
insert into commands (id, project, device, kind, name, value, state, actor, created_at, expires_at)
  select id, command ->> '$.project', command ->> '$.device', command ->> '$.kind', command ->> '$.name',
    case command ->> '$.kind' when 'set' then json_object(command ->> '$.name', json(command -> '$.value')) else command -> '$.value' end,
    'queued', 'rule:' || (command ->> '$.rule'), command ->> '$.createdAt', (command ->> '$.createdAt') + 3600000
  from rule_commands where json_valid(command) order by id;
drop table rule_commands;
`;
