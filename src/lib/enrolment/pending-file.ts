import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { MadeCredential } from './make-credential.ts';

/** How an import was begun: it goes on in the same way. */
export interface ImportNote {
  readonly version: 1;
  readonly url: string;
  readonly mode: string;
  readonly credential: string;
  readonly columns: readonly string[];
}

/** A row whose answer is not known: it was sent, or was about to be. */
export interface PendingRow {
  readonly line: number;
  readonly id: string;
  readonly credential: MadeCredential | null;
}

/** Stands beside the results while an import is under way: what the chunk holds that is on its way, with the secrets that the hub is not to know. */
export interface PendingFile {
  /** On the disk when it resolves: only then the rows are sent. */
  write(rows: readonly PendingRow[]): Promise<void>;
  /** The import is through. */
  remove(): Promise<void>;
}

export const pendingPathOf = (results: string): string => `${results}.part`;

/** `former`: what an import before this one left there. It stays there until it has its answer: perhaps nobody else knows these secrets. */
export function createPendingFile(results: string, note: ImportNote, former: ReadonlyMap<number, PendingRow>): PendingFile {
  const path = pendingPathOf(results);
  const left = new Map(former);
  let last: readonly PendingRow[] = [];
  let isFirst = true;
  return {
    async write(rows) {
      for (const { line } of last) left.delete(line);
      last = rows;
      const all = new Map([...left, ...rows.map((row) => [row.line, row] as const)]);
      const text = [note, ...all.values()].map((each) => `${JSON.stringify(each)}\n`).join('');
      try {
        // Rows of an import before this one are nowhere else: what has them stays until its successor is whole.
        const replaces = left.size > 0;
        await writePrivate(replaces ? `${path}.new` : path, text);
        if (replaces) await rename(`${path}.new`, path);
        if (replaces || isFirst) await syncFolderOf(path);
        isFirst = false;
      } catch (error: unknown) {
        throw new MusterError('storage_failed', `${path} cannot be written: ${messageOf(error)}.`, {
          hint: 'Make room, and go on with --resume.',
          cause: error,
        });
      }
    },
    async remove() {
      await rm(`${path}.new`, { force: true });
      await rm(path, { force: true });
    },
  };
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** So that a name outlives a power failure as well. */
async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export interface Pending {
  readonly note: ImportNote;
  readonly rows: ReadonlyMap<number, PendingRow>;
}

/** null: there is none. A last line that is half written was never sent. */
export async function readPendingFile(results: string): Promise<Pending | null> {
  const path = pendingPathOf(results);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const whole = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  // Nothing was sent before the note was on the disk.
  if (whole.length === 0) return null;
  try {
    const [note, ...rows] = whole.map((line) => JSON.parse(line) as unknown) as [ImportNote, ...PendingRow[]];
    if (note.version !== 1) throw new Error('it has another form');
    return { note, rows: new Map(rows.map((row) => [row.line, row])) };
  } catch (error: unknown) {
    throw new MusterError('conflict', `${path} cannot be read: ${messageOf(error)}.`, {
      hint: 'Without it nobody knows the credentials of the last devices. Give another --results to begin anew.',
      cause: error,
    });
  }
}

/** The two halves of an import would not fit. */
export function checkSameImport(before: ImportNote, now: ImportNote): void {
  for (const name of ['url', 'mode', 'credential', 'columns'] as const) {
    if (JSON.stringify(before[name]) === JSON.stringify(now[name])) continue;
    throw new MusterError('conflict', `The import was begun with another ${name === 'url' ? 'hub' : name} (${JSON.stringify(before[name])}).`, {
      hint: 'Go on with the same options, or give another --results.',
    });
  }
}
