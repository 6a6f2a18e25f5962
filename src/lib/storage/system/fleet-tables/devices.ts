/** What devices and their credentials have besides since groups and validity came. JSON in `groups`: paths, sorted. */
export const DEVICE_TABLES = `
alter table devices add column groups text not null default '[]';
alter table credentials add column expires_at integer;
`;
