import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { openDatabase } from '../../src/lib/storage/system/driver.ts';
import { runSystemCheck } from '../../src/lib/storage/system/run-system-check.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';

const DAY = 86_400_000;

async function filledHub(flags: readonly string[] = []): Promise<TestHub> {
  const hub = await startHub(flags);
  const client = createHubClient({ url: hub.url, token: hub.token });
  await client.devices.create({ id: 'boiler' });
  const now = Date.now();
  const reports = Array.from({ length: 100 }, (_, day) => ({ ts: now - day * DAY, values: { temperature: 70 + day / 10 } }));
  await client.report('boiler', reports);
  client.close();
  return hub;
}

const asJson = async (hub: TestHub, ...args: string[]) => {
  const { code, stdout, stderr } = await runMuster(['storage', ...args, '--json'], { env: hub.env });
  expect(`${code} ${code === 0 ? '' : stderr}`).toBe('0 ');
  return JSON.parse(stdout);
};

test('samples move to files, are shown, read and checked there, and a damaged file ends verify with 1', async () => {
  const hub = await filledHub();
  await expect.poll(() => asJson(hub, 'show'), { timeout: 10_000 }).toMatchObject({ files: { count: 0 }, hot: { samples: 100 }, journalEntries: 0 });
  expect(await asJson(hub, 'compact')).toMatchObject({ samplesKept: 0, filesReplaced: 0 });
  await asJson(hub, 'compact', '--all');
  const shown = await asJson(hub, 'show');
  expect(shown).toMatchObject({ samples: 100, hot: { samples: 0 }, files: { samples: 100 }, journalEntries: 0, damaged: [] });
  expect(shown.files.bytesPerSample).toBeCloseTo(shown.files.bytes / 100, 9);
  const { stdout } = await runMuster(['query', 'boiler', 'temperature', '--from', '2020-01-01', '--json', '--all'], { env: hub.env });
  expect(JSON.parse(stdout)).toHaveLength(100);
  const whole = await runMuster(['storage', 'verify'], { env: hub.env });
  expect(whole).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/\d pages of the system database with \d+ entries of the journal and .*nothing damaged/) as string,
  });

  const folder = join(hub.dataDirectory, 'samples', 'parquet');
  const [file = ''] = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const damaged = await runMuster(['storage', 'verify', '--json'], { env: hub.env });
  expect(damaged.code).toBe(1);
  expect(JSON.parse(damaged.stdout)).toEqual([
    { file: file.slice(join(hub.dataDirectory, 'samples').length + 1), state: 'damaged', problem: expect.stringContaining('checksum') as string },
  ]);
  expect((await runMuster(['storage', 'show'], { env: hub.env })).stdout).toContain('parquet');
  const partial = await runMuster(['query', 'boiler', 'temperature', '--from', '2020-01-01', '--json', '--all'], { env: hub.env });
  expect(partial).toMatchObject({ code: 0, stderr: expect.stringContaining('samples may be missing: 1 damaged file') as string });
  expect(JSON.parse(partial.stdout).length).toBeLessThan(100);
}, 60_000);

test('retention shows what it would delete, asks before it does, and leaves the rest', async () => {
  const hub = await filledHub(['--set', 'storage.retention-days=30']);
  await asJson(hub, 'compact', '--all');
  expect(await asJson(hub, 'retention')).toMatchObject({ retention: '30d', source: 'setting', samples: 70 });
  expect(await runMuster(['storage', 'retention', '--apply'], { env: hub.env })).toMatchObject({ code: 2, stdout: '' });
  expect(await asJson(hub, 'retention', '--apply', '--dry-run')).toMatchObject({ samples: 70 });
  expect(await asJson(hub, 'retention', '--apply', '--yes')).toMatchObject({ samples: 70 });
  expect(await asJson(hub, 'show')).toMatchObject({ samples: 30 });
  expect(await asJson(hub, 'retention')).toMatchObject({ samples: 0 });
}, 60_000);

