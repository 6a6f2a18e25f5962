import { closeSync, copyFileSync, fsyncSync, linkSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { openDatabase } from './driver.ts';
import { createFrameReader, type ExaminedFrame, type ExaminedWal, examineWal, turnOver, type WalSource } from './examine-wal.ts';
import { type Checksum, sealFrame, WAL_HEADER_BYTES, writeWalHeader } from './wal-format.ts';

/** What was wrong with the write-ahead log, and what became of it. */
export interface MendedWal {
  /** The log as it was found; null: nothing was changed. */
  readonly kept: string | null;
  readonly header: boolean;
  /** Frames (a page each) that were damaged and are as they were. */
  readonly mended: number;
  /** Damaged frames whose page was written once more behind them: nobody misses them. */
  readonly replaced: number;
  /** Damaged frames that are used as they are. */
  readonly doubtful: number;
  /** Commits behind a damaged frame that could not be saved. */
  readonly lostCommits: number;
}

/** What holds one row for each group commit has checksums of its own, and is looked through at each start (rescue.ts). */
const OWN_CHECKSUMS = ['journal', 'broker_log', 'recent_messages'];
const DEFAULT_PAGE_BYTES = 4096;

function walFile(file: string): string {
  return `${file}-wal`;
}

/** Name of a damaged log that is kept: this, and the time in ms. */
export function keptWalPrefix(file: string): string {
  return `${walFile(file)}.damaged-`;
}

/**
 * Before the database is opened: SQLite takes the log up to the first frame that is not whole, and everything that was committed behind it is gone
 * without a word. Here what is damaged is mended as far as it can be, and the log is kept as it was. null: there is nothing to say. Nobody
 * may have the database open. Throws MusterError `storage_failed` when the mended log cannot be written.
 */
export function mendWal(file: string, now: number): MendedWal | null {
  const wal = walFile(file);
  if ((statSync(wal, { throwIfNoEntry: false })?.size ?? 0) < WAL_HEADER_BYTES) return null;
  const source = openSource(wal);
  try {
    const examined = examineWal(source, pageBytesOf(file));
    if (examined === null) return null;
    const kept = `${keptWalPrefix(file)}${now}`;
    const plan = planOf(examined);
    if (plan.torn && plan.frames.length === examined.frames.findIndex(({ state }) => state !== 'whole') && !examined.headerWasDamaged)
      return { kept: null, header: false, mended: 0, replaced: 0, doubtful: 0, lostCommits: 0 };
    const report = {
      kept,
      header: examined.headerWasDamaged,
      mended: plan.frames.filter(({ state }) => state === 'mended').length,
      replaced: plan.replaced,
      doubtful: plan.doubtful,
      lostCommits: 0,
    };
    write(source, examined, plan.frames, wal, kept);
    if (plan.doubtful === 0 || isSound(file)) return report;
    // Something else than the journal is on one of those pages: then only what was committed before it can be trusted.
    const firstDoubtful = examined.frames.findIndex(({ state }) => state === 'damaged');
    const sound = upToCommit(examined.frames.slice(0, firstDoubtful));
    write(source, examined, sound, wal, kept);
    const lostCommits = examined.frames.slice(sound.length).filter(isCommit).length;
    return { ...report, mended: sound.filter(({ state }) => state === 'mended').length, replaced: 0, doubtful: 0, lostCommits };
  } catch (cause: unknown) {
    if (cause instanceof MusterError) throw cause;
    throw new MusterError('storage_failed', `${wal} is damaged, and could not be mended: ${messageOf(cause)}`, {
      cause,
      hint: 'Make room on the disk and start the hub again: a mended copy is written beside it. Nothing was changed.',
      details: { file: wal },
    });
  } finally {
    source.close();
  }
}

interface Plan {
  readonly frames: readonly ExaminedFrame[];
  readonly replaced: number;
  readonly doubtful: number;
  /** What is damaged was the last write, which may never have been whole. */
  readonly torn: boolean;
}

function planOf({ frames }: ExaminedWal): Plan {
  const lastOfPage = new Map(frames.filter(({ state }) => state !== 'damaged').map(({ page, index }) => [page, index]));
  const pagesMax = Math.max(...frames.filter(isCommit).map(({ pagesAfterCommit }) => pagesAfterCommit));
  const isReplaced = ({ state, page, index }: ExaminedFrame) => state === 'damaged' && (lastOfPage.get(page) ?? -1) > index;
  const doubtful = frames.filter((frame) => frame.state === 'damaged' && !isReplaced(frame));
  const first = doubtful[0];
  // A commit is on disk before the next one is written. Copies of its last frame fill it up (driver.ts).
  const end = first && frames.find((frame) => frame.index > first.index && isCommit(frame));
  if (first !== undefined && !frames.some(({ index, page }) => end !== undefined && index > end.index && page !== end.page))
    return { frames: upToCommit(frames.slice(0, frames.indexOf(first))), replaced: 0, doubtful: 0, torn: true };
  const isNoPage = ({ state, page }: ExaminedFrame) => state === 'damaged' && (page === 0 || page > pagesMax);
  return {
    frames: frames.filter((frame) => !isReplaced(frame) && !isNoPage(frame)),
    replaced: frames.filter(isReplaced).length,
    doubtful: doubtful.length,
    torn: false,
  };
}

function isCommit({ pagesAfterCommit, state }: ExaminedFrame): boolean {
  return pagesAfterCommit > 0 && state !== 'damaged';
}

function upToCommit(frames: readonly ExaminedFrame[]): readonly ExaminedFrame[] {
  return frames.slice(0, frames.findLastIndex(isCommit) + 1);
}

/** The log as it was stays under another name; the new one takes its place whole, or not at all. */
function write(source: WalSource, { header }: ExaminedWal, frames: readonly ExaminedFrame[], wal: string, kept: string): void {
  const next = `${wal}.mended`;
  rmSync(next, { force: true });
  const reader = createFrameReader(source, header);
  const to = openSync(next, 'wx', 0o600);
  try {
    const head = Buffer.alloc(WAL_HEADER_BYTES);
    let before: Checksum = writeWalHeader(head, header);
    writeWhole(to, head);
    for (const { index, flipped, state } of frames) {
      const frame = reader.frame(index);
      if (flipped !== null) turnOver(frame, flipped);
      // What a damaged frame says of itself must not end a commit.
      if (state === 'damaged') Buffer.from(frame.buffer, frame.byteOffset).writeUInt32BE(0, 4);
      before = sealFrame(frame, before, header);
      writeWhole(to, frame);
    }
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
  keep(wal, kept);
  renameSync(next, wal);
  syncFolder(dirname(wal));
}

/** Twice is once: the first is the log as it was found. */
function keep(wal: string, kept: string): void {
  if (statSync(kept, { throwIfNoEntry: false }) !== undefined) return;
  try {
    linkSync(wal, kept);
  } catch {
    copyFileSync(wal, kept);
  }
}

/** All tables but those whose rows have checksums of their own. */
function isSound(file: string): boolean {
  try {
    const database = openDatabase(file, { readOnly: true });
    try {
      const tables = database.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all() as { name: string }[];
      return tables
        .filter(({ name }) => !OWN_CHECKSUMS.includes(name))
        .every(({ name }) => {
          const rows = database.prepare(`pragma quick_check('${name.replaceAll("'", "''")}')`).all() as Record<string, unknown>[];
          return rows.every((row) => Object.values(row).includes('ok'));
        });
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

/** Of the database, from its header; a new one has the usual. */
function pageBytesOf(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < 100) return DEFAULT_PAGE_BYTES;
  const source = openSource(file);
  try {
    const bytes = Buffer.from(source.read(16, 2)).readUInt16BE(0);
    return bytes === 1 ? 65_536 : bytes >= 512 && (bytes & (bytes - 1)) === 0 ? bytes : DEFAULT_PAGE_BYTES;
  } finally {
    source.close();
  }
}

/** Reads far ahead: a log may have hundreds of thousands of frames. */
function openSource(path: string): WalSource & { close(): void } {
  const from = openSync(path, 'r');
  const bytes = statSync(path).size;
  const chunk = Buffer.alloc(1024 * 1024);
  let chunkAt = 0;
  let chunkBytes = 0;
  return {
    bytes,
    read(at, length) {
      if (at < chunkAt || at + length > chunkAt + chunkBytes) {
        chunkAt = at;
        chunkBytes = 0;
        while (chunkBytes < chunk.length) {
          const got = readSync(from, chunk, chunkBytes, chunk.length - chunkBytes, chunkAt + chunkBytes);
          if (got === 0) break;
          chunkBytes += got;
        }
      }
      return Uint8Array.prototype.slice.call(chunk, at - chunkAt, Math.min(at - chunkAt + length, chunkBytes));
    },
    close: () => closeSync(from),
  };
}

function writeWhole(to: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(to, bytes, at);
}

function syncFolder(folder: string): void {
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** For the log of the hub: what happened, in a sentence. */
export function tellMended({ kept, header, mended, replaced, doubtful, lostCommits }: MendedWal): string {
  if (kept === null) return 'the last write to the write-ahead log of the system database is not whole; it was not acknowledged if the machine lost its power';
  const what = [
    ...(header ? ['its beginning'] : []),
    ...(mended > 0 ? [`${mended} pages`] : []),
    ...(replaced > 0 ? [`${replaced} pages that were written again later`] : []),
  ];
  const saved = what.length === 0 ? '' : `; without loss: ${what.join(', ')}`;
  const used = doubtful === 0 ? '' : `; used as they are, damaged: ${doubtful} pages`;
  const lost = lostCommits === 0 ? '' : `; lost, because a page before them cannot be read: ${lostCommits} commits`;
  return `the write-ahead log of the system database was damaged and is mended${saved}${used}${lost}. As it was found it is kept as ${basename(kept)}`;
}
