import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../../../errors/muster-error.ts';
import type { DamagedFile, VerifyResult } from '../../sample-store.ts';
import { itemsOf } from '../vectors.ts';
import type { FileLeases } from './file-leases.ts';
import { type FileEntry, selectFiles, unknownFiles } from './manifest.ts';
import type { ArchiveReader } from './reader.ts';
import { parquet } from './sources.ts';

/**
 * Reads every file and the hot table to the end: sizes and checksums, then what is in them: the number of rows, their order, their ranges. A file
 * that is found damaged is not read any more; one that was mended is.
 */
export async function verifyFiles(connection: DuckDBConnection, folder: string, reader: ArchiveReader, leases: FileLeases): Promise<VerifyResult> {
  const release = leases.take();
  try {
    const files = await selectFiles(connection);
    await reader.inspect(files, true);
    const damaged: DamagedFile[] = [...reader.damaged];
    for (const file of files) {
      if (!reader.usable(file)) continue;
      const problem = await problemIn(connection, folder, file);
      if (problem !== null) damaged.push({ file: join('parquet', file.path), problem });
    }
    const hot = await hotTable(connection);
    if (hot.problem !== null) damaged.push({ file: 'samples.duckdb', problem: hot.problem });
    return {
      files: files.length,
      samples: hot.samples + files.reduce((sum, { rows }) => sum + rows, 0),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      damaged,
      unknown: (await unknownFiles(folder, files)).map((path) => join('parquet', path)),
    };
  } finally {
    release();
  }
}

async function problemIn(connection: DuckDBConnection, folder: string, file: FileEntry): Promise<string | null> {
  const source = parquet(folder, [file]);
  try {
    // Every page of the other columns is decoded by counting what is in it.
    await connection.run(
      `select count(device), count(point), count(value), count(residue), count(text), count(kind), count(quality), count(late) from ${source}`,
    );
    const result = await connection.stream(`select series::double, epoch_ms(time)::double from ${source}`);
    let [rows, series, time] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      const ids = itemsOf(chunk, 0, Float64Array);
      const times = itemsOf(chunk, 1, Float64Array);
      for (let row = 0; row < chunk.rowCount; row++) {
        const [id, at] = [ids[row] ?? 0, times[row] ?? 0];
        if (id < series || (id === series && at <= time)) return `is not sorted: row ${rows + row + 1} comes after a later one`;
        if (id < file.seriesMin || id > file.seriesMax || at < file.timeMin || at > file.timeMax)
          return `row ${rows + row + 1} lies outside of what was written`;
        series = id;
        time = at;
      }
      rows += chunk.rowCount;
    }
    return rows === file.rows ? null : `has ${rows} rows instead of ${file.rows}`;
  } catch (error: unknown) {
    return `cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`;
  }
}

/** The engine compares each block of its own file with a checksum as it reads it. */
async function hotTable(connection: DuckDBConnection): Promise<{ readonly samples: number; readonly problem: string | null }> {
  try {
    const [row] = await (
      await connection.run(`
        select count(*)::double, coalesce(sum(length(text)), 0)::double, coalesce(sum(tag + flags), 0)::double, count(number)::double,
          (select count(*)::double from (select 1 from samples group by series, time having count(*) > 1))
        from samples`)
    ).getRows();
    const doubled = Number(row?.[4] ?? 0);
    return { samples: Number(row?.[0] ?? 0), problem: doubled === 0 ? null : `holds ${doubled} samples twice` };
  } catch (error: unknown) {
    return { samples: 0, problem: `cannot be read: ${messageOf(error).split('\n')[0] ?? ''}` };
  }
}
