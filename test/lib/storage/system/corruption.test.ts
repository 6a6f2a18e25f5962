import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog, type RunningCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const PAGE_BYTES = 4096;

function createdLog(file: string, said: string[] = []): RunningCommitLog {
  const log = { ...SILENT_LOG, error: (fields: object, text: string) => void said.push(`${JSON.stringify(fields)} ${text}`) };
  return createCommitLog({ file, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 600_000, log });
}

async function opened(file: string, said: string[] = []): Promise<RunningCommitLog> {
  const log = createdLog(file, said);
  await log.start();
  onTestFinished(() => log.stop());
  return log;
}

/** Entry number i holds i in each of its samples. */
async function writeEntries(log: RunningCommitLog, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await log.commit({ samples: numbers(...Array.from({ length: 400 }, (_, row) => [i, row, 0] as const)) });
}

/** The entries of the journal, each checked whole. */
function entries(file: string): number[] {
  const reader = openJournal(file);
  const found: number[] = [];
  for (let part = reader.read(0, 1); part !== null; part = reader.read(part.lastId, 1)) {
    expect(part.columns.count).toBe(400);
    expect(new Set(part.columns.series)).toEqual(new Set([part.lastId]));
    found.push(part.lastId);
  }
  reader.close();
  return found;
}

function openedBlob(file: string, id: number): Uint8Array {
  const database = openReadDatabase(file);
  const blob = database.get<{ blob: Uint8Array }>('select blob from journal where id = ?', id)?.blob;
  database.close();
  return blob ?? new Uint8Array();
}

describe('a damaged journal', () => {
  it('at whichever page it is damaged, starts, names what is lost, keeps everything else, and never gives an id twice', async () => {
    const folder = temporaryFolder();
    const whole = join(folder, 'whole.db');
    const made = createdLog(whole);
    await made.start();
    await made.stop();
    // Its leaves and their overflow pages: all that the journal has beyond the pages of a database that is empty.
    const empty = readFileSync(whole).length / PAGE_BYTES;
    const first = createdLog(whole);
    await first.start();
    await writeEntries(first, 1, 7);
    await first.stop();
    const pages = readFileSync(whole);
    const lost: number[] = [];
    for (let page = empty + 1; page <= pages.length / PAGE_BYTES; page++) {
      const file = join(folder, `${page}.db`);
      const damaged = Buffer.from(pages);
      damaged.fill(0xa5, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
      writeFileSync(file, damaged);
      const said: string[] = [];
      const log = createdLog(file, said);
      await log.start();
      const kept = entries(file);
      expect(log.counts.damagedEntries, `page ${page}`).toBe(said.length);
      if (kept.length < 7) expect(said.join(), `page ${page}`).toMatch(/is damaged; it is set aside/);
      lost.push(7 - kept.length);
      const receipt = await log.commit({ samples: numbers([8, 1, 1]) });
      expect(receipt.journalId).toBe(8);
      // What was applied may go, and a second start finds nothing more.
      log.applied(8);
      await log.stop();
      const again = createdLog(file, said);
      const before = said.length;
      await again.start();
      expect(said.length).toBe(before);
      expect(again.counts.damagedEntries).toBe(before);
      expect(again.journalBytes).toBe(0);
      await again.stop();
    }
    // A page belongs to one entry, or to a leaf with the beginnings of several.
    expect(lost.filter((count) => count === 1).length).toBeGreaterThan(12);
    expect(Math.max(...lost)).toBeLessThan(7);
  }, 60_000);

  it('that is found while the hub runs is set aside, and what lies behind it can be applied', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const said: string[] = [];
    const log = await opened(file, said);
    await writeEntries(log, 1, 3);
    const reader = openJournal(file);
    onTestFinished(() => reader.close());
    const blob = Uint8Array.from(openedBlob(file, 2));
    blob[5000] = (blob[5000] ?? 0) ^ 1;
    await log.commit({ statements: [{ sql: 'update journal set blob = ? where id = 2', parameters: [blob] }] });
    expect(() => reader.read(1, 1000)).toThrowError(expect.objectContaining({ details: { file, entry: 2 } }));
    log.suspect(2);
    log.suspect(3);
    await log.commit({ samples: numbers([4, 4, 4]) });
    expect(said).toEqual([expect.stringMatching(/"entry":2.*set aside/)]);
    expect(log.counts.damagedEntries).toBe(1);
    expect(reader.read(1, 400)).toMatchObject({ lastId: 3 });
    log.applied(4);
    expect(log.journalBytes).toBe(0);
  });
});

