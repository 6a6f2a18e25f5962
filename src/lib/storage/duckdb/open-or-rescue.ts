import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { DamagedFile } from '../sample-store.ts';
import { quoted } from './archive/manifest.ts';
import { rebuildManifest } from './archive/rebuild-manifest.ts';
import { type Database, databaseFile, openDatabase } from './database.ts';

/** Where damaged files lie until somebody takes them away, below the store's folder. */
const ASIDE = 'damaged';
/** What does not go away by another file: these are told as they are. */
const NO_DAMAGE = /lock on file|already (open|attached)|permission|read-only|no space|disk full|too many open|out of memory|newer version|cannot allocate/i;
const ROW_GROUP = 122_880;
const HEADER_BYTES = 3 * 4096;
const BLOCK_BYTES = 262_144;
const MANIFEST = ['files', 'names', 'newest', 'removed', 'doomed'] as const;

export interface Opened<Value> {
  readonly database: Database;
  readonly value: Value;
}

/**
 * Opens the database and what stands on it. A damaged write-ahead log, and then a damaged file, is set aside and said aloud; a new file
 * takes over what can be read of the old one, and learns of the Parquet files from themselves. The journal gives back what it still holds.
 */
export async function openOrRescue<Value>(
  folder: string,
  memoryBytes: number,
  prepare: (database: Database) => Promise<Value>,
  onDamaged: (file: DamagedFile) => void,
): Promise<Opened<Value>> {
  const file = databaseFile(folder);
  const attempt = async (rescue: ((database: Database) => Promise<void>) | null = null): Promise<Opened<Value>> => {
    const missing = !existsSync(file);
    const doubtful = await isCutOff(file);
    const database = await openDatabase(folder, memoryBytes);
    try {
      if (doubtful) await readWhole(database);
      if (rescue !== null) await rescue(database);
      // Of a store that is new there are no files; of one whose database was lost there are.
      else if (missing) await rebuildManifest(database);
      return { database, value: await prepare(database) };
    } catch (error: unknown) {
      await database.abandon();
      throw error;
    }
  };
  try {
    return await attempt();
  } catch (error: unknown) {
    if (!isDamage(error)) throw error;
    const log = `${file}.wal`;
    if (existsSync(log)) {
      await setAside(folder, log, `the engine cannot use it: ${firstLine(error)}`, onDamaged);
      try {
        return await attempt();
      } catch (again: unknown) {
        if (!isDamage(again)) throw again;
        return await withNewFile(again);
      }
    }
    return await withNewFile(error);
  }

  async function withNewFile(error: unknown): Promise<Opened<Value>> {
    const old = await setAside(
      folder,
      file,
      `the engine cannot use it: ${firstLine(error)}; what could be read of it, the Parquet files and the journal make up the new one`,
      onDamaged,
    );
    return attempt(async (database) => {
      const manifest = await salvage(database, old);
      if (!manifest) await rebuildManifest(database);
    });
  }
}

/** Files that were set aside, at this start or before. */
export async function asideFiles(folder: string): Promise<DamagedFile[]> {
  const names = await readdir(join(folder, ASIDE)).catch(() => []);
  return names.sort().map((name) => ({ file: join(ASIDE, name), problem: 'was damaged and set aside; delete it when it is of no use any more' }));
}

/** A file is a header and whole blocks. One that is not was cut off, or was growing when the process ended. */
async function isCutOff(file: string): Promise<boolean> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  return size > 0 && (size < HEADER_BYTES || (size - HEADER_BYTES) % BLOCK_BYTES !== 0);
}

/** The engine reads a block when it needs it, and then finds that it is missing. Throws what it says. */
async function readWhole({ writer }: Database): Promise<void> {
  for (const table of [...MANIFEST, 'samples', 'state']) await writer.run(`select bit_xor(hash(t)) from ${table} t`);
}

function isDamage(error: unknown): boolean {
  const cause = error instanceof MusterError ? error.cause : error;
  return cause !== undefined && !NO_DAMAGE.test(messageOf(cause));
}

function firstLine(error: unknown): string {
  const cause = error instanceof MusterError && error.cause !== undefined ? error.cause : error;
  return messageOf(cause).split('\n')[0]?.slice(0, 200) ?? '';
}

async function setAside(folder: string, file: string, problem: string, onDamaged: (file: DamagedFile) => void): Promise<string> {
  await mkdir(join(folder, ASIDE), { recursive: true });
  const target = join(folder, ASIDE, `${new Date().toISOString().replaceAll(/[:.-]/g, '')}-${basename(file)}`);
  await rename(file, target);
  onDamaged({ file: join(ASIDE, basename(target)), problem });
  return target;
}

/** Takes over what can be read. True: the manifest and what belongs to it are whole. */
async function salvage(database: Database, old: string): Promise<boolean> {
  const connection = await database.connect();
  try {
    await connection.run(`attach ${quoted(old)} as old (read_only)`);
  } catch {
    connection.closeSync();
    return false;
  }
  const attempt = (sql: string) =>
    connection.run(sql).then(
      () => true,
      () => false,
    );
  try {
    let whole = true;
    for (const table of MANIFEST) whole = (await attempt(`insert into ${table} from old.${table}`)) && whole;
    if (!whole) for (const table of MANIFEST) await attempt(`delete from ${table}`);
    if (whole) await attempt(`create or replace sequence file_sequence start ${await nextSequence(database)}`);
    if (await attempt('insert into samples from old.samples')) await attempt('update state set applied = (select applied from old.state)');
    else {
      // What is applied twice takes the place of itself, so the journal is applied from its beginning.
      const rows = await (await connection.run('select count(*)::double from old.samples')).getRows().catch(() => [[0]]);
      for (let from = 0; from < Number(rows[0]?.[0] ?? 0); from += ROW_GROUP)
        await attempt(`insert into samples select * from old.samples where rowid >= ${from} and rowid < ${from + ROW_GROUP}`);
    }
    return whole;
  } finally {
    await attempt('detach old');
    connection.closeSync();
  }
}

async function nextSequence({ writer }: Database): Promise<number> {
  const [row] = await (await writer.run('select coalesce(max(sequence), 0)::double from files')).getRows();
  return Number(row?.[0] ?? 0) + 1;
}
