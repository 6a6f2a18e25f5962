import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeriesId } from '../../../../src/lib/domain/ids.ts';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import type { SampleRow } from '../../../../src/lib/storage/sample-store.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { gathered, type SampleStoreFixture, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const ALWAYS = { from: -8e15, to: 8e15 };
const DAY = 86_400_000;
const DAY_0 = Date.UTC(2026, 10, 1);
const NOW = DAY_0 + 20 * DAY;

const rows = (series: number, day: number, count: number): SampleRow[] =>
  Array.from({ length: count }, (_, i) => sample(series, DAY_0 + day * DAY + i * 60_000, series + i / 8));
const everything = (fixture: SampleStoreFixture, ...series: number[]) =>
  gathered(fixture.store.read({ series: series as SeriesId[], ...ALWAYS, order: 'series' }));

/** Files of three projects' days, something hot, and a store that is not closed: its folder as a kill would leave it. */
async function killed(): Promise<{ fixture: SampleStoreFixture; copy: string; expected: SampleRow[] }> {
  const folder = temporaryFolder();
  const fixture = await sampleStoreFixture(duckdb, folder, 20, true);
  const filed = [...rows(1, 0, 100), ...rows(2, 0, 100), ...rows(3, 1, 50)];
  const entry = await fixture.put(filed);
  await fixture.store.flush(entry);
  await fixture.store.compact({ now: NOW, scope: 'due' });
  // What is in files by then is in the journal no more.
  fixture.commits.applied(entry);
  const hot = [...rows(1, 19.9, 40), ...rows(2, 19.9, 40)];
  for (let at = 0; at < hot.length; at += 10) await fixture.settle(hot.slice(at, at + 10));
  const journal = openJournal(fixture.systemFile);
  expect(journal.read(0, 1)?.lastId).toBeGreaterThan(entry);
  journal.close();
  const copy = join(temporaryFolder(), 'samples');
  cpSync(join(folder, 'samples'), copy, { recursive: true });
  const expected = [1, 2, 3].flatMap((series) => [...filed, ...hot].filter((row) => row.series === series));
  expect(await everything(fixture, 1, 2, 3)).toStrictEqual(expected);
  return { fixture, copy, expected };
}

/** The store on a damaged copy of that folder. */
async function onCopy(fixture: SampleStoreFixture, copy: string, damage: (folder: string) => void): Promise<void> {
  await fixture.store.stop();
  const folder = join(temporaryFolder(), 'samples');
  cpSync(copy, folder, { recursive: true });
  damage(folder);
  fixture.options = { folder };
  await fixture.restart();
}

const cut = (file: string, bytes: number) => truncateSync(file, Math.max(0, statSync(file).size - bytes));
const aside = async (fixture: SampleStoreFixture) => (await fixture.store.stats()).damaged.map(({ file }) => file.replace(/\d{8}T\d+Z-/, ''));

describe('a store whose files are damaged', () => {
  it('has everything again when its log is cut off by 1 to 4,096 bytes', async () => {
    const { fixture, copy, expected } = await killed();
    expect(statSync(join(copy, 'samples.duckdb.wal')).size).toBeGreaterThan(4096);
    for (const bytes of [1, 7, 64, 511, 1024, 4096]) {
      await onCopy(fixture, copy, (folder) => cut(join(folder, 'samples.duckdb.wal'), bytes));
      expect(await fixture.store.flush(fixture.commits.lastJournalId)).toBeUndefined();
      expect(await everything(fixture, 1, 2, 3)).toStrictEqual(expected);
    }
  }, 120_000);

  it('has everything again, from its files and the journal, when the database is cut off, overwritten or gone', async () => {
    const { fixture, copy, expected } = await killed();
    const file = (folder: string) => join(folder, 'samples.duckdb');
    const damages: ((folder: string) => void)[] = [
      (folder) => cut(file(folder), 1),
      (folder) => cut(file(folder), 4096),
      (folder) => {
        const bytes = readFileSync(file(folder));
        bytes.fill(0x5a, 4096);
        writeFileSync(file(folder), bytes);
      },
      (folder) => writeFileSync(file(folder), 'no database'),
      (folder) => {
        rmSync(file(folder));
        rmSync(`${file(folder)}.wal`);
      },
    ];
    for (const damage of damages) {
      await onCopy(fixture, copy, damage);
      await fixture.store.flush(fixture.commits.lastJournalId);
      expect(await everything(fixture, 1, 2, 3)).toStrictEqual(expected);
      expect((await fixture.store.verify()).damaged.filter(({ file: name }) => !name.startsWith('damaged'))).toEqual([]);
      expect((await gathered(fixture.store.latest())).map(({ series, time }) => [series, time]).sort()).toEqual(
        [1, 2, 3].map((series) => [series, Math.max(...expected.filter((row) => row.series === series).map(({ time }) => time))]),
      );
      // It goes on: what is hot can be filed, and nothing that is there is taken for something else.
      expect((await fixture.store.compact({ now: NOW + 5 * DAY, scope: 'all' })).samplesKept).toBe(0);
      expect(await everything(fixture, 1, 2, 3)).toStrictEqual(expected);
    }
  }, 240_000);

  it('sets the damaged file aside, names it as long as it is there, and starts', async () => {
    const { fixture, copy } = await killed();
    await onCopy(fixture, copy, (folder) => writeFileSync(join(folder, 'samples.duckdb'), 'no database'));
    expect(await aside(fixture)).toContain('damaged/samples.duckdb');
    const folder = fixture.options.folder ?? '';
    expect(existsSync(join(folder, 'samples.duckdb'))).toBe(true);
    rmSync(join(folder, 'damaged'), { recursive: true });
    await fixture.restart();
    expect(await aside(fixture)).toEqual([]);
  }, 60_000);

  it('has what the other files hold when a Parquet file is cut off by 1 to 4,096 bytes', async () => {
    const { fixture, copy, expected } = await killed();
    const name = (readdirSync(copy, { recursive: true }) as string[]).find((each) => each.includes('project=even') && each.endsWith('.parquet')) ?? '';
    for (const bytes of [1, 100, 4096]) {
      await onCopy(fixture, copy, (folder) => cut(join(folder, name), bytes));
      await fixture.store.flush(fixture.commits.lastJournalId);
      expect((await fixture.store.stats()).damaged).toEqual([{ file: name, problem: expect.stringContaining('instead of') as string }]);
      expect(await everything(fixture, 1, 3)).toStrictEqual(expected.filter(({ series }) => series !== 2));
    }
  }, 120_000);
});
