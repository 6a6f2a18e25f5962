/**
 * What DuckDB knows of the files, changed in the same transaction as the hot table:
 * - `files`: the manifest. Those of one project and period were written together; `sequence` only grows.
 * - `names`: what a series is called in the files. A series never changes its name.
 * - `newest`: the newest filed sample of each series, so that a start need not read the files.
 * - `removed`: series whose samples in files up to a sequence are gone; the next rewrite of such a file leaves them out.
 * - `doomed`: paths that belong to nothing if the process ends now: files on their way in, and those that were replaced.
 */
export const ARCHIVE_TABLES = `
  create table if not exists files(
    sequence bigint not null, project varchar not null, level varchar not null, period_from bigint not null, period_to bigint not null,
    path varchar not null, series_min bigint not null, series_max bigint not null, time_min bigint not null, time_max bigint not null,
    rows bigint not null, bytes bigint not null, sha256 varchar not null, written bigint not null);
  create table if not exists names(series bigint not null, project varchar not null, device varchar not null, point varchar not null);
  create table if not exists newest(series bigint not null, time bigint not null, number double not null, text varchar, tag utinyint not null, flags utinyint not null);
  create table if not exists removed(series bigint not null, sequence bigint not null);
  create table if not exists doomed(path varchar not null);
  create sequence if not exists file_sequence;
`;
