import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { MusterError } from '../../../errors/muster-error.ts';
import type { DamagedFile } from '../../sample-store.ts';
import type { Database } from '../database.ts';
import type { Wanted } from '../wanted.ts';
import { countWanted } from './count.ts';
import type { FileLeases } from './file-leases.ts';
import { type FileEntry, glance, selectFiles } from './manifest.ts';
import { type WantedTiers, wantedRows, wantedTiers } from './sources.ts';
import { hashOf } from './write-file.ts';

/** Reads over both tiers, and knows which files are damaged: those are left out, and named. */
export interface ArchiveReader {
  /** Runs `work` in one transaction of the connection, with the files that it may name kept on disk. */
  reading<Value>(connection: DuckDBConnection, work: () => Promise<Value>): Promise<Value>;
  /** A query of the wanted rows; call it inside `reading`. */
  rows(connection: DuckDBConnection, wanted: Wanted): Promise<string>;
  /** The same by tiers; call it inside `reading`, too. */
  tiers(connection: DuckDBConnection, wanted: Wanted): Promise<WantedTiers>;
  /** How many rows that would be. */
  count(connection: DuckDBConnection, wanted: Wanted): Promise<number>;
  usable(file: FileEntry): boolean;
  readonly damaged: readonly DamagedFile[];
  /** Compares sizes with the manifest; with `thorough`, checksums too. A file that was mended is used again. */
  inspect(files: readonly FileEntry[], thorough: boolean): Promise<void>;
}

export function createArchiveReader(database: Database, leases: FileLeases, onDamaged: (file: DamagedFile) => void): ArchiveReader {
  const folder = database.archive;
  const damaged = new Map<string, string>();
  return {
    async reading(connection, work) {
      const release = leases.take();
      try {
        await connection.run('begin');
        return await work();
      } catch (error: unknown) {
        await blame(error);
        throw error;
      } finally {
        await connection.run('rollback').catch(() => undefined);
        release();
      }
    },
    rows: (connection, wanted) => wantedRows(connection, folder, wanted, usable),
    tiers: (connection, wanted) => wantedTiers(connection, folder, wanted, usable),
    count: (connection, wanted) => countWanted(connection, folder, wanted, usable),
    usable,
    get damaged() {
      return [...damaged].map(([path, problem]) => ({ file: join('parquet', path), problem }));
    },
    inspect,
  };

  function usable({ path }: FileEntry): boolean {
    return !damaged.has(path);
  }

  async function inspect(files: readonly FileEntry[], thorough: boolean): Promise<void> {
    for (const file of files) {
      const problem = (await glance(folder, file)) ?? (thorough ? await compare(file) : null);
      if (problem === null) {
        // A glance cannot clear a file of what a checksum found.
        if (thorough) damaged.delete(file.path);
      } else if (!damaged.has(file.path)) {
        damaged.set(file.path, problem);
        onDamaged({ file: join('parquet', file.path), problem });
      }
    }
  }

  async function compare(file: FileEntry): Promise<string | null> {
    try {
      const { sha256 } = await hashOf(join(folder, file.path));
      return sha256 === file.sha256 ? null : 'has changed since it was written: its checksum is another';
    } catch (error: unknown) {
      return `cannot be read: ${(error as Error).message}`;
    }
  }

  /** A query failed: if that was for a file, the next one does without it. */
  async function blame(error: unknown): Promise<void> {
    if (error instanceof MusterError || !/parquet|\.parquet|thrift|zstd|No files found|IO Error|Invalid/i.test(String(error))) return;
    const connection = await database.connect();
    try {
      const before = damaged.size;
      await inspect((await selectFiles(connection)).filter(usable), true);
      if (damaged.size === before) return;
    } finally {
      connection.closeSync();
    }
    const names = [...damaged.keys()].slice(0, 3).join(', ');
    throw new MusterError('storage_failed', `Files of the sample store are damaged: ${names}`, {
      hint: 'Ask again for what the others hold. Restore the files from a backup; `muster storage verify` names all of them.',
      cause: error,
    });
  }
}