describe('a system database that is damaged elsewhere', () => {
  it('is refused with its name and what to do', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const log = createdLog(file);
    await log.start();
    await log.commit({ statements: [{ sql: "insert into projects (id, created_at) values ('default', 1)", parameters: [] }] });
    await log.stop();
    const database = openReadDatabase(file);
    const page = database.get<{ rootpage: number }>("select rootpage from sqlite_schema where name = 'projects'")?.rootpage ?? 0;
    database.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
    writeFileSync(file, bytes);
    await opened(file);
    const damaged = openReadDatabase(file);
    onTestFinished(() => damaged.close());
    expect(() => damaged.all('select * from projects')).toThrowError(
      expect.objectContaining({ code: 'storage_failed', message: expect.stringContaining(file), hint: expect.stringContaining('Restore it from a backup') }),
    );
  });
});

describe('a last write that is cut off', () => {
  it.each([1, 24, 100, 2048, 4095, 4096])('by %i bytes takes nothing along that was acknowledged', async (cut) => {
    const folder = temporaryFolder();
    const file = join(folder, 'system.db');
    const log = await opened(file);
    for (let last = 1; last <= 6; last++) {
      await log.commit({ samples: numbers([last, last, last]), changes: [{ kind: 'put-incoming', session: 1, packetId: last }] });
      // The files as they are on disk after a kill; the log has grown with every commit, so its end is the last write.
      const copy = join(folder, `copy-${last}.db`);
      for (const part of ['', '-wal']) copyFileSync(file + part, copy + part);
      truncateSync(`${copy}-wal`, readFileSync(`${copy}-wal`).length - cut);
      const again = createdLog(copy);
      await again.start();
      const reader = openJournal(copy);
      expect([...(reader.read(0, 1000)?.columns.series ?? [])], `after ${last} commits`).toEqual(Array.from({ length: last }, (_, i) => i + 1));
      reader.close();
      await again.stop();
      const database = openReadDatabase(copy);
      expect(database.all('select packet_id from broker_incoming')).toHaveLength(last);
      database.close();
    }
    expect(existsSync(`${file}-wal`)).toBe(true);
  });
});

describe('the end of the write-ahead log', () => {
  it('is never that of a sector, where the last commit would have no copy behind it', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const log = await opened(file);
    const ends = new Set<number>();
    for (let i = 0; i < 900; i++) {
      // Of one page to four, so that all places of a sector come by.
      const parameters = ['default', 'x'.repeat(4096 * (i % 4)), i];
      await log.commit({ statements: [{ sql: 'insert or replace into projects (id, description, created_at) values (?, ?, ?)', parameters }] });
      ends.add(statSync(`${file}-wal`).size % PAGE_BYTES);
    }
    expect(ends.size).toBeGreaterThan(100);
    expect(ends).not.toContain(0);
  }, 60_000);
});

describe('a system database that is cut off', () => {
  it.each([1, 100, 4095, 4096])('by %i bytes is refused by name, or starts and names what is damaged', async (cut) => {
    const file = join(temporaryFolder(), 'system.db');
    const first = createdLog(file);
    await first.start();
    await writeEntries(first, 1, 7);
    await first.stop();
    truncateSync(file, readFileSync(file).length - cut);
    const said: string[] = [];
    const log = createdLog(file, said);
    const refusal = await log.start().then(
      () => null,
      (error: unknown) => error,
    );
    if (refusal !== null)
      expect(refusal).toMatchObject({ code: 'storage_failed', message: expect.stringContaining(file), hint: expect.stringContaining('backup') });
    else expect(said.join()).toMatch(/damaged; it is set aside/);
    await log.stop();
  });
});
