import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog, type RunningCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { mendWal } from '../../../../src/lib/storage/system/mend-wal.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const FRAME_BYTES = 4096 + 24;
const COMMITS = 30;

function createdLog(file: string, said: string[] = []): RunningCommitLog {
  const tell = (fields: object, text: string) => void said.push(`${JSON.stringify(fields)} ${text}`);
  return createCommitLog({ file, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: { ...SILENT_LOG, warn: tell, error: tell } });
}

/** The database of a hub that was killed, everything but its tables in the write-ahead log. Commit i brings project i and journal entry i. */
async function killed(): Promise<{ readonly file: string; readonly wal: Buffer }> {
  const folder = temporaryFolder();
  const made = join(folder, 'made.db');
  const empty = createdLog(made);
  await empty.start();
  await empty.stop();
  const log = createdLog(made);
  await log.start();
  onTestFinished(() => log.stop());
  for (let i = 1; i <= COMMITS; i++) {
    await log.commit({
      statements: [{ sql: 'insert into projects (id, created_at) values (?, 1)', parameters: [`p${i}`] }],
      samples: numbers(...Array.from({ length: 1 + 40 * (i % 5) }, (_, row) => [i, row, 0] as const)),
      changes: [{ kind: 'put-incoming', session: 1, packetId: i }],
    });
  }
  const file = join(folder, 'system.db');
  copyFileSync(made, file);
  return { file, wal: readFileSync(`${made}-wal`) };
}

async function found(from: string, wal: Buffer): Promise<{ projects: number; entries: number; incoming: number; said: readonly string[]; kept: number }> {
  const folder = temporaryFolder();
  const file = join(folder, 'system.db');
  copyFileSync(from, file);
  writeFileSync(`${file}-wal`, wal);
  const said: string[] = [];
  const log = createdLog(file, said);
  await log.start();
  const database = openReadDatabase(file);
  const count = (table: string) => database.get<{ count: number }>(`select count(*) as count from ${table}`)?.count ?? 0;
  const counts = { projects: count('projects'), entries: count('journal'), incoming: count('broker_incoming') };
  database.close();
  await log.stop();
  return { ...counts, said, kept: readdirSync(folder).filter((name) => name.includes('-wal.damaged-')).length };
}

const ALL = { projects: COMMITS, entries: COMMITS, incoming: COMMITS };

function flipped(wal: Buffer, byte: number, bit: number): Buffer {
  const damaged = Buffer.from(wal);
  damaged[byte] = (damaged[byte] ?? 0) ^ (1 << bit);
  return damaged;
}

describe('a write-ahead log', () => {
  it('that is whole, or ends in a torn write, is left alone', async () => {
    const { file, wal } = await killed();
    writeFileSync(`${file}-wal`, wal);
    expect(mendWal(file, 1)).toBeNull();
    for (const bytes of [1, 24, 4095, 4096, FRAME_BYTES, 3 * FRAME_BYTES]) {
      writeFileSync(`${file}-wal`, wal.subarray(0, wal.length - bytes));
      expect(mendWal(file, 1), `${bytes} bytes`).toBeNull();
    }
    // Older frames behind the newest commit, as after the log was begun anew.
    const older = Buffer.from(wal.subarray(32));
    for (let at = 0; at < older.length; at += FRAME_BYTES) older.writeUInt32BE(7, at + 8);
    writeFileSync(`${file}-wal`, Buffer.concat([wal, older]));
    expect(mendWal(file, 1)).toBeNull();
    expect(existsSync(`${file}-wal.damaged-1`)).toBe(false);
  });

  it('loses nothing to one bit that is turned over, wherever it is, and the damaged one is kept', async () => {
    const { file, wal } = await killed();
    writeFileSync(`${file}-wal`, wal);
    const frames = (wal.length - 32) / FRAME_BYTES;
    const places = fc.oneof(
      fc.nat(31),
      fc.record({ frame: fc.nat(frames - 1), at: fc.nat(23) }).map(({ frame, at }) => 32 + frame * FRAME_BYTES + at),
      fc.nat(wal.length - 1),
    );
    await fc.assert(
      fc.asyncProperty(places, fc.nat(7), async (byte, bit) => {
        // The number of the checkpoint says nothing, but belongs to the checksum as well.
        expect(await found(file, flipped(wal, byte, bit)), `bit ${bit} of byte ${byte}`).toMatchObject({
          ...ALL,
          kept: 1,
          said: [expect.stringContaining('is mended')],
        });
      }),
      { numRuns: 30 },
    );
  }, 120_000);

  it('of which a whole page is gone, has everything else, and says what is lost', async () => {
    const { file, wal } = await killed();
    const frames = (wal.length - 32) / FRAME_BYTES;
    const outcomes = { whole: 0, entriesLost: 0, commitsLost: 0 };
    for (let frame = 0; frame < frames - 12; frame += 5) {
      const damaged = Buffer.from(wal);
      damaged.fill(0x5a, 32 + frame * FRAME_BYTES + 24, 32 + (frame + 1) * FRAME_BYTES);
      const { projects, entries, said, kept } = await found(file, damaged);
      expect(kept, `frame ${frame}`).toBe(1);
      expect(said[0], `frame ${frame}`).toContain('is mended');
      if (projects === COMMITS && entries === COMMITS) outcomes.whole += 1;
      else if (projects === COMMITS) {
        outcomes.entriesLost += 1;
        expect(said.join(), `frame ${frame}`).toMatch(/is damaged; it is set aside/);
        expect(entries, `frame ${frame}`).toBeGreaterThan(0);
      } else {
        outcomes.commitsLost += 1;
        expect(said[0], `frame ${frame}`).toContain(`lost, because a page before them cannot be read`);
      }
    }
    expect(outcomes.whole).toBeGreaterThan(outcomes.commitsLost);
  }, 120_000);

  it('whose header is overwritten has everything', async () => {
    const { file, wal } = await killed();
    const damaged = Buffer.from(wal);
    damaged.fill(0xff, 0, 32);
    expect(await found(file, damaged)).toMatchObject({ ...ALL, kept: 1 });
  });
});
