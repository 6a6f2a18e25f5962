import { describe, expect, it, onTestFinished } from 'vitest';
import { createFileLeases } from '../../../../src/lib/storage/duckdb/archive/file-leases.ts';
import { createArchiveReader } from '../../../../src/lib/storage/duckdb/archive/reader.ts';
import { type Database, openDatabase } from '../../../../src/lib/storage/duckdb/database.ts';
import type { Reading } from '../../../../src/lib/storage/duckdb/messages.ts';
import { createReadings, type ReadingLimits } from '../../../../src/lib/storage/duckdb/serve-readings.ts';
import { createTurns } from '../../../../src/lib/storage/duckdb/turns.ts';
import { ALWAYS, ids } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const READ: Reading = { kind: 'read', query: { series: ids(1), ...ALWAYS, order: 'time' } };

async function filledDatabase(): Promise<Database> {
  const database = await openDatabase(temporaryFolder(), 2 ** 28);
  onTestFinished(() => database.close());
  await database.writer.run('insert into samples select 1, range, range, null, 0, 0 from range(100000)');
  return database;
}

function readingsOf(database: Database, limits?: ReadingLimits) {
  const reader = createArchiveReader(
    database,
    createFileLeases(async () => {}),
    () => {},
  );
  return createReadings(database, createTurns(2), reader, limits);
}

describe('open readings', () => {
  it('send as many blocks as there is credit, then wait', async () => {
    const readings = readingsOf(await filledDatabase());
    let blocks = 0;
    const open = readings.open(1, READ, 2, () => blocks++);
    await expect.poll(() => blocks).toBe(2);
    readings.more(1);
    await expect.poll(() => blocks).toBe(3);
    readings.cancel(1);
    await open;
    expect(blocks).toBe(3);
  });

  it('keep a place that nobody else wants, however long their rows are not taken, and lose it to one who waits', async () => {
    const readings = readingsOf(await filledDatabase(), { openMax: 1, stalledMs: 30 });
    let blocks = 0;
    const stalled = readings.open(1, READ, 1, () => blocks++);
    await expect.poll(() => blocks).toBe(1);
    const later = new Promise((resolve) => setTimeout(resolve, 150, 'open'));
    expect(await Promise.race([later, stalled.then(() => 'ended')])).toBe('open');
    const second = readings.open(2, READ, 1000, () => {});
    await expect(stalled).rejects.toMatchObject({ code: 'timed_out' });
    await second;
  });

  it('give series in the order asked for, each by time, however few samples are sorted at once', async () => {
    const database = await filledDatabase();
    await database.writer.run('update samples set series = 1 + (time * 7) % 5, time = 100000 - time');
    for (const sortedRows of [1, 45_000, 1_000_000]) {
      const seen: [series: number, time: number][] = [];
      const readings = readingsOf(database, { openMax: 1, stalledMs: 60_000, sortedRows });
      await readings.open(1, { kind: 'read', query: { series: ids(4, 2, 5, 1, 3), ...ALWAYS, order: 'series' } }, 1000, ({ columns }) => {
        for (let row = 0; row < columns.count; row++) seen.push([columns.series[row] ?? 0, columns.time[row] ?? 0]);
      });
      expect(seen).toHaveLength(100_000);
      expect([...new Set(seen.map(([series]) => series))]).toEqual([4, 2, 5, 1, 3]);
      expect(seen.every(([series, time], row) => row === 0 || seen[row - 1]?.[0] !== series || (seen[row - 1]?.[1] ?? 0) < time)).toBe(true);
      // Four changes: no series comes back.
      expect(seen.filter(([series], row) => row > 0 && seen[row - 1]?.[0] !== series)).toHaveLength(4);
    }
  });

  it('scan stretch after stretch, each sorted alone, against credit', async () => {
    const database = await filledDatabase();
    const hours = 7;
    await database.writer.run(`update samples set series = 1 + (time * 7) % 5, time = (100000 - time) * ${hours * 36}`);
    const readings = readingsOf(database, { openMax: 1, stalledMs: 60_000, sortedRows: 30_000 });
    const stretches: number[] = [];
    const seen: [series: number, time: number][] = [];
    const open = readings.open(1, { kind: 'scan', query: { series: ids(4, 2), from: 0, to: 1e9 } }, 1, ({ columns, stretch }) => {
      stretches.push(stretch?.from ?? Number.NaN);
      for (let row = 0; row < columns.count; row++) seen.push([columns.series[row] ?? 0, columns.time[row] ?? 0]);
    });
    await expect.poll(() => stretches.length).toBe(1);
    for (let more = 0; more < 10; more++) readings.more(1);
    await open;
    expect(new Set(stretches).size).toBeGreaterThan(1);
    expect(seen).toHaveLength(40_000);
    // In each stretch one series, then the other.
    expect(seen.filter(([series], row) => seen[row - 1]?.[0] !== series)).toHaveLength(2 * new Set(stretches).size);
    for (const series of [4, 2]) {
      const times = seen.filter((row) => row[0] === series).map(([, time]) => time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  it('end with a reason when the store stops, those that wait for a place included', async () => {
    const readings = readingsOf(await filledDatabase(), { openMax: 1, stalledMs: 60_000 });
    const both = [readings.open(1, READ, 1, () => {}), readings.open(2, READ, 1, () => {})];
    const ends = Promise.allSettled(both);
    await readings.stop();
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'stopping' } });
  });
});