test('a point, its type and its project each say how long, the nearest wins, and what goes is what was announced', async () => {
  const hub = await startHub(['--set', 'storage.retention-days=60']);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMuster([...args, '--json'], { env: hub.env });
    expect(`${code} ${code === 0 ? '' : stderr}`).toBe('0 ');
    return JSON.parse(stdout);
  };
  await run('type', 'create', 'probe', '--mode', 'open', '--point', 'typed:retention=30d', '--point', 'own:retention=30d');
  await run('device', 'create', 'a', '--type', 'probe');
  await run('device', 'create', 'b', '--type', 'probe');
  const client = createHubClient({ url: hub.url, token: hub.token });
  const now = Date.now();
  for (const device of ['a', 'b']) {
    await client.report(
      device,
      Array.from({ length: 100 }, (_, day) => ({ ts: now - day * DAY, values: { typed: day, own: day, plain: day } })),
    );
  }
  client.close();
  await run('point', 'update', 'a', 'own', '--retention', 'forever');
  await run('storage', 'compact', '--all');
  const kept = async (device: string, point: string) => {
    const { kept: rule } = (await run('point', 'show', device, point)) as { kept: { retention: string; source: string } };
    return `${rule.retention} of the ${rule.source}`;
  };
  expect(await kept('a', 'own')).toBe('forever of the point');
  expect(await kept('b', 'own')).toBe('30d of the type');
  expect(await kept('b', 'plain')).toBe('60d of the setting');
  // typed: 70 of each; own: 70 of b; plain: 40 of each.
  expect(await run('storage', 'retention')).toMatchObject({ retention: '60d', source: 'setting', samples: 290, rulesCount: 3 });
  expect(await run('storage', 'retention', '--set', '90d', '--dry-run')).toMatchObject({ retention: '90d', source: 'project', samples: 230 });
  expect(await run('storage', 'retention')).toMatchObject({ source: 'setting', samples: 290 });
  expect(await run('storage', 'retention', '--set', '90d')).toMatchObject({ retention: '90d', source: 'project', samples: 230 });
  const rules = (await run('storage', 'retention', '--rules')) as { of: string; point: string }[];
  expect(rules.sort((x, y) => `${x.of} ${x.point}`.localeCompare(`${y.of} ${y.point}`))).toEqual([
    expect.objectContaining({ source: 'point', of: 'a', point: 'own', retention: 'forever', before: null, points: 1 }),
    expect.objectContaining({ source: 'type', of: 'probe', point: 'own', retention: '30d', points: 1 }),
    expect.objectContaining({ source: 'type', of: 'probe', point: 'typed', retention: '30d', points: 2 }),
  ]);
  expect(await run('storage', 'retention', '--apply', '--yes')).toMatchObject({ samples: 230 });
  expect((await run('storage', 'show')).samples).toBe(370);
  await run('point', 'update', 'a', 'own', '--clear', 'retention');
  expect(await kept('a', 'own')).toBe('30d of the type');
  expect(await run('storage', 'retention', '--inherit')).toMatchObject({ retention: '60d', source: 'setting', samples: 130 });
  expect(await runMuster(['storage', 'retention', '--set', '3 weeks'], { env: hub.env })).toMatchObject({ code: 2 });
}, 120_000);

test('a day that is none is wrong usage, and only an administrator may change what is stored', async () => {
  const hub = await filledHub();
  expect(await runMuster(['storage', 'compact', '--day', '2026-13-01'], { env: hub.env })).toMatchObject({ code: 2 });
  const client = createHubClient({ url: hub.url, token: hub.token });
  const { token } = await client.tokens.create({ name: 'reads', role: 'operator' });
  client.close();
  const env = { ...hub.env, MUSTER_TOKEN: token };
  expect((await runMuster(['storage', 'show'], { env })).code).toBe(0);
  for (const args of [['compact'], ['verify'], ['retention']]) expect((await runMuster(['storage', ...args], { env })).code, args[0]).toBe(4);
}, 60_000);

test('verify names what is damaged in the system database', async () => {
  const hub = await filledHub();
  expect(await asJson(hub, 'show')).toMatchObject({ broker: { sessions: 0, retained: 0 }, diskFreeBytes: expect.any(Number) as number });
  const file = join(hub.dataDirectory, 'system.db');
  const database = openDatabase(file, { readOnly: false });
  database.exec('insert into broker_log (crc, blob) values (1, zeroblob(20))');
  const { rootpage } = database.prepare("select rootpage from sqlite_schema where name = 'tokens_project'").get() as { rootpage: number };
  database.close();
  const found = await runMuster(['storage', 'verify', '--json'], { env: hub.env });
  expect(found.code).toBe(1);
  expect(JSON.parse(found.stdout)).toEqual([{ file: 'system.db', state: 'damaged', problem: "entry 1 of the broker's log: the checksum is wrong" }]);
  await hub.stop();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, (rootpage - 1) * 4096, rootpage * 4096);
  writeFileSync(file, bytes);
  expect((await runSystemCheck(file)).problems.join()).toMatch(new RegExp(`malformed|[Pp]age ${rootpage}`));
  expect(await runSystemCheck(file, 0)).toMatchObject({ complete: false });
}, 60_000);
