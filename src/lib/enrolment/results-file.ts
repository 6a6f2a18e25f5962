import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { isoTime } from '../cli/column.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { differenceText, type RowResult } from './row-result.ts';

const RESULT_HEADER = [
  'line',
  'id',
  'status',
  'code',
  'reason',
  'changes',
  'warnings',
  'credential',
  'credential-id',
  'username',
  'secret',
  'expires',
  'certificate-file',
  'key-file',
] as const;

/**
 * A CSV with a row for each row of the input, in its order. It holds secrets that are shown once: nobody else reads it, and what was added is on the disk when
 * `add` resolves.
 */
export interface ResultsFile {
  add(rows: readonly RowResult[]): Promise<void>;
  close(): Promise<void>;
}

/** `keepBytes`: what is kept of a file that is there, its last row that may be half written left out; null: there must be none. Throws conflict, usage. */
export async function openResultsFile(path: string, keepBytes: number | null): Promise<ResultsFile> {
  const { stringify } = await import('csv-stringify/sync');
  const file = await openPrivate(path, keepBytes === null ? 'wx' : 'r+');
  let position = keepBytes ?? 0;
  if (keepBytes !== null) await file.truncate(keepBytes);

  async function write(records: readonly (readonly unknown[])[]): Promise<void> {
    const bytes = Buffer.from(stringify(records as unknown[][]));
    try {
      for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
      position += bytes.length;
      await file.datasync();
    } catch (error: unknown) {
      throw new MusterError('storage_failed', `${path} cannot be written: ${messageOf(error)}.`, {
        hint: 'Make room, and go on with --resume: what is in it stays.',
        cause: error,
      });
    }
  }

  if (position === 0) await write([RESULT_HEADER]);
  return {
    add: (rows) => (rows.length === 0 ? Promise.resolve() : write(rows.map(recordOf))),
    close: () => file.close(),
  };
}

function recordOf({ line, id, status, code, reason, difference, warnings, credential, expiresAt }: RowResult): unknown[] {
  const cells = [
    line,
    id,
    status,
    code,
    reason,
    differenceText(difference),
    warnings.join('; '),
    credential?.kind,
    credential?.id,
    credential?.username,
    credential?.secret,
    isoTime(expiresAt),
    credential?.papers?.certificateFile,
    credential?.papers?.keyFile,
  ];
  // A row is a line: so the last one can be seen to be whole.
  return cells.map((cell) => (typeof cell === 'string' ? cell.replaceAll(/[\r\n]+/g, ' ') : cell));
}

async function openPrivate(path: string, flags: 'wx' | 'r+'): Promise<FileHandle> {
  try {
    const file = await open(path, flags, 0o600);
    // It was there already, perhaps for others to read.
    if (flags === 'r+') await file.chmod(0o600);
    return file;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new MusterError('conflict', `${path} exists already.`, { hint: 'Go on with that import by --resume, or give another --results.', cause: error });
    throw new MusterError('usage', `${path} cannot be written: ${messageOf(error)}.`, { hint: 'Give another file with --results.', cause: error });
  }
}

/** A row of a results file of an import that was begun before. */
export interface FormerResult {
  readonly line: number;
  readonly id: string | null;
  readonly status: string;
  readonly code: string | null;
}

export interface FormerResults {
  /** Up to the end of the last whole row. */
  readonly bytes: number;
  /** By line of the input. */
  readonly rows: ReadonlyMap<number, FormerResult>;
}

/** null: there is no such file. Throws conflict when it is no results file. */
export async function readResultsFile(path: string): Promise<FormerResults | null> {
  const bytes = await wholeBytesOf(path);
  if (bytes === null) return null;
  const rows = new Map<number, FormerResult>();
  for await (const [line = '', id = '', status = '', code = ''] of recordsOf(path, bytes))
    rows.set(Number(line), { line: Number(line), id: id === '' ? null : id, status, code: code === '' ? null : code });
  return { bytes, rows };
}

/** Takes the failed rows out of the file, so that they are tried again. */
export async function forgetFailed(path: string): Promise<void> {
  const bytes = (await wholeBytesOf(path)) ?? 0;
  const { stringify } = await import('csv-stringify/sync');
  const own = `${path}.new`;
  await rm(own, { force: true });
  const file = await open(own, 'wx', 0o600);
  try {
    const kept: string[][] = [[...RESULT_HEADER]];
    for await (const record of recordsOf(path, bytes)) {
      if (record[2] === 'failed') continue;
      if (kept.push(record) >= 1_000) await file.write(stringify(kept.splice(0)));
    }
    await file.write(stringify(kept));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(own, path);
}

async function* recordsOf(path: string, bytes: number): AsyncGenerator<string[]> {
  if (bytes === 0) return;
  const [{ createReadStream }, { parse }] = await Promise.all([import('node:fs'), import('csv-parse')]);
  const records = createReadStream(path, { start: 0, end: bytes - 1 }).pipe(parse({ bom: true, relax_column_count: true, relax_quotes: true }));
  let isFirst = true;
  for await (const record of records as AsyncIterable<string[]>) {
    if (isFirst && record.join() !== RESULT_HEADER.join())
      throw new MusterError('conflict', `${path} is no file of results of \`muster device import\`.`, { hint: 'Give another file with --results.' });
    if (!isFirst) yield record;
    isFirst = false;
  }
}

/** Where the last whole line ends. null: there is no such file. */
async function wholeBytesOf(path: string): Promise<number | null> {
  const facts = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (facts === null) return null;
  if (!facts.isFile()) throw new MusterError('usage', `${path} is no file.`, { hint: 'Give another file with --results.' });
  const file = await open(path, 'r');
  try {
    const piece = Buffer.alloc(65_536);
    for (let end = facts.size; end > 0; ) {
      const start = Math.max(0, end - piece.length);
      const { bytesRead } = await file.read(piece, 0, end - start, start);
      const at = piece.subarray(0, bytesRead).lastIndexOf(0x0a);
      if (at >= 0) return start + at + 1;
      end = start;
    }
    return 0;
  } finally {
    await file.close();
  }
}
