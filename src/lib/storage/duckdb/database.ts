import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MusterError } from '../../errors/muster-error.ts';
import { ARCHIVE_TABLES } from './archive/tables.ts';
import { storageError } from './failure.ts';

/** 1: one table of samples. 2: files beside it. */
const LAYOUT = 2;
const THREADS = 2;

/** The open database file and the one connection that writes. */
export interface Database {
  readonly file: string;
  /** Of the files that hold what has left the hot table. */
  readonly archive: string;
  readonly writer: DuckDBConnection;
  connect(): Promise<DuckDBConnection>;
  /** Of the file and its write-ahead log. */
  bytes(): Promise<number>;
  /** Gives memory back to the system that the engine's allocator keeps after large work: up to several hundred MB. */
  trim(): Promise<void>;
  /** Closes without writing anything: the file cannot be used. */
  abandon(): Promise<void>;
  /** Moves the write-ahead log into the file, then closes. */
  close(): Promise<void>;
}

export function databaseFile(folder: string): string {
  return join(folder, 'samples.duckdb');
}

/** Opens `samples.duckdb` of the folder, making both when they are missing. Throws MusterError naming the file. */
export async function openDatabase(folder: string, memoryBytes: number): Promise<Database> {
  const file = databaseFile(folder);
  const spill = join(folder, 'spill');
  try {
    await mkdir(folder, { recursive: true });
    // What a killed hub left of its sorting.
    await rm(spill, { recursive: true, force: true });
    const instance = await DuckDBInstance.create(file, {
      threads: String(THREADS),
      memory_limit: `${memoryBytes}B`,
      temp_directory: spill,
      // The hub must work without a network, and must not load code from one.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      return await prepare(instance, file, memoryBytes);
    } catch (error: unknown) {
      instance.closeSync();
      throw error;
    }
  } catch (error: unknown) {
    throw storageError(error, file);
  }
}

async function prepare(instance: DuckDBInstance, file: string, memoryBytes: number): Promise<Database> {
  const writer = await instance.connect();
  await writer.run(`
    begin;
    create table if not exists samples(series bigint not null, time bigint not null, number double not null, text varchar, tag utinyint not null, flags utinyint not null);
    create table if not exists state(layout integer not null, applied bigint not null);
    insert into state select ${LAYOUT}, 0 where not exists (from state);
    ${ARCHIVE_TABLES}
    update state set layout = ${LAYOUT} where layout = 1;
    commit;
  `);
  const [row] = await (await writer.run('select layout from state')).getRows();
  if (row?.[0] !== LAYOUT)
    throw new MusterError('storage_failed', `The sample store ${file} has layout ${row?.[0]}; this release knows ${LAYOUT}`, {
      hint: 'Start the release of Muster that wrote it, or a newer one.',
    });
  await writer.run('create temp table replaced(series bigint not null, time bigint not null)');
  let open = true;
  return {
    file,
    archive: join(dirname(file), 'parquet'),
    writer,
    connect: async () => {
      const connection = await instance.connect();
      await connection.run("set TimeZone = 'UTC'");
      return connection;
    },
    bytes: async () => (await bytesOf(file)) + (await bytesOf(`${file}.wal`)),
    trim: async () => {
      if (!open) return;
      const connection = await instance.connect();
      try {
        // Set to what it is: that flushes the allocator.
        await connection.run(`set memory_limit = '${memoryBytes}B'`);
      } finally {
        connection.closeSync();
      }
    },
    abandon: async () => {
      if (!open) return;
      open = false;
      // A file that is damaged must not be written to once more on its way out.
      await writer.run('pragma disable_checkpoint_on_shutdown').catch(() => undefined);
      writer.closeSync();
      instance.closeSync();
    },
    close: async () => {
      if (!open) return;
      open = false;
      try {
        await writer.run('checkpoint');
      } finally {
        writer.closeSync();
        instance.closeSync();
      }
    },
  };
}

async function bytesOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
