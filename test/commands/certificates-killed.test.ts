import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { repository } from '../helpers/source-graph.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

let hub: TestHub;
let client: HubClient;
let folder: string;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  await client.cas.create({ kind: 'own', id: 'ca' });
});
afterAll(async () => {
  client?.close();
  await hub?.stop();
});
beforeEach(() => {
  folder = temporaryFolder();
});

const file = (name: string): string => join(folder, name);
const muster = (args: readonly string[]) => runMuster(args, { env: hub.env, cwd: folder, timeoutMs: 120_000 });
const idsOf = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, '0')}`);

/** Kills the command with -9, three times, each time after it has got on. */
async function killed(args: readonly string[]): Promise<void> {
  const bytes = () => (existsSync(file('out.csv')) ? statSync(file('out.csv')).size : 0);
  for (let round = 0; round < 3; round += 1) {
    const before = bytes();
    const child: ChildProcess = spawn(process.execPath, [join(repository, 'bin/run.js'), ...args], { cwd: folder, env: hub.env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await waitUntil(() => bytes() > before || child.exitCode !== null, 'a chunk has its results', 60_000);
    // Whatever it does just then: making keys, writing them, waiting for the answer.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    child.kill('SIGKILL');
    await gone;
  }
}

/** Each device has one certificate that counts, which is the one on the disk, with its key. */
async function expectOneEach(ids: readonly string[]): Promise<void> {
  const valid = new Map<string, string[]>();
  for await (const { device, fingerprint } of client.certificates.list({ state: 'valid' })) {
    if (device !== null && ids.includes(device)) valid.set(device, [...(valid.get(device) ?? []), fingerprint]);
  }
  for (const id of ids) {
    const certificate = new X509Certificate(readFileSync(file(`papers/${id}.pem`)));
    expect([id, valid.get(id)]).toEqual([id, [certificate.fingerprint256.replaceAll(':', '').toLowerCase()]]);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(file(`papers/${id}.key`))))).toBe(true);
  }
  expect(readdirSync(file('papers')).sort()).toEqual(ids.flatMap((id) => [`${id}.key`, `${id}.pem`]).sort());
  const rows = parse(readFileSync(file('out.csv'), 'utf8'), { columns: true }) as Record<string, string>[];
  expect(rows.map(({ id }) => id)).toEqual(ids);
  for (const { id, 'credential-id': fingerprint } of rows) expect([id, valid.get(id ?? '')]).toEqual([id, [fingerprint]]);
}

describe('a command that is killed again and again', () => {
  test('as an import with certificates, ends with one certificate for each device, whose key is on the disk', { timeout: 180_000 }, async () => {
    const ids = idsOf('imported', 500);
    writeFileSync(file('in.csv'), `id\n${ids.join('\n')}\n`);
    const args = ['device', 'import', 'in.csv', '--credential', 'certificate', '--out', 'papers', '--results', 'out.csv', '--resume', '--chunk', '60'];
    await killed(args);
    const last = await muster(args);
    expect(last.code, last.stderr).toBe(0);
    await expectOneEach(ids);
  });

  test('as an issue to many devices, the same', { timeout: 180_000 }, async () => {
    const ids = idsOf('selected', 900);
    for (const part of [ids.slice(0, 500), ids.slice(500)]) await client.deviceBatches.provision({ mode: 'create', devices: part.map((id) => ({ id })) });
    const args = ['ca', 'issue', '--selector', 'id=selected-*', '--out', 'papers', '--results', 'out.csv', '--resume', '--yes'];
    await killed(args);
    const last = await muster(args);
    expect(last.code, last.stderr).toBe(0);
    await expectOneEach(ids);
  });
});

describe('ca issue --selector', () => {
  test('counts first, names those that fail with exit code 7, and tries them again', { timeout: 120_000 }, async () => {
    for (const id of ['boiler-1', 'boiler-2', 'boiler-3']) await client.devices.create({ id, labels: { site: 'paris' } });
    await client.devices.update('boiler-2', { state: 'retired' });
    const args = ['ca', 'issue', '--selector', 'site=paris', '--out', 'papers'];
    const dry = await muster([...args, '--dry-run', '--json']);
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stderr).toContain('3 of 3 devices would get a certificate');
    expect(JSON.parse(dry.stdout)).toMatchObject([{ name: 'boiler-1', status: 'planned' }, { name: 'boiler-2' }, { name: 'boiler-3' }]);
    expect(existsSync(file('papers'))).toBe(false);
    const ended = await muster([...args, '--yes', '--json', '--results', 'out.csv']);
    expect(ended.code, ended.stderr).toBe(7);
    expect(JSON.parse(ended.stdout)).toMatchObject([
      {
        name: 'boiler-1',
        status: 'issued',
        serial: expect.stringMatching(/^[0-9A-F]+$/),
        certificateFile: 'papers/boiler-1.pem',
        keyFile: 'papers/boiler-1.key',
      },
      { name: 'boiler-2', status: 'failed', code: 'conflict' },
      { name: 'boiler-3', status: 'issued' },
    ]);
    expect(readdirSync(file('papers')).sort()).toEqual(['boiler-1.key', 'boiler-1.pem', 'boiler-3.key', 'boiler-3.pem']);
    expect(statSync(file('papers/boiler-1.key')).mode & 0o777).toBe(0o600);
    await client.devices.create({ id: 'boiler-4', labels: { site: 'paris' } });
    // Those that have their row are done; what is there is not written over.
    const more = await muster([...args, '--yes', '--json', '--results', 'out.csv', '--resume', '--retry-failed']);
    expect(more.code).toBe(7);
    expect(JSON.parse(more.stdout)).toMatchObject([
      { name: 'boiler-2', status: 'failed' },
      { name: 'boiler-4', status: 'issued' },
    ]);
    const again = await muster([...args, '--yes', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject([{ status: 'failed', code: 'conflict' }, {}, {}, {}]);
    expect((await muster([...args, 'boiler-1', '--yes'])).code).toBe(2);
    expect((await muster(['ca', 'issue', 'boiler-1', '--results', 'x.csv'])).code).toBe(2);
    const none = await muster(['ca', 'issue', '--selector', 'site=nowhere', '--yes']);
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining('No device fits')]);
  });
});
