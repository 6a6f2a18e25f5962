import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { SeriesId } from '../../../../src/lib/domain/ids.ts';
import { parquet } from '../../../../src/lib/exports/parquet/definition.ts';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import { ALWAYS, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

describe('Parquet', () => {
  it('is written by the engine, and another DuckDB reads the same samples from it', async () => {
    expect(parquet).toMatchObject({ writer: 'engine', resumable: false });
    const folder = temporaryFolder();
    const { store, settle } = await sampleStoreFixture(duckdb, folder);
    const numbers = Array.from({ length: 5000 }, (_, index) => Math.fround(Math.sin(index) * 1e6) / 3);
    await settle(numbers.map((value, index) => sample(1, index * 1000, value)));
    await settle([sample(2, 7, 'ü, "😀"\n'), sample(2, 8, false), sample(2, 9, { nested: [1, null] })]);
    const path = join(folder, `export.${parquet.extension}`);
    const names = [
      { series: 1 as SeriesId, device: 'kiln-1', point: 'a' },
      { series: 2 as SeriesId, device: 'kiln-1', point: 'b' },
    ];
    expect(await store.exportParquet({ names, ...ALWAYS }, path)).toBe(numbers.length + 3);
    const bytes = readFileSync(path);
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);

    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = async (where: string) =>
      (await (
        await connection.run(`select epoch_ms(time)::double as time, value, text, kind from read_parquet('${path}') where ${where}`)
      ).getRowObjectsJson()) as Record<string, unknown>[];
    expect((await rows("point = 'a'")).map(({ time, value }) => [time, value])).toEqual(numbers.map((value, index) => [index * 1000, value]));
    expect(await rows("point = 'b'")).toEqual([
      { time: 7, value: null, text: 'ü, "😀"\n', kind: 'string' },
      { time: 8, value: 0, text: null, kind: 'boolean' },
      { time: 9, value: null, text: '{"nested":[1,null]}', kind: 'json' },
    ]);
    connection.closeSync();
    instance.closeSync();
  });

  it('is broken off when nobody wants it any more, while it is written and while it waits, and leaves no file', async () => {
    const folder = temporaryFolder();
    const { store, settle } = await sampleStoreFixture(duckdb, folder);
    const large = 'x'.repeat(1000);
    await settle(Array.from({ length: 30_000 }, (_, index) => sample(1, index, `${large}${index}`)));
    const names = [{ series: 1 as SeriesId, device: 'kiln-1', point: 'a' }];
    const reason = new Error('nobody wants it');
    const wanted = new AbortController();
    // More than are written at once; those that are being written have begun by the time a small question is answered.
    const exports = Array.from({ length: 6 }, (_, index) => store.exportParquet({ names, ...ALWAYS }, join(folder, `${index}.parquet`), wanted.signal));
    const endings = Promise.all(
      exports.map((written) =>
        written.then(
          () => 'written',
          (error: unknown) => error,
        ),
      ),
    );
    await store.stats();
    wanted.abort(reason);
    expect(new Set(await endings)).toEqual(new Set([reason]));
    await expect(store.exportParquet({ names, ...ALWAYS }, join(folder, 'late.parquet'), wanted.signal)).rejects.toBe(reason);
    expect(readdirSync(folder).filter((name) => name.includes('parquet'))).toEqual([]);
    expect(await store.exportParquet({ names, ...ALWAYS }, join(folder, 'wanted.parquet'))).toBe(30_000);
  });
});
