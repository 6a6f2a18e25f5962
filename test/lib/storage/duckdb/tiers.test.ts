import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import type { SampleRow } from '../../../../src/lib/storage/sample-store.ts';
import { recordedSamples } from '../../../helpers/recorded-samples.ts';
import { ALWAYS, gathered, ids, type SampleStoreFixture, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY_0 = Date.parse('2026-11-01T00:00:00Z');
const recording = (name: string) => fileURLToPath(new URL(`../../../../assets/recordings/${name}.csv`, import.meta.url));

const everything = async (fixture: SampleStoreFixture, ...series: number[]): Promise<SampleRow[]> =>
  gathered(fixture.store.read({ series: ids(...series), ...ALWAYS, order: 'series' }));
const filesIn = (folder: string) =>
  readdirSync(join(folder, 'samples', 'parquet'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
/** Numbers of `series` every hour of these days of November 2026. */
const hourly = (series: number, ...days: number[]) =>
  days.flatMap((day) => Array.from({ length: 24 }, (_, hour) => sample(series, DAY_0 + day * DAY + hour * 3_600_000, series * 1000 + day + hour / 100)));

async function queried(sql: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await (await connection.run(sql)).getRowObjectsJson()) as unknown[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('files of samples', () => {
  it('can be understood on their own, and hold every bit', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    const rows = [
      ...Array.from({ length: 12 }, (_, i) => sample(1, DAY_0 + i, 70 + i * 1.00000001)),
      sample(1, DAY_0 + 20, 74.93588199999998),
      sample(1, DAY_0 + 21, -0),
      sample(3, DAY_0, 'on', { quality: 'bad', late: true }),
      sample(3, DAY_0 + 1, { a: [1] }, { quality: 'uncertain' }),
      sample(3, DAY_0 + 2, true),
      sample(5, DAY_0, 1 / 3),
      sample(5, DAY_0 + 1, Number.MIN_VALUE),
      sample(5, DAY_0 + 2, 0),
      sample(5, DAY_0 + 3, -0),
    ];
    await fixture.settle(rows);
    await fixture.store.compact({ now: NOW, scope: 'due' });
    expect(await everything(fixture, 1, 3, 5)).toStrictEqual(rows);
    const files = filesIn(folder);
    expect(files.map((file) => file.slice(join(folder, 'samples', 'parquet').length + 1).replace(/-\d+/g, (part) => (part.length > 3 ? part : part)))).toEqual([
      expect.stringMatching(/^project=odd\/day=2026-11-01\/20261101T000000Z-1\.decimal\.parquet$/) as string,
      expect.stringMatching(/^project=odd\/day=2026-11-01\/20261101T000000Z-2\.parquet$/) as string,
    ]);
    const glob = `read_parquet('${join(folder, 'samples/parquet/**/*.parquet')}', union_by_name = true)`;
    expect(
      await queried(
        `select device, point, series::int as series, epoch_ms(time)::double as time, text, kind, quality, late from ${glob} where device = 'device-3' order by time`,
      ),
    ).toEqual([
      { device: 'device-3', point: 'value', series: 3, time: DAY_0, text: 'on', kind: 'string', quality: 'bad', late: true },
      { device: 'device-3', point: 'value', series: 3, time: DAY_0 + 1, text: '{"a":[1]}', kind: 'json', quality: 'uncertain', late: false },
      { device: 'device-3', point: 'value', series: 3, time: DAY_0 + 2, text: null, kind: 'boolean', quality: 'good', late: false },
    ]);
    expect(await queried(`select value::double + coalesce(residue, 0) as number from ${glob} where series = 1 and epoch_ms(time) = ${DAY_0 + 20}`)).toEqual([
      { number: 74.93588199999998 },
    ]);
    expect(await queried(`select distinct compression from parquet_metadata('${files[0]}')`)).toEqual([{ compression: 'ZSTD' }]);
  });

  it('take few bytes for recorded data', async () => {
    const sizes: Record<string, number> = {};
    for (const [name, series] of [
      ['weather-hourly', 1],
      ['ambient-temperature', 5],
      ['machine-temperature', 7],
    ] as const) {
      const fixture = await sampleStoreFixture(duckdb, temporaryFolder());
      const rows = recordedSamples(recording(name), series);
      await fixture.settle(rows);
      await fixture.store.compact({ now: NOW, scope: 'due' });
      const { hot, files } = await fixture.store.stats();
      expect(hot.samples).toBe(0);
      sizes[name] = files.bytes / files.samples;
      const last = new Map(rows.map((row) => [`${row.series} ${row.time}`, row]));
      expect(await everything(fixture, ...new Set(rows.map((row) => row.series)))).toStrictEqual(
        [...last.values()].sort((a, b) => a.series - b.series || a.time - b.time),
      );
    }
    // Slices of three weeks: what a file costs by itself (2 kB) weighs more than in a year.
    expect(sizes['machine-temperature']).toBeLessThan(4.2);
    expect(sizes['ambient-temperature']).toBeLessThan(10);
    expect(sizes['weather-hourly']).toBeLessThan(3.5);
  });

  it('are joined when small, and take in what comes late when it is worth it', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    const compact = (day: number, scope: 'due' | 'all' = 'due') => fixture.store.compact({ now: DAY_0 + day * DAY + 3 * 3_600_000, scope });
    for (const day of [0, 1, 2]) {
      await fixture.settle(hourly(1, day));
      expect(await compact(day + 1)).toMatchObject({ samples: 24, filesWritten: 1, filesReplaced: 0 });
    }
    expect(filesIn(folder)).toHaveLength(3);
    expect(await compact(3)).toMatchObject({ samples: 0, filesWritten: 0 });
    // The month is over.
    expect(await compact(31)).toMatchObject({ samples: 0, filesWritten: 1, filesReplaced: 3 });
    expect(filesIn(folder)).toEqual([expect.stringContaining(join('month=2026-11', '')) as string]);
    await fixture.settle([sample(1, DAY_0 + 5, 'late'), sample(1, DAY_0, 'again')]);
    expect((await fixture.store.stats()).samples).toBe(73);
    expect(await compact(31)).toMatchObject({ samples: 2, filesWritten: 1, filesReplaced: 1 });
    await fixture.settle([sample(1, DAY_0 + 6, 'one of 73 is too few')]);
    expect(await compact(31)).toMatchObject({ samples: 0 });
    expect(await compact(31, 'all')).toMatchObject({ samples: 1 });
    const rows = await everything(fixture, 1);
    expect(rows.slice(0, 3).map(({ value }) => value)).toEqual(['again', 'late', 'one of 73 is too few']);
    expect(rows).toHaveLength(74);
    expect(await fixture.store.verify()).toMatchObject({ files: 1, samples: 74, damaged: [], unknown: [] });
  });

  it('take a day alone when asked for it, and younger samples when the hot table holds too many', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    await fixture.settle(hourly(1, 0, 1, 2));
    expect(await fixture.store.compact({ now: NOW, scope: { day: DAY_0 + DAY } })).toMatchObject({ samples: 24 });
    expect((await fixture.store.stats()).hot.samples).toBe(48);
    fixture.options = { hotSamplesMax: 10 };
    await fixture.restart();
    const now = DAY_0 + 2 * DAY + 12.5 * 3_600_000;
    expect(await fixture.store.compact({ now, scope: 'due' })).toMatchObject({ samples: 36 });
    expect((await fixture.store.stats()).hot.samples).toBe(12);
    expect(await everything(fixture, 1)).toStrictEqual(hourly(1, 0, 1, 2));
  });

  it('forget a removed series at once, and leave it out when they are written anew', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    await fixture.settle([...hourly(1, 0), ...hourly(3, 0)]);
    await fixture.store.compact({ now: NOW, scope: 'due' });
    await fixture.store.remove(ids(1));
    await fixture.restart();
    expect(await everything(fixture, 1, 3)).toStrictEqual(hourly(3, 0));
    expect((await fixture.store.stats()).samples).toBe(24);
    expect((await gathered(fixture.store.latest())).map(({ series }) => series)).toEqual([3]);
    await fixture.settle([sample(1, DAY_0, 'anew')]);
    await fixture.store.compact({ now: NOW, scope: 'all' });
    expect(await fixture.store.verify()).toMatchObject({ samples: 25, damaged: [] });
    expect(await everything(fixture, 1)).toStrictEqual([sample(1, DAY_0, 'anew')]);
  });

  it('keep samples hot whose series nobody knows', async () => {
    const fixture = await sampleStoreFixture(duckdb, temporaryFolder());
    fixture.options = { describe: (series) => (series === 1 ? null : { series, project: 'p', device: 'd', point: 'p' }) };
    await fixture.restart();
    await fixture.settle([...hourly(1, 0), ...hourly(3, 0)]);
    expect(await fixture.store.compact({ now: NOW, scope: 'due' })).toMatchObject({ samples: 24, samplesKept: 24 });
    expect(await everything(fixture, 1, 3)).toStrictEqual([...hourly(1, 0), ...hourly(3, 0)]);
  });
});

