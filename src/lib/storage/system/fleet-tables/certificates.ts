/**
 * Authorities, and the certificates they gave. A certificate that the hub issued stays after its device: a device of the same name that comes later must not inherit it. That it is revoked
 * then is the database's own business, so that no way of deleting or retiring a device forgets it. Whom those of an external authority mean is for that authority to say.
 */
export const CERTIFICATE_TABLES = `
create table authorities (
  project text not null references projects (id),
  id text not null,
  kind text not null,
  state text not null,
  certificate blob not null,
  fingerprint text not null,
  subject text not null,
  key text,
  identity text not null,
  claim text,
  proof text,
  valid_from integer not null,
  valid_to integer not null,
  list_number integer not null default 0,
  created_at integer not null,
  created_by text not null,
  primary key (project, id)
);
create unique index authority_fingerprint on authorities (project, fingerprint);
create table certificates (
  project text not null,
  fingerprint text not null,
  authority text not null,
  serial text not null,
  kind text not null,
  origin text not null,
  device text,
  claim text,
  name text not null,
  valid_from integer not null,
  valid_to integer not null,
  created_at integer not null,
  created_by text not null,
  replaces text,
  revoked_at integer,
  revocation_reason text,
  warned_at integer,
  primary key (fingerprint, project),
  foreign key (project, authority) references authorities (project, id) on delete cascade
) without rowid;
create index certificates_device on certificates (device) where device is not null;
create index certificates_authority on certificates (project, authority, serial);
create index certificates_ending on certificates (valid_to) where revoked_at is null and warned_at is null;
create table revoked_serials (
  project text not null,
  authority text not null,
  serial text not null,
  revoked_at integer not null,
  primary key (project, authority, serial),
  foreign key (project, authority) references authorities (project, id) on delete cascade
) without rowid;
create trigger device_deleted_certificates after delete on devices
begin
  update certificates set revoked_at = cast((julianday('now') - 2440587.5) * 86400000 as integer), revocation_reason = 'cessation-of-operation'
    where device = old.id and origin = 'issued' and revoked_at is null;
end;
create trigger device_retired_certificates after update of state on devices when new.state = 'retired' and old.state <> 'retired'
begin
  update certificates set revoked_at = cast((julianday('now') - 2440587.5) * 86400000 as integer), revocation_reason = 'cessation-of-operation'
    where device = new.id and origin = 'issued' and revoked_at is null;
end;
`;
