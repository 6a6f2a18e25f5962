/**
 * Configuration documents of devices. `device_configs`: each version that was wanted, with the command that carries it and how that stands; `undoes` is the version that a rollback
 * took up again. `device_config_reports`: what the device says is in force; JSON in `document`, null: it named a version alone.
 */
export const CONFIG_TABLES = `
alter table types add column config_schema text;
create table device_configs (
  device text not null references devices (id) on delete cascade,
  version integer not null,
  document text not null,
  actor text not null,
  comment text,
  undoes integer,
  created_at integer not null,
  command text not null,
  state text not null,
  reason text,
  settled_at integer,
  primary key (device, version)
) without rowid;
create index device_configs_open on device_configs (command) where settled_at is null;
create table device_config_reports (
  device text primary key references devices (id) on delete cascade,
  version integer,
  document text,
  reported_at integer not null
) without rowid;
`;