describe('a compaction beside everything else', () => {
  it('never hides a sample, shows none twice, and loses no later value', async () => {
    const fixture = await sampleStoreFixture(duckdb, temporaryFolder(), 1);
    const hour = 3_600_000;
    const ROUNDS = 60;
    const SAMPLES = 200;
    let committed = 0;
    let writing = true;
    let compactions = 0;
    let readings = 0;
    const compact = async () => {
      while (writing) {
        const { filesWritten } = await fixture.store.compact({ now: NOW, scope: 'all' });
        compactions += filesWritten > 0 ? 1 : 0;
      }
    };
    const read = async () => {
      while (writing) {
        const atLeast = committed;
        const rows = await everything(fixture, 1);
        readings++;
        expect(rows.length).toBeGreaterThanOrEqual(atLeast);
        expect(rows.every(({ time }, index) => time === DAY_0 - 90 * DAY + index * hour)).toBe(true);
        expect(await fixture.store.count({ series: ids(1), ...ALWAYS })).toBeGreaterThanOrEqual(rows.length);
      }
    };
    const write = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        // New samples, the one before written over, and one moment written over in every round.
        const rows = Array.from({ length: SAMPLES / 10 }, (_, i) => sample(1, DAY_0 - 90 * DAY + (committed + i) * hour, round));
        if (committed > 0) rows.push(sample(1, DAY_0 - 90 * DAY + (committed - 1) * hour, -round));
        await fixture.settle([...rows, sample(3, DAY_0 - 80 * DAY, round)]);
        committed += SAMPLES / 10;
      }
      writing = false;
    };
    await Promise.all([compact(), read(), read(), write()]);
    const rows = await everything(fixture, 1);
    expect(rows).toHaveLength(committed);
    rows.forEach(({ value }, index) => {
      const last = (index + 1) % (SAMPLES / 10) === 0 && index + 1 < committed;
      expect(value, `sample ${index}`).toBe(last ? -(Math.floor(index / (SAMPLES / 10)) + 1) : Math.floor(index / (SAMPLES / 10)));
    });
    expect(await everything(fixture, 3)).toStrictEqual([sample(3, DAY_0 - 80 * DAY, ROUNDS - 1)]);
    expect(compactions).toBeGreaterThan(3);
    expect(readings).toBeGreaterThan(10);
    expect(fixture.failures).toEqual([]);
    expect((await fixture.store.verify()).damaged).toEqual([]);
    expect(filesIn(fixture.folder)).toHaveLength((await fixture.store.stats()).files.count);
  }, 60_000);
});

