import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CommitError } from '../../../../src/lib/storage/commit-log.ts';
import { createCommitLog, type RunningCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { smallDisk } from '../../../helpers/small-disk.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const MEBIBYTE = 1024 * 1024;

async function opened(file: string): Promise<RunningCommitLog> {
  const log = createCommitLog({ file, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 0, log: SILENT_LOG });
  await log.start();
  onTestFinished(() => log.stop());
  return log;
}

/** About a mebibyte. */
function samples(value: number) {
  const count = 40_000;
  const series = new Float64Array(count).fill(value);
  return { count, series, time: new Float64Array(count), number: new Float64Array(count), tag: new Uint8Array(count), flags: new Uint8Array(count), text: [] };
}

describe('a full disk', () => {
  it('fails groups alone, still lets applied entries be deleted, and is used again when there is room', async ({ skip }) => {
    const folder = smallDisk(64 * MEBIBYTE);
    if (folder === null) return skip('no file system may be mounted here');
    const file = join(folder, 'system.db');
    const log = await opened(file);
    const filler = join(folder, 'filler');
    writeFileSync(filler, Buffer.alloc(24 * MEBIBYTE));
    // As the hub keeps one (server/disk-reserve.ts). How much of the log can be written over when the disk is full is luck.
    const reserve = join(folder, 'reserve');
    writeFileSync(reserve, Buffer.alloc(MEBIBYTE));
    const acknowledged: number[] = [];
    let failure: unknown = null;
    for (let value = 1; failure === null; value++) {
      await log.commit({ samples: samples(value) }).then(
        () => acknowledged.push(value),
        (error: unknown) => {
          failure = error;
        },
      );
    }
    expect(failure).toBeInstanceOf(CommitError);
    expect(failure).toMatchObject({ reason: 'storage', message: expect.stringContaining('full') });
    expect(log.failing).toBe(true);
    const reader = openJournal(file);
    onTestFinished(() => reader.close());
    const values: number[] = [];
    for (let part = reader.read(0, 1); part !== null; part = reader.read(part.lastId, 1)) values.push(part.columns.series[0] ?? 0);
    expect(values).toEqual(acknowledged);
    // The sample store has taken them all: with no more room than the reserve leaves, they leave the journal, and the hub finds out by itself.
    rmSync(reserve);
    log.applied(log.lastJournalId);
    await waitUntil(() => !log.failing, 'deletions go on', 10_000);
    await waitUntil(() => reader.read(0, 1) === null, 'the journal is empty', 10_000);
    rmSync(filler);
    for (let value = 1; value <= 10; value++) await log.commit({ samples: samples(value) });
    expect([...(reader.read(0, 1)?.columns.series.subarray(0, 1) ?? [])]).toEqual([1]);
  }, 60_000);

  it('taken by others is left when they give it back, without a restart', async ({ skip }) => {
    const folder = smallDisk(32 * MEBIBYTE);
    if (folder === null) return skip('no file system may be mounted here');
    const log = await opened(join(folder, 'system.db'));
    const filler = join(folder, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(40 * MEBIBYTE));
    } catch {
      // It is as full as it can be.
    }
    await expect(log.commit({ samples: samples(1) })).rejects.toMatchObject({ reason: 'storage' });
    rmSync(filler);
    await waitUntil(() => !log.failing, 'the disk is tried again', 10_000);
    await expect(log.commit({ samples: samples(2) })).resolves.toMatchObject({ journalId: 1 });
  }, 60_000);
});

describe('a write-ahead log that cannot be emptied', () => {
  it('holds up no commit, and shrinks when it can be', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const log = await opened(file);
    await log.commit({ samples: samples(1) });
    const reader = openDatabase(file, { readOnly: true });
    reader.exec('begin; select count(*) from journal');
    for (let value = 2; value <= 90; value++) await log.commit({ samples: samples(value) });
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(80 * MEBIBYTE);
    reader.exec('commit');
    reader.close();
    for (let value = 91; value <= 130; value++) await log.commit({ samples: samples(value) });
    expect(statSync(`${file}-wal`).size).toBeLessThanOrEqual(64 * MEBIBYTE);
  }, 60_000);
});
