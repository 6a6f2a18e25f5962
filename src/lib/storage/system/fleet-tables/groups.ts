/** Trees of groups (domain/group.ts). A path's row exists with those of all paths above it. */
export const GROUP_TABLES = `
create table device_groups (
  project text not null references projects (id),
  path text not null,
  name text not null,
  level text,
  description text,
  labels text not null,
  selector text,
  attributes text not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (project, path)
);
`;
