import { readFileSync } from 'node:fs';
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
});
