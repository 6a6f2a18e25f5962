import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Settings } from '../../../src/lib/config/settings.ts';
import { startHub } from '../../../src/lib/server/hub.ts';
import { createCommitLog } from '../../../src/lib/storage/system/commit-log.ts';
import { openDatabase } from '../../../src/lib/storage/system/driver.ts';
import { apiOf } from '../../helpers/api.ts';
import { hubHere } from '../../helpers/hub-here.ts';
import { selfSigned } from '../../helpers/self-signed.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('a hub and its data directory', () => {
  it('writes engine files on a throw-away directory too, eight at a time', async () => {
    const hub = await hubHere({ ephemeral: true });
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'a' });
    await api('POST', '/devices/a/report', { x: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => api('GET', '/export?format=parquet')));
    // One may be over before another has asked.
    const written = answers.filter(({ status }) => status === 200).length;
    expect(written).toBeGreaterThanOrEqual(8);
    expect(answers.filter(({ body }) => body.code === 'overloaded')).toHaveLength(20 - written);
    expect(written).toBeLessThan(20);
    expect((await api('GET', '/export?format=parquet')).body).toMatch(/^PAR1/);
  });

  it('leaves the files of a running hub alone when another is started on its directory', async () => {
    const data = temporaryFolder();
    await hubHere({ data });
    const file = join(data, 'tmp', 'export.parquet');
    writeFileSync(file, 'under way');
    await expect(startHub({ data, 'http.port': 0, 'mqtt.port': null }, { log: SILENT_LOG })).rejects.toMatchObject({ code: 'hub_running' });
    expect(existsSync(file)).toBe(true);
  });

  it('says what it cannot use', async () => {
    const folder = temporaryFolder();
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(cert, 'no certificate');
    writeFileSync(key, 'no key');
    const { certFile } = selfSigned();
    const start = (settings: Partial<Settings>) => startHub({ ephemeral: true, 'http.port': 0, 'mqtt.port': null, ...settings }, { log: SILENT_LOG });
    await expect(start({ 'tls.cert': cert, 'tls.key': key })).rejects.toMatchObject({ code: 'invalid_settings' });
    await expect(start({ 'tls.cert': certFile, 'tls.key': key })).rejects.toMatchObject({ code: 'invalid_settings' });
    mkdirSync(join(folder, 'hub.pid'));
    await expect(start({ 'pid-file': join(folder, 'hub.pid') })).rejects.toThrow('hub.pid');
  });

  it('never gives a value without a time of its own the time of one that is stored, over a restart neither', async () => {
    const data = temporaryFolder();
    const now = Date.now();
    const values = (from: number) => Array.from({ length: 500 }, (_, index) => ({ x: from + index }));
    const first = await hubHere({ data }, { clock: () => now });
    await apiOf(first.url, first.token)('POST', '/devices', { id: 'a' });
    await apiOf(first.url, first.token)('POST', '/devices/a/report', values(0));
    await first.stop();
    const second = await hubHere({ data }, { clock: () => now + 10 });
    const api = apiOf(second.url, second.token);
    await api('POST', '/devices/a/report', values(500));
    expect((await api('GET', '/samples/count')).body.count).toBe(1000);
    expect((await api('GET', '/devices/a/points/x')).body.latest.value).toBe(999);
  });

  it('keeps all samples when the system data is gone, and goes on beside them', async () => {
    const data = temporaryFolder();
    const first = await hubHere({ data });
    await apiOf(first.url, first.token)('POST', '/devices', { id: 'a' });
    await apiOf(first.url, first.token)('POST', '/devices/a/report', { x: 1, y: 2 });
    await first.stop();
    rmSync(join(data, 'system.db'));
    const said: string[] = [];
    const log = { ...SILENT_LOG, warn: (fields: object, text: string) => void said.push(`${JSON.stringify(fields)} ${text}`) };
    const second = await hubHere({ data }, { log });
    const api = apiOf(second.url, second.token);
    await api('POST', '/devices', { id: 'new' });
    expect((await api('POST', '/devices/new/report', { x: 3 })).status).toBe(202);
    expect((await api('GET', '/devices/new/samples?point=x')).body.items).toMatchObject([{ value: 3 }]);
    await expect.poll(() => said).toContainEqual(expect.stringMatching(/"series":2.*not known; they are kept/));
    await second.stop();
    expect(await storedSeries(data)).toEqual([1, 2, 3]);
  });

  it('tells of a damaged log of the system database in its health and its storage, and has everything', async () => {
    const made = temporaryFolder();
    const first = await hubHere({ data: made });
    await apiOf(first.url, first.token)('POST', '/devices', { id: 'a' });
    await first.stop();
    const commits = createCommitLog({ file: join(made, 'system.db'), queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 0, log: SILENT_LOG });
    await commits.start();
    onTestFinished(() => commits.stop());
    for (let i = 0; i < 5; i++) await commits.commit({ statements: [{ sql: `insert into projects (id, created_at) values ('p${i}', 1)`, parameters: [] }] });
    const data = join(temporaryFolder(), 'data');
    cpSync(made, data, { recursive: true, filter: (source) => !source.endsWith('-shm') });
    const wal = readFileSync(join(data, 'system.db-wal'));
    wal[6000] = (wal[6000] ?? 0) ^ 4;
    writeFileSync(join(data, 'system.db-wal'), wal);
    const second = await hubHere({ data });
    const api = apiOf(second.url, second.token);
    expect((await api('GET', '/health/ready')).body.checks.damage).toContain('was damaged at the last start');
    expect((await api('GET', '/storage')).body.damaged).toEqual([
      { file: expect.stringMatching(/^system\.db-wal\.damaged-\d+$/), problem: expect.any(String) },
    ]);
    const database = openDatabase(join(data, 'system.db'), { readOnly: true });
    expect(database.prepare('select count(*) as count from projects').get()).toEqual({ count: 6 });
    database.close();
  });

  it('removes what a deletion has left, and gives no number of a series twice', async () => {
    const data = temporaryFolder();
    const first = await hubHere({ data });
    const api = apiOf(first.url, first.token);
    for (const id of ['gone', 'lost', 'kept']) {
      await api('POST', '/devices', { id });
      await api('POST', `/devices/${id}/report`, { x: id });
    }
    await first.stop();
    // As if the hub had ended between the two halves of a deletion; and as if an older backup of the system data had been put back.
    const database = openDatabase(join(data, 'system.db'), { readOnly: false });
    database.exec("pragma foreign_keys = on; delete from devices where id = 'gone'; delete from devices where id = 'lost'");
    database.exec("update sqlite_sequence set seq = 1 where name = 'points'; delete from removed_series where series = 2");
    database.close();
    const second = await hubHere({ data });
    const again = apiOf(second.url, second.token);
    await again('POST', '/devices', { id: 'new' });
    expect((await again('POST', '/devices/new/report', { x: 'new' })).status).toBe(202);
    for (const id of ['new', 'kept']) expect((await again('GET', `/devices/${id}/samples?point=x`)).body.items).toMatchObject([{ value: id }]);
    await second.stop();
    // 1 was given and is gone; 2 is not known to have been given.
    expect(await storedSeries(data)).toEqual([2, 3, 4]);
  });
});

async function storedSeries(data: string): Promise<number[]> {
  const instance = await DuckDBInstance.create(join(data, 'samples', 'samples.duckdb'));
  const connection = await instance.connect();
  const rows = await (await connection.run('select distinct series from samples order by series')).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows.map(([series]) => Number(series));
}
