/**
 * The life of devices (lifecycle/). `device_births`: the newest birth and death of each; JSON in `birth`, null before the first. `device_connections`: who was connected when,
 * `ended_at` null while it is; its index leads to those that are open and to those that are too old. `device_clocks`: how wrong a clock was last found, in ms, positive: it runs
 * behind the hub.
 */
export const CONNECTION_TABLES = `
create table device_births (
  device text primary key references devices (id) on delete cascade,
  born_at integer,
  received_at integer,
  birth text,
  died_at integer,
  death text
) without rowid;
create table device_connections (
  device text not null references devices (id) on delete cascade,
  started_at integer not null,
  id text not null,
  protocol text not null,
  address text,
  client text,
  ended_at integer,
  reason text,
  primary key (device, started_at, id)
) without rowid;
create index device_connections_ended on device_connections (ended_at);
create table device_clocks (
  device text primary key references devices (id) on delete cascade,
  offset_ms integer not null,
  source text not null,
  measured_at integer not null,
  wrong_since integer
) without rowid;
create index device_clocks_wrong on device_clocks (device) where wrong_since is not null;
`;
