/**
 * Claims, the devices that came with them, and the rules that decide about those (domain/claim.ts, domain/provisioning.ts). A credential that is `unused` takes the place of
 * the one that it `replaces` once its device has come with it. JSON in `addresses`, `allowed` and `document`.
 */
export const CLAIM_TABLES = `
create table claims (
  project text not null references projects (id),
  id text not null,
  kind text not null,
  token_id text unique,
  secret_hash text,
  authority text,
  devices_max integer,
  used integer not null,
  expires_at integer,
  addresses text not null,
  type text,
  allowed text not null,
  description text,
  created_at integer not null,
  created_by text not null,
  revoked_at integer,
  primary key (project, id)
);
create table claimed_devices (
  device text primary key references devices (id) on delete cascade,
  project text not null,
  claim text not null,
  proof text,
  credential text,
  address text,
  rule text,
  claimed_at integer not null
);
create index claimed_devices_claim on claimed_devices (project, claim, device);
create unique index claimed_devices_proof on claimed_devices (project, proof) where proof is not null;
create index devices_new on devices (project) where state = 'new';
create table provisioning_rules (
  project text not null references projects (id),
  id text not null,
  document text not null,
  created_at integer not null,
  updated_at integer not null,
  created_by text not null,
  primary key (project, id)
);
alter table credentials add column replaces text;
alter table credentials add column unused integer not null default 0;
alter table credentials add column warned_at integer;
create index credentials_expiring on credentials (expires_at) where expires_at is not null;
create unique index credentials_replaces on credentials (replaces) where replaces is not null;
`;