describe('retention', () => {
  const rules = (days: number, series: { series: number; before: number | null }[] = []) => ({
    projects: [{ project: 'odd', before: DAY_0 + days * DAY }],
    series: series.map(({ series: id, before }) => ({ series: [id as never], before })),
  });

  it('deletes files whole, parts of files and what is hot, and says before what it would', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    await fixture.settle([...hourly(1, 0, 1, 2), ...hourly(2, 0)]);
    for (const day of [1, 2]) await fixture.store.compact({ now: DAY_0 + day * DAY + 3 * 3_600_000, scope: 'due' });
    const filed = filesIn(folder).length;
    const expected = { samples: 60, filesDeleted: 2, filesRewritten: 0 };
    expect(await fixture.store.retain(rules(2.5), 'count')).toEqual(expected);
    expect(filesIn(folder)).toHaveLength(filed);
    expect(await fixture.store.retain(rules(2.5), 'all')).toEqual(expected);
    expect(await everything(fixture, 1, 2)).toStrictEqual([...hourly(1, 2).slice(12), ...hourly(2, 0)]);
    await fixture.store.compact({ now: DAY_0 + 40 * DAY, scope: 'due' });
    expect(await fixture.store.retain(rules(2.75), 'all')).toEqual({ samples: 6, filesDeleted: 0, filesRewritten: 1 });
    expect(await everything(fixture, 1)).toStrictEqual(hourly(1, 2).slice(18));
    expect(await fixture.store.retain(rules(9), 'all')).toMatchObject({ samples: 6, filesDeleted: 1 });
    expect((await gathered(fixture.store.latest())).map(({ series }) => series)).toEqual([2]);
    expect((await fixture.store.verify()).damaged).toEqual([]);
  });

  it('lets a point have a rule of its own, for ever among them, and waits with rewriting for little', async () => {
    const fixture = await sampleStoreFixture(duckdb, temporaryFolder());
    await fixture.settle([...hourly(1, 0, 1), ...hourly(3, 0, 1), ...hourly(5, 0, 1)]);
    await fixture.store.compact({ now: NOW, scope: 'due' });
    const each = rules(1, [
      { series: 1, before: null },
      { series: 3, before: DAY_0 + 3_600_000 },
    ]);
    expect(
      await fixture.store.retain(
        rules(0.04, [
          { series: 1, before: null },
          { series: 3, before: null },
        ]),
        'due',
      ),
    ).toEqual({ samples: 0, filesDeleted: 0, filesRewritten: 0 });
    expect((await fixture.store.retain(each, 'all')).samples).toBe(25);
    expect(await everything(fixture, 1, 3, 5)).toStrictEqual([...hourly(1, 0, 1), ...hourly(3, 0, 1).slice(1), ...hourly(5, 1)]);
  });
});

