import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

/** A journal of entries with 1, 2, 3, ... samples. */
async function journalOf(entries: number) {
  const file = join(temporaryFolder(), 'system.db');
  const log = createCommitLog({ file, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: SILENT_LOG });
  await log.start();
  for (let i = 1; i <= entries; i++) {
    const rows = Array.from({ length: i }, (_, row) => [i, row, row] as const);
    await log.commit({ samples: { ...numbers(...rows), text: [[i - 1, `text ${i}`]] } });
  }
  await log.stop();
  const reader = openJournal(file);
  onTestFinished(() => reader.close());
  return { file, reader };
}

describe('the journal reader', () => {
  it('joins as many entries as fit, at least one, in their order', async () => {
    const { reader } = await journalOf(5);
    expect(reader.read(0, 5)).toMatchObject({
      lastId: 2,
      columns: {
        count: 3,
        text: [
          [0, 'text 1'],
          [2, 'text 2'],
        ],
      },
    });
    expect(reader.read(0, 6)).toMatchObject({ lastId: 3, columns: { count: 6 } });
    expect(reader.read(4, 1)).toMatchObject({ lastId: 5, columns: { count: 5 } });
    expect(reader.read(5, 1000)).toBeNull();
    const all = reader.read(0, 1000);
    expect([...(all?.columns.series ?? [])]).toEqual([1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5]);
  });

  it('joins no more than so many bytes', async () => {
    const { file } = await journalOf(5);
    const reader = openJournal(file, 300);
    onTestFinished(() => reader.close());
    expect(reader.read(0, 1000)).toMatchObject({ lastId: 3 });
    expect(reader.read(3, 1000)).toMatchObject({ lastId: 4 });
    expect(reader.read(4, 1000)).toMatchObject({ lastId: 5 });
  });

  it('throws at a damaged entry, naming it, and skips nothing', async () => {
    const { file, reader } = await journalOf(4);
    const database = openDatabase(file, { readOnly: false });
    const { blob } = database.prepare('select blob from journal where id = 3').get() as { blob: Uint8Array };
    blob[30] = (blob[30] ?? 0) ^ 1;
    database.prepare('update journal set blob = ? where id = 3').run(blob);
    database.close();
    expect(reader.read(0, 3)).toMatchObject({ lastId: 2 });
    expect(() => reader.read(0, 1000)).toThrowError(
      expect.objectContaining({ code: 'storage_failed', message: expect.stringContaining('journal entry 3'), details: { file, entry: 3 } }),
    );
    expect(() => reader.read(2, 1)).toThrow(/journal entry 3/);
    expect(reader.read(3, 1000)).toMatchObject({ lastId: 4 });
  });
});
