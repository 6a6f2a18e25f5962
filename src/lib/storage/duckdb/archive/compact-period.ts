import type { DuckDBConnection } from '@duckdb/node-api';
import type { JournalApplier } from '../apply-journal.ts';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import type { Turns } from '../turns.ts';
import type { FileLeases } from './file-leases.ts';
import { deleteFile, type FileEntry, insertFileSql, quoted, selectFiles } from './manifest.ts';
import type { Period } from './periods.ts';
import { filedRows } from './sources.ts';
import { writeFiles } from './write-file.ts';

export interface CompactionPorts {
  readonly database: Database;
  /** Work on a connection of its own, that a stop may break off. */
  readonly withConnection: <Value>(work: (connection: DuckDBConnection) => Promise<Value>) => Promise<Value>;
  readonly applier: JournalApplier;
  /** Whoever changes the tables holds it. */
  readonly writing: Turns;
  readonly leases: FileLeases;
  readonly usable: (file: FileEntry) => boolean;
  readonly now: () => number;
}

export interface PeriodResult {
  readonly written: readonly FileEntry[];
  readonly replaced: readonly FileEntry[];
}

/** Rows that stay behind when a period is written anew: of a column `time`, and a table `cutoffs` (series, before) on the connection. */
export interface Expiry {
  prepare(connection: DuckDBConnection): Promise<void>;
}

/**
 * Moves what the hot table and the files hold of a period into new files. The long part runs on a snapshot, beside the writer; the
 * manifest and the hot table change in one transaction at the end. What arrives for the period meanwhile stays hot, and so wins.
 */
export function compactPeriod(ports: CompactionPorts, project: string, period: Period, expiry: Expiry | null = null): Promise<PeriodResult> {
  return ports.withConnection((connection) => rewrite(ports, connection, project, period, expiry));
}

async function rewrite(ports: CompactionPorts, connection: DuckDBConnection, project: string, period: Period, expiry: Expiry | null): Promise<PeriodResult> {
  const { database, applier, writing } = ports;
  const folder = database.archive;
  const watch = await writing.run(async () => {
    // In one turn: a sample is either in the snapshot or seen by the watch.
    await connection.run('begin');
    await connection.run('select 1 from samples limit 1');
    return applier.watch(period.from, period.to);
  });
  try {
    await expiry?.prepare(connection);
    const old = await selectFiles(connection, filesOf(project, period));
    const damaged = old.find((file) => !ports.usable(file));
    // Its period waits until somebody restores it: what is new stays hot, where it is safe.
    if (damaged !== undefined) return { written: [], replaced: [] };
    const hot = hotRows(project, period);
    let rows = `select series, time, number, text, tag, flags from ${hot}`;
    if (old.length > 0) {
      const filed = await filedRows(connection, folder, old, { from: period.from, to: period.to, series: null, condition: 'true' });
      rows += ` union all select f.* from (${filed}) f anti join (select series, time from ${hot}) h on f.series = h.series and f.time = h.time`;
    }
    if (expiry !== null) rows = `select r.* from (${rows}) r anti join cutoffs c on r.series = c.series and r.time < c.before`;
    const written = await writeFiles(connection, {
      folder,
      project,
      period,
      rows,
      now: ports.now(),
      reserve: (pathOf) => writing.run(() => reserve(database.writer, pathOf)),
    });
    try {
      await writing.run(() => commit(ports, hot, old, written, watch.arrived()));
    } catch (error: unknown) {
      for (const { path } of written) await deleteFile(folder, path);
      throw error;
    }
    ports.leases.retire(old.map(({ path }) => path));
    return { written, replaced: old };
  } finally {
    watch.end();
  }
}

export function filesOf(project: string, period: { readonly from: number; readonly to: number }): string {
  return `project = ${quoted(project)} and period_from >= ${period.from} and period_to <= ${period.to}`;
}

function hotRows(project: string, { from, to }: Period): string {
  return `samples where time >= ${from} and time < ${to} and series in (select series from names where project = ${quoted(project)})`;
}

async function commit(
  { database, applier }: CompactionPorts,
  hot: string,
  old: readonly FileEntry[],
  written: readonly FileEntry[],
  arrived: { readonly series: readonly number[]; readonly time: readonly number[] },
): Promise<void> {
  const { writer } = database;
  await transaction(writer, async () => {
    await applier.loadKeys(arrived);
    const stays = arrived.series.length === 0 ? '' : ' and not exists (from replaced r where r.series = samples.series and r.time = samples.time)';
    await writer.run(`delete from ${hot}${stays}`);
    await writer.run('delete from replaced');
    for (const { sequence, path } of old) {
      await writer.run(`delete from files where sequence = ${sequence}`);
      await writer.run(`insert into doomed values (${quoted(path)})`);
    }
    for (const file of written) {
      await writer.run(insertFileSql(file));
      await writer.run(`delete from doomed where path = ${quoted(file.path)}`);
      await raiseNewest(writer, database.archive, file);
    }
    await forgetRemoved(writer);
  });
}

async function reserve(writer: DuckDBConnection, pathOf: (sequence: number) => string): Promise<number> {
  return transaction(writer, async () => {
    const sequence = Number((await (await writer.run("select nextval('file_sequence')::double")).getRows())[0]?.[0]);
    await writer.run(`insert into doomed values (${quoted(pathOf(sequence))})`);
    return sequence;
  });
}

async function raiseNewest(writer: DuckDBConnection, folder: string, file: FileEntry): Promise<void> {
  const last = await filedRows(writer, folder, [file], { from: file.timeMin, to: file.timeMax + 1, series: null, condition: 'true' });
  await writer.run(`
    create or replace temp table candidates as
    select f.* from (${last}) f join (select series, max(time) as time from (${last}) group by series) m on f.series = m.series and f.time = m.time
    where not exists (from newest n where n.series = f.series and n.time > f.time)`);
  await writer.run('delete from newest using candidates c where newest.series = c.series');
  await writer.run('insert into newest select * from candidates');
  await writer.run('drop table candidates');
}

/** A removal is done with once no file that it concerns is left. */
export async function forgetRemoved(writer: DuckDBConnection): Promise<void> {
  await writer.run(
    'delete from removed where not exists (from files f where f.sequence <= removed.sequence and removed.series between f.series_min and f.series_max)',
  );
}
