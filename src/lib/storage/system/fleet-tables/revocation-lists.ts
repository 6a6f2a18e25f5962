/**
 * Revocation lists of external authorities, one of each, replaced whole. What a list says of a certificate that is known stands beside it, too (`listed_at`): a newer list takes it back, which a
 * revocation (`revoked_at`) never does.
 */
export const REVOCATION_LIST_TABLES = `
alter table certificates add column below text;
alter table certificates add column listed_at integer;
create index certificates_listed on certificates (project, authority) where listed_at is not null;
create table revocation_lists (
  project text not null,
  authority text not null,
  fingerprint text not null,
  number text,
  this_update integer not null,
  next_update integer,
  entries integer not null,
  imported_at integer not null,
  imported_by text not null,
  warned_at integer,
  primary key (project, authority),
  foreign key (project, authority) references authorities (project, id) on delete cascade
) without rowid;
create table listed_serials (
  project text not null,
  authority text not null,
  serial text not null,
  revoked_at integer not null,
  primary key (project, authority, serial),
  foreign key (project, authority) references revocation_lists (project, authority) on delete cascade
) without rowid;
`;
