import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { bundled, started } from '../../../helpers/run-bundled.ts';
import { ALWAYS, columnsOf, gathered, ids, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

describe('a DuckDB store in trouble', () => {
  it('takes over the one table of samples that was there before there were files', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'samples'));
    const instance = await DuckDBInstance.create(join(folder, 'samples', 'samples.duckdb'));
    const connection = await instance.connect();
    await connection.run(
      'create table samples(series bigint not null, time bigint not null, number double not null, text varchar, tag utinyint not null, flags utinyint not null)',
    );
    await connection.run('create table state(layout integer not null, applied bigint not null)');
    await connection.run('insert into state values (1, 0)');
    await connection.run("insert into samples values (1, 10, 1.5, null, 0, 0), (1, 20, 0, 'two', 2, 4)");
    connection.closeSync();
    instance.closeSync();
    const fixture = await sampleStoreFixture(duckdb, folder);
    const rows = [sample(1, 10, 1.5), sample(1, 20, 'two', { late: true })];
    expect(await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual(rows);
    expect(await fixture.store.compact({ now: Date.now(), scope: 'all' })).toMatchObject({ samples: 2 });
    await fixture.restart();
    expect(await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual(rows);
  });

  it('says that another process has the file', async () => {
    const folder = temporaryFolder();
    await sampleStoreFixture(duckdb, folder);
    const script = await bundled(fileURLToPath(new URL('store-child.ts', import.meta.url)));
    const child = started(process.execPath, [script, folder, 'apply']);
    let said = '';
    child.stdout?.on('data', (part) => {
      said += String(part);
    });
    await once(child, 'exit');
    expect(JSON.parse(said)).toEqual({ failed: 'hub_running' });
  });

  it('does not start without a journal, and leaves no thread behind', async () => {
    const folder = temporaryFolder();
    const create = await duckdb.load();
    const store = create({
      folder: join(folder, 'samples'),
      systemFile: join(folder, 'nowhere.db'),
      applyIntervalMs: 10,
      memoryBytes: 2 ** 28,
      hotHours: 26,
      hotSamplesMax: 1e9,
      describe: () => null,
      log: SILENT_LOG,
      onApplied: () => {},
      onFailed: () => {},
    });
    await expect(store.start()).rejects.toMatchObject({ code: 'storage_failed', message: expect.stringContaining('nowhere.db') as string });
    await store.stop();
  });

  it('rejects, tells its owner, still reads, and goes on when the journal is whole again', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder, 60_000);
    await fixture.settle([sample(1, 1, 1)]);
    const { journalId } = await fixture.commits.commit({ samples: columnsOf([sample(1, 2, 2)]) });
    const id = journalId ?? 0;
    const journal = openDatabase(fixture.systemFile, { readOnly: false });
    const { blob } = journal.prepare('select blob from journal where id = ?').get(id) as { blob: Uint8Array };
    const damaged = Uint8Array.from(blob);
    damaged[30] = (damaged[30] ?? 0) ^ 0xff;
    journal.prepare('update journal set blob = ? where id = ?').run(damaged, id);
    await expect(fixture.store.flush(id)).rejects.toMatchObject({ code: 'storage_failed' });
    expect(fixture.failures[0]?.code).toBe('storage_failed');
    expect(await fixture.store.count({ series: ids(1), ...ALWAYS })).toBe(1);
    journal.prepare('update journal set blob = ? where id = ?').run(blob, id);
    journal.close();
    await fixture.store.flush(id);
    expect(await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual([sample(1, 1, 1), sample(1, 2, 2)]);
    expect(fixture.applied.at(-1)).toBe(id);
  });

  it('refuses a journal that is older than its samples instead of skipping what it brings', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    for (let time = 0; time < 3; time++) await fixture.settle([sample(1, time, time)]);
    await fixture.restart();
    fixture.store.committed(1);
    expect(fixture.failures[0]).toMatchObject({ code: 'storage_failed', message: expect.stringContaining('ahead of the journal') as string });
    await expect(fixture.store.flush(1)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('leaves no half a Parquet file where it cannot write', async () => {
    const folder = temporaryFolder();
    const fixture = await sampleStoreFixture(duckdb, folder);
    await fixture.settle([sample(1, 1, 1)]);
    const path = join(folder, 'missing', 'export.parquet');
    await expect(fixture.store.exportParquet({ names: [], ...ALWAYS }, path)).rejects.toMatchObject({ code: 'storage_failed' });
    expect(existsSync(path)).toBe(false);
  });
});
