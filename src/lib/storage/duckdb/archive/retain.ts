import { BIGINT, type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { RetentionResult, RetentionRules } from '../../sample-store.ts';
import { transaction } from '../transaction.ts';
import { type CompactionPorts, compactPeriod, forgetRemoved } from './compact-period.ts';
import { type FileEntry, quoted, selectFiles } from './manifest.ts';
import type { ArchiveReader } from './reader.ts';
import { filedRows } from './sources.ts';

/** `due` leaves a file alone until so many of a hundred of its samples are too old: it is written anew for the rest. */
const WORTH_PERCENT = 5;
/** `due` writes so many files anew at most; the others wait for the next time. */
const REWRITTEN_MAX = 8;
/** A file that was left alone is looked into again when its rules reach so much further. */
const LOOK_AGAIN_MS = 86_400_000;
const CHUNK_ROWS = 2048;

export interface RetentionPorts extends CompactionPorts {
  readonly reader: ArchiveReader;
  readonly isStopping: () => boolean;
  /** Up to where a file (its sequence) was looked at and left alone, ms since 1970. */
  readonly looked: Map<number, number>;
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
      expired: await ports.reader.reading(connection, () => expiredIn(ports, connection, mode)),
    };
  });
  const whole = expired.filter(({ file, samples }) => samples === file.rows);
  const partial = expired.filter(({ file, samples }) => samples < file.rows).slice(0, mode === 'due' ? REWRITTEN_MAX : undefined);
  const periods = new Map(partial.map(({ file }) => [`${file.project} ${file.periodFrom} ${file.periodTo}`, file]));
  const result = {
    samples: hot + [...whole, ...partial].reduce((sum, { samples }) => sum + samples, 0),
    filesDeleted: whole.length,
    filesRewritten: partial.length,
  };
  if (mode === 'count') return result;
  if (result.samples > 0) {
    await writing.run(async () => {
      await loadCutoffs(writer, rules);
      await transaction(writer, () => deleteExpired(writer, whole));
      await writer.run('drop table cutoffs');
    });
    ports.leases.retire(whole.map(({ file }) => file.path));
  }
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
  if (projects.length > 0) {
    const values = projects.map(({ project, before }) => `(${quoted(project)}, ${Math.ceil(before)})`);
    await connection.run(`insert into project_rules values ${values.join(',')}`);
  }
  const appender = await connection.createAppender('series_rules');
  try {
    for (const { series: ids, before } of series) {
      const end = before === null ? null : BigInt(Math.ceil(before));
      for (let from = 0; from < ids.length; from += CHUNK_ROWS) {
        const chunk = DuckDBDataChunk.create([BIGINT, BIGINT]);
        chunk.setRows(ids.slice(from, from + CHUNK_ROWS).map((id) => [BigInt(id), end]));
        appender.appendDataChunk(chunk);
      }
    }
  } finally {
    appender.closeSync();
  }
  await connection.run(`
    create or replace temp table cutoffs as
    select n.series as series, case when s.series is null then p.before else s.before end as before
    from names n left join series_rules s on s.series = n.series left join project_rules p on p.project = n.project`);
  await connection.run('delete from cutoffs where before is null');
}

/** Of each project: up to where something, and up to where everything is too old. */
const BOUNDS = `
  select n.project, max(c.before)::double, case when count(c.series) = count(*) then min(c.before)::double end
  from names n left join cutoffs c on c.series = n.series group by n.project`;

/** A file is read only when a part of it may stay: most often its times say enough. */
async function expiredIn(ports: RetentionPorts, connection: DuckDBConnection, mode: 'count' | 'due' | 'all'): Promise<Expired[]> {
  const found: Expired[] = [];
  const bounds = new Map((await (await connection.run(BOUNDS)).getRows()).map(([project, some, all]) => [project, { some, all }]));
  const files = await selectFiles(connection);
  const known = new Set(files.map(({ sequence }) => sequence));
  for (const sequence of ports.looked.keys()) if (!known.has(sequence)) ports.looked.delete(sequence);
  for (const file of files) {
    const { some, all } = bounds.get(file.project) ?? {};
    if (!ports.usable(file) || typeof some !== 'number' || file.timeMin >= some) continue;
    if (typeof all === 'number' && file.timeMax < all) {
      found.push({ file, samples: file.rows });
      continue;
    }
    if (mode === 'due' && some < (ports.looked.get(file.sequence) ?? Number.NEGATIVE_INFINITY) + LOOK_AGAIN_MS) continue;
    const range = { from: file.timeMin, to: Math.min(file.timeMax + 1, some), series: null, condition: 'true' };
    const rows = await filedRows(connection, ports.database.archive, [file], range);
    const samples = await numberOf(connection, `select count(*)::double from (${rows}) s join cutoffs c on s.series = c.series and s.time < c.before`);
    if (samples > 0 && (mode !== 'due' || samples === file.rows || samples * 100 >= file.rows * WORTH_PERCENT)) found.push({ file, samples });
    else if (mode === 'due') ports.looked.set(file.sequence, some);
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
