import { rmSync } from 'node:fs';
import { MusterError } from '../../errors/muster-error.ts';
import type { SqlDatabase } from './driver.ts';
import { CERTIFICATE_TABLES } from './fleet-tables/certificates.ts';
import { CLAIM_TABLES } from './fleet-tables/claims.ts';
import { COMMAND_TABLES } from './fleet-tables/commands.ts';
import { CONFIG_TABLES } from './fleet-tables/configs.ts';
import { CONNECTION_TABLES } from './fleet-tables/connections.ts';
import { DEVICE_TABLES } from './fleet-tables/devices.ts';
import { GROUP_TABLES } from './fleet-tables/groups.ts';
import { MANIFEST_TABLES } from './fleet-tables/manifests.ts';
import { REVOCATION_LIST_TABLES } from './fleet-tables/revocation-lists.ts';

/**
 * The migrations in their order; the place in the list plus one is the `user_version` they lead to. A released one
 * never changes. Times are ms since 1970; JSON stands in text columns.
 */
export const MIGRATIONS: readonly string[] = [
  `
create table projects (
  id text primary key,
  description text,
  created_at integer not null
);
create table users (
  id text primary key,
  project text not null references projects (id),
  name text not null unique,
  role text not null,
  password_hash text not null,
  disabled integer not null,
  created_at integer not null,
  updated_at integer not null
);
create index users_project on users (project, name);
create table tokens (
  id text primary key,
  project text not null references projects (id),
  name text not null,
  role text not null,
  user_id text references users (id) on delete cascade,
  secret_hash text not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer
);
create index tokens_project on tokens (project, created_at);
create index tokens_user on tokens (user_id);
create table types (
  project text not null references projects (id),
  id text not null,
  mode text not null,
  description text,
  points text not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (project, id)
);
create table devices (
  id text primary key,
  project text not null references projects (id),
  name text not null,
  kind text not null,
  type text,
  parent text,
  state text not null,
  labels text not null,
  aliases text not null,
  created_at integer not null,
  updated_at integer not null,
  unique (project, id),
  foreign key (project, type) references types (project, id),
  foreign key (project, parent) references devices (project, id)
);
create index devices_type on devices (project, type) where type is not null;
create index devices_parent on devices (project, parent) where parent is not null;
-- Follows devices.aliases by trigger, so that one statement changes a device whole and an alias has one owner.
create table aliases (
  device text not null references devices (id) on delete cascade,
  project text not null,
  kind text not null,
  value text not null,
  primary key (device, kind),
  unique (project, kind, value)
);
create trigger devices_aliases_insert after insert on devices begin
  insert into aliases (device, project, kind, value) select new.id, new.project, key, value from json_each(new.aliases);
end;
create trigger devices_aliases_update after update of aliases, project on devices begin
  delete from aliases where device = new.id;
  insert into aliases (device, project, kind, value) select new.id, new.project, key, value from json_each(new.aliases);
end;
create table device_statuses (
  device text primary key references devices (id) on delete cascade,
  online integer not null,
  connected_at integer,
  last_seen_at integer,
  last_address text,
  protocol text
);
-- autoincrement: a series is never given twice, because samples of a removed point may still be stored under it.
create table points (
  series integer primary key autoincrement,
  device text not null references devices (id) on delete cascade,
  path text not null,
  kind text not null,
  value_type text not null,
  unit text,
  decimals integer,
  min real,
  max real,
  description text,
  created_at integer not null,
  unique (device, path)
);
create table credentials (
  id text primary key,
  project text not null references projects (id),
  device text not null references devices (id) on delete cascade,
  kind text not null,
  secret_hash text not null,
  created_at integer not null
);
create index credentials_device on credentials (device, created_at);
create table rejects (
  id text primary key,
  project text not null references projects (id),
  device text references devices (id) on delete cascade,
  time integer not null,
  code text not null,
  step text not null,
  reason text not null,
  point text,
  protocol text not null,
  address text,
  topic text,
  payload_bytes integer not null,
  payload_head text not null
);
create index rejects_device on rejects (device, time, id);
create index rejects_project on rejects (project, time, id);
-- One row per group commit (journal-codec.ts). autoincrement: an id is never given twice, even when all rows are gone.
create table journal (
  id integer primary key autoincrement,
  committed_at integer not null,
  samples integer not null,
  blob blob not null
);
`,
  `
-- How long samples are kept, such as 90d or forever; null: as what stands above says.
alter table projects add column retention text;
alter table points add column retention text;
`,
  `
-- What the broker keeps (broker-state.ts). Changes come as one row of broker_log for each group commit (change-codec.ts; crc is the CRC-32 of
-- the blob); those that last reach the tables later (change-window.ts). No constraint but the keys: a change is never refused.
create table broker_log (
  id integer primary key autoincrement,
  crc integer not null,
  blob blob not null
);
create table broker_sessions (
  key integer primary key,
  id text not null,
  principal text not null,
  expiry_seconds real not null,
  left_at integer
);
create table broker_subscriptions (
  session integer not null,
  filter text not null,
  options integer not null,
  identifier integer,
  primary key (session, filter)
) without rowid;
create table broker_messages (
  key integer primary key,
  topic text not null,
  payload blob not null,
  qos integer not null,
  retain integer not null,
  properties blob,
  sender text,
  arrived_at integer not null,
  expires_at integer
);
create table broker_deliveries (
  session integer not null,
  sequence integer not null,
  message integer not null,
  qos integer not null,
  retain integer not null,
  identifiers text,
  packet_id integer,
  released integer not null,
  primary key (session, sequence)
) without rowid;
create table broker_incoming (
  session integer not null,
  packet_id integer not null,
  primary key (session, packet_id)
) without rowid;
create table broker_retained (
  topic text primary key,
  key integer not null,
  payload blob not null,
  qos integer not null,
  retain integer not null,
  properties blob,
  sender text,
  arrived_at integer not null,
  expires_at integer
);
create table broker_wills (
  session text primary key,
  principal text not null,
  topic text not null,
  payload blob not null,
  qos integer not null,
  retain integer not null,
  properties blob,
  message_expiry_seconds integer,
  delay_seconds integer not null,
  due_at integer
);
-- Messages that their senders may repeat, one row for each group commit (recent-marks.ts).
create table recent_messages (
  id integer primary key,
  committed_at integer not null,
  blob blob not null
);
-- What was found damaged and set aside, as it was found.
create table damaged_entries (
  id integer primary key,
  source text not null,
  entry integer not null,
  reason text not null,
  found_at integer not null,
  blob blob
);
`,
  `
-- Series whose samples are to go: of devices that were removed. Samples of any other unknown series are kept. It is never emptied, because a
-- sample store that is built anew from its files finds such samples again.
create table removed_series (
  series integer primary key,
  removed_at integer not null
);
create trigger points_removed after delete on points begin
  insert or replace into removed_series (series, removed_at) values (old.series, unixepoch() * 1000);
end;
`,
  `
-- What alarms and notifications are made of (alarm-storage.ts). No references to projects and devices: a change of an alarm is committed with the samples
-- that caused it, and must not be refused for a device that went in the meantime; and the history of a device is kept when it goes.
create table rules (
  project text not null,
  id text not null,
  version integer not null,
  enabled integer not null,
  document text not null,
  created_at integer not null,
  created_by text not null,
  primary key (project, id)
);
create table rule_versions (
  project text not null,
  id text not null,
  version integer not null,
  enabled integer not null,
  document text not null,
  created_at integer not null,
  created_by text not null,
  primary key (project, id, version)
);
create table maintenances (
  id text primary key,
  project text not null,
  scope text not null,
  from_time integer not null,
  to_time integer not null,
  reason text not null,
  created_at integer not null,
  created_by text not null
);
-- The record whole, and beside it what is looked for. raised_at is never null: of an alarm that never was raised it is created_at.
create table alarms (
  seq integer primary key autoincrement,
  id text not null unique,
  project text not null,
  rule text not null,
  subject text not null,
  device text,
  severity text,
  historical integer not null,
  raised_at integer not null,
  closed_at integer,
  record text not null
);
create unique index alarms_live on alarms (project, rule, subject) where closed_at is null and historical = 0;
create index alarms_open on alarms (project, raised_at) where closed_at is null;
create index alarms_project on alarms (project, raised_at);
create index alarms_device on alarms (device, raised_at) where device is not null;
create index alarms_rule on alarms (project, rule, raised_at);
create index alarms_closed on alarms (project, closed_at) where closed_at is not null;
create table evaluations (
  project text not null,
  rule text not null,
  subject text not null,
  state text,
  primary key (project, rule, subject)
) without rowid;
-- So that one statement writes a list of states of which some are to go.
create trigger evaluations_insert after insert on evaluations when new.state is null begin
  delete from evaluations where project = new.project and rule = new.rule and subject = new.subject;
end;
create trigger evaluations_update after update on evaluations when new.state is null begin
  delete from evaluations where project = new.project and rule = new.rule and subject = new.subject;
end;
-- seq is the order in which events were committed: who reads on behind one misses none, though ids are given before. autoincrement: a place is never
-- given twice, even when all events are gone.
create table events (
  seq integer primary key autoincrement,
  id text not null unique,
  project text not null,
  time integer not null,
  recorded_at integer not null,
  kind text not null,
  actor text not null,
  severity text,
  device text,
  point text,
  alarm text,
  rule text,
  text text not null,
  details text not null
);
create index events_project on events (project);
create index events_kind on events (project, kind);
create index events_device on events (device) where device is not null;
create index events_rule on events (project, rule) where rule is not null;
create index events_alarm on events (alarm) where alarm is not null;
create index events_recorded on events (recorded_at);
-- Most events are recorded when they happen; a range of time is found by that, and by these.
create index events_odd on events (project, time) where abs(time - recorded_at) > 60000;
create table channels (
  project text not null,
  id text not null,
  kind text not null,
  enabled integer not null,
  config text not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (project, id)
);
create table routes (
  project text not null,
  id text not null,
  enabled integer not null,
  channels text not null,
  document text not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (project, id)
);
create table outbox (
  seq integer primary key autoincrement,
  id text not null unique,
  project text not null,
  channel text not null,
  route text,
  alarm text,
  event text not null,
  cause text not null,
  severity text not null,
  group_key text not null,
  delivery text,
  state text not null,
  attempts integer not null,
  due_at integer not null,
  created_at integer not null,
  settled_at integer,
  last_error text,
  content text not null
);
create index outbox_waiting on outbox (due_at) where state = 'waiting';
create index outbox_project on outbox (project);
create index outbox_channel on outbox (project, channel);
create index outbox_alarm on outbox (alarm) where alarm is not null;
create index outbox_settled on outbox (settled_at) where settled_at is not null;
-- When something of the hub was last so.
create table hub_marks (
  name text primary key,
  at integer not null
);
`,
  `
-- What rules do besides telling people: messages to devices that no broker has taken yet (supervision/commands.ts).
create table rule_commands (
  id text primary key,
  command text not null
);
`,
  [DEVICE_TABLES, GROUP_TABLES, CERTIFICATE_TABLES, CLAIM_TABLES, COMMAND_TABLES, CONFIG_TABLES, CONNECTION_TABLES, MANIFEST_TABLES].join(''),
  REVOCATION_LIST_TABLES,
];

