import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import { ALWAYS, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

describe('an export to Parquet', () => {
  it('holds named samples sorted by device, point and time, under its name when it is whole', async () => {
    const folder = temporaryFolder();
    const { store, settle } = await sampleStoreFixture(duckdb, folder);
    await settle([
      sample(5, -1500, 1.25),
      sample(5, 20, true),
      sample(4, 7, 'it\'s "text"', { quality: 'bad', late: true }),
      sample(3, 8, { a: 1 }, { quality: 'uncertain' }),
      sample(9, 8, 'of another project'),
    ]);
    const name = (series: number, device: string, point: string) => ({ series: series as never, device, point });
    const path = join(folder, "it's.parquet");
    expect(
      await store.exportParquet(
        { names: [name(4, 'kiln-2', 'a'), name(5, 'kiln-1', 'b'), name(3, 'kiln-1', 'ä'), name(77, 'kiln-1', 'none')], ...ALWAYS },
        path,
      ),
    ).toBe(4);
    expect(readdirSync(folder).filter((file) => file.includes('unfinished'))).toEqual([]);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = async (sql: string) => (await (await connection.run(sql.replace('FILE', `'${path.replaceAll("'", "''")}'`))).getRowObjectsJson()) as unknown[];
    expect(await rows('select epoch_ms(time)::double as time, * exclude (time) from FILE')).toEqual([
      { time: -1500, device: 'kiln-1', point: 'b', value: 1.25, text: null, kind: 'number', quality: 'good', late: false },
      { time: 20, device: 'kiln-1', point: 'b', value: 1, text: null, kind: 'boolean', quality: 'good', late: false },
      { time: 8, device: 'kiln-1', point: 'ä', value: null, text: '{"a":1}', kind: 'json', quality: 'uncertain', late: false },
      { time: 7, device: 'kiln-2', point: 'a', value: null, text: 'it\'s "text"', kind: 'string', quality: 'bad', late: true },
    ]);
    expect(await rows('select distinct compression from parquet_metadata(FILE)')).toEqual([{ compression: 'ZSTD' }]);
    expect(await rows("select logical_type from parquet_schema(FILE) where name = 'time'")).toEqual([
      { logical_type: expect.stringContaining('isAdjustedToUTC=1') as string },
    ]);
    connection.closeSync();
    instance.closeSync();
  });

  it('takes long texts in groups that fit into memory, in files and in exports', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    fixture.options = { memoryBytes: 2 ** 30 };
    await fixture.restart();
    const count = 6_000;
    const text = (i: number) => `${i} ${'x'.repeat(9_000)}${Math.sin(i)}`;
    for (let from = 0; from < count; from += 1_000) {
      await fixture.settle(Array.from({ length: 1_000 }, (_, at) => sample(1, Date.UTC(2026, 0, 1) + from + at, text(from + at))));
    }
    const path = join(folder, 'export.parquet');
    await fixture.store.exportParquet({ names: [{ series: 1 as never, device: 'a', point: 'log' }], ...ALWAYS }, path);
    await fixture.store.compact({ now: Date.UTC(2026, 5, 1), scope: 'all' });
    const filed = readdirSync(join(folder, 'samples', 'parquet'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    for (const file of [path, ...filed.map((entry) => join(entry.parentPath, entry.name))]) {
      const sql = `select count(distinct row_group_id)::int, max(row_group_num_rows)::int from parquet_metadata('${file}')`;
      expect((await (await connection.run(sql)).getRows())[0]).toEqual([3, 2048]);
    }
    connection.closeSync();
    instance.closeSync();
    expect(await fixture.store.count({ series: [1 as never], ...ALWAYS })).toBe(count);
  }, 60_000);
});
