import type { DuckDBConnection } from '@duckdb/node-api';
import type { RetentionResult, RetentionRules } from '../../sample-store.ts';
import { transaction } from '../transaction.ts';
import { type CompactionPorts, compactPeriod, forgetRemoved } from './compact-period.ts';
import { type FileEntry, quoted, selectFiles } from './manifest.ts';
import type { ArchiveReader } from './reader.ts';
import { filedRows } from './sources.ts';

/** `due` leaves a file alone until so many of a hundred of its samples are too old: it is written anew for the rest. */
const WORTH_PERCENT = 5;
const VALUES_MAX = 5_000;

export interface RetentionPorts extends CompactionPorts {
  readonly reader: ArchiveReader;
  readonly isStopping: () => boolean;
}

interface Expired {
  readonly file: FileEntry;
  readonly samples: number;
}

/** Deletes what is too old: files whole where nothing of them stays, hot samples, and the rest by writing files anew. */
export async function retainSamples(ports: RetentionPorts, rules: RetentionRules, mode: 'count' | 'due' | 'all'): Promise<RetentionResult> {
  if (rules.projects.length === 0 && rules.series.length === 0) return { samples: 0, filesDeleted: 0, filesRewritten: 0 };
  const { database, writing } = ports;
  const { writer } = database;
  const { hot, expired } = await ports.withConnection(async (connection) => {
    await loadCutoffs(connection, rules);
    return {
      hot: await numberOf(connection, 'select count(*)::double from samples s join cutoffs c on s.series = c.series and s.time < c.before'),
      expired: await ports.reader.reading(connection, () => expiredIn(ports, connection)),
    };
  });
  const whole = expired.filter(({ file, samples }) => samples === file.rows);
  const partial = expired.filter(({ file, samples }) => samples < file.rows && (mode !== 'due' || samples * 100 >= file.rows * WORTH_PERCENT));
  const periods = new Map(partial.map(({ file }) => [`${file.project} ${file.periodFrom} ${file.periodTo}`, file]));
  const result = {
    samples: hot + [...whole, ...partial].reduce((sum, { samples }) => sum + samples, 0),
    filesDeleted: whole.length,
    filesRewritten: partial.length,
  };
  if (mode === 'count') return result;
  await writing.run(async () => {
    await loadCutoffs(writer, rules);
    await transaction(writer, () => deleteExpired(writer, whole));
    await writer.run('drop table cutoffs');
  });
  ports.leases.retire(whole.map(({ file }) => file.path));
  for (const { project, level, periodFrom: from, periodTo: to } of periods.values()) {
    if (ports.isStopping()) break;
    await compactPeriod(ports, project, { level, from, to }, { prepare: (own) => loadCutoffs(own, rules) });
  }
  return result;
}

/** Table `cutoffs` (series, before) of the connection, for every series that has a name and an end. */
async function loadCutoffs(connection: DuckDBConnection, { projects, series }: RetentionRules): Promise<void> {
  await connection.run('create or replace temp table project_rules(project varchar, before bigint)');
  await connection.run('create or replace temp table series_rules(series bigint, before bigint)');
  for (let from = 0; from < projects.length; from += VALUES_MAX) {
    const values = projects.slice(from, from + VALUES_MAX).map(({ project, before }) => `(${quoted(project)}, ${Math.ceil(before)})`);
    await connection.run(`insert into project_rules values ${values.join(',')}`);
  }
  for (let from = 0; from < series.length; from += VALUES_MAX) {
    const values = series.slice(from, from + VALUES_MAX).map(({ series: id, before }) => `(${id}, ${before === null ? 'null' : Math.ceil(before)})`);
    await connection.run(`insert into series_rules values ${values.join(',')}`);
  }
  await connection.run(`
    create or replace temp table cutoffs as
    select n.series as series, case when s.series is null then p.before else s.before end as before
    from names n left join series_rules s on s.series = n.series left join project_rules p on p.project = n.project`);
  await connection.run('delete from cutoffs where before is null');
}

async function expiredIn(ports: RetentionPorts, connection: DuckDBConnection): Promise<Expired[]> {
  const found: Expired[] = [];
  const touched = 'time_min < (select max(before) from cutoffs c join names n on n.series = c.series where n.project = files.project)';
  for (const file of await selectFiles(connection, touched)) {
    if (!ports.usable(file)) continue;
    const rows = await filedRows(connection, ports.database.archive, [file], { from: file.timeMin, to: file.timeMax + 1, series: null, condition: 'true' });
    const samples = await numberOf(connection, `select count(*)::double from (${rows}) s join cutoffs c on s.series = c.series and s.time < c.before`);
    if (samples > 0) found.push({ file, samples });
  }
  return found;
}

async function deleteExpired(writer: DuckDBConnection, whole: readonly Expired[]): Promise<void> {
  for (const table of ['samples', 'newest'])
    await writer.run(`delete from ${table} using cutoffs c where ${table}.series = c.series and ${table}.time < c.before`);
  for (const { file } of whole) {
    await writer.run(`delete from files where sequence = ${file.sequence}`);
    await writer.run(`insert into doomed values (${quoted(file.path)})`);
  }
  await forgetRemoved(writer);
}

async function numberOf(connection: DuckDBConnection, sql: string): Promise<number> {
  return Number((await (await connection.run(sql)).getRows())[0]?.[0] ?? 0);
}