/**
 * Brings a database up to this release, each migration in a transaction of its own. An existing database is copied
 * to `<file>.v<version>.backup` first. Throws MusterError `storage_failed` for a database of a newer release.
 */
export function migrate(database: SqlDatabase, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const version = versionOf(database);
  if (version > migrations.length) {
    throw new MusterError('storage_failed', `${file} was made by a newer Muster (its version is ${version}, this release knows ${migrations.length})`, {
      hint: 'Start the newer release, or choose another data directory.',
      details: { file, version, known: migrations.length },
    });
  }
  if (version === migrations.length) return;
  if (version > 0) backUp(database, `${file}.v${version}.backup`);
  // A table that others refer to can only be rebuilt while references are not enforced; they are checked at the end.
  database.exec('pragma foreign_keys = off');
  for (let next = version; next < migrations.length; next++) {
    database.exec('begin immediate');
    try {
      database.exec(migrations[next] ?? '');
      const broken = database.prepare('pragma foreign_key_check').all();
      if (broken.length > 0) throw new Error(`${broken.length} references are broken after migration ${next + 1}`);
      database.exec(`pragma user_version = ${next + 1}`);
      database.exec('commit');
    } catch (error: unknown) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  }
  database.exec('pragma foreign_keys = on');
}

function versionOf(database: SqlDatabase): number {
  return (database.prepare('pragma user_version').get() as { user_version: number }).user_version;
}

function backUp(database: SqlDatabase, copy: string): void {
  rmSync(copy, { force: true });
  database.exec(`vacuum into '${copy.replaceAll("'", "''")}'`);
}