describe('a damaged file', () => {
  async function filed(): Promise<{ fixture: SampleStoreFixture; folder: string; odd: string }> {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    await fixture.settle([...Array.from({ length: 20_000 }, (_, i) => sample(1, DAY_0 + i, Math.sin(i))), ...hourly(2, 0)]);
    await fixture.store.compact({ now: NOW, scope: 'due' });
    const odd = filesIn(folder).find((file) => file.includes('project=odd')) ?? '';
    return { fixture, folder, odd };
  }
  const named = (odd: string, folder: string) => odd.slice(join(folder, 'samples').length + 1);

  it('with a flipped bit is named by verify; the rest is read, and so is the file once it is restored', async () => {
    const { fixture, folder, odd } = await filed();
    const whole = readFileSync(odd);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 4;
    writeFileSync(odd, flipped);
    const { damaged } = await fixture.store.verify();
    expect(damaged).toEqual([{ file: named(odd, folder), problem: expect.stringContaining('checksum') as string }]);
    expect(await everything(fixture, 1, 2)).toStrictEqual(hourly(2, 0));
    expect((await fixture.store.stats()).damaged).toHaveLength(1);
    // What comes for its period stays hot instead of taking its place.
    await fixture.settle([sample(1, DAY_0, 'new')]);
    expect(await fixture.store.compact({ now: NOW, scope: 'all' })).toMatchObject({ samples: 0, samplesKept: 1 });
    writeFileSync(odd, whole);
    expect((await fixture.store.verify()).damaged).toEqual([]);
    expect(await fixture.store.count({ series: ids(1), ...ALWAYS })).toBe(20_000);
  });

  it('that is cut off or missing is named at the start, and does not hold it up', async () => {
    const { fixture, folder, odd } = await filed();
    await fixture.store.stop();
    truncateSync(odd, 1000);
    await fixture.restart();
    expect((await fixture.store.stats()).damaged).toEqual([{ file: named(odd, folder), problem: expect.stringContaining('bytes instead of') as string }]);
    expect(await everything(fixture, 1, 2)).toStrictEqual(hourly(2, 0));
    rmSync(odd);
    await fixture.restart();
    expect((await fixture.store.stats()).damaged).toEqual([{ file: named(odd, folder), problem: 'is missing' }]);
    expect((await fixture.store.verify()).damaged).toHaveLength(1);
    await fixture.settle([sample(1, NOW, 1)]);
    expect(await everything(fixture, 1)).toStrictEqual([sample(1, NOW, 1)]);
  });

  it('that is found by a query fails that one with its name, and no other', async () => {
    const { fixture, odd } = await filed();
    const { length } = readFileSync(odd);
    writeFileSync(odd, Buffer.alloc(length, 7));
    await expect(everything(fixture, 1)).rejects.toMatchObject({ code: 'storage_failed', message: expect.stringContaining('project=odd') as string });
    expect(await everything(fixture, 1, 2)).toStrictEqual(hourly(2, 0));
  });

  it('is not confused with files of somebody else, which are left alone and named', async () => {
    const { fixture, folder, odd } = await filed();
    const stranger = join(odd, '..', 'stranger.parquet');
    appendFileSync(stranger, 'not ours');
    await fixture.restart();
    expect(await fixture.store.verify()).toMatchObject({ damaged: [], unknown: [named(join(stranger), folder)] });
    expect(existsSync(stranger)).toBe(true);
    renameSync(stranger, `${stranger}.bak`);
  });
});
