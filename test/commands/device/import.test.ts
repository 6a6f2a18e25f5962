import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createHubClient, type HubClient } from '../../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { repository } from '../../helpers/source-graph.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

let hub: TestHub;
let client: HubClient;
let folder: string;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  await client.types.create({ id: 'meter', points: [{ path: 'power' }] });
});
afterAll(async () => {
  client?.close();
  await hub?.stop();
});
beforeEach(() => {
  folder = temporaryFolder();
});

const file = (name: string): string => join(folder, name);
const muster = (args: readonly string[], more: { input?: string; env?: NodeJS.ProcessEnv } = {}) =>
  runMuster(['device', ...args], {
    env: { ...hub.env, ...more.env },
    ...(more.input === undefined ? {} : { input: more.input }),
    cwd: folder,
    timeoutMs: 120_000,
  });

interface Result {
  readonly line: string;
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly reason: string;
  readonly warnings: string;
  readonly username: string;
  readonly secret: string;
  readonly expires: string;
}
const resultsIn = (name: string): Result[] => parse(readFileSync(file(name), 'utf8'), { columns: true }) as Result[];
const report = async (device: string, secret: string) => {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  return (await fetch(`${hub.url}/api/v1/devices/${device}/report`, { method: 'POST', headers, body: '{"power":1}' })).status;
};
async function idsLike(prefix: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of client.deviceBatches.select(`id=${prefix}*`)) ids.push(id);
  return ids;
}

test('devices come in with their fields and tokens; what failed is named, with exit code 7', { timeout: 60_000 }, async () => {
  writeFileSync(
    file('in.csv'),
    'id,name,kind,parent,imei,label.site\na-gw,Gateway,gateway,,490154203237518,paris\na-1,"Meter, one",,a-gw,490154203237519,paris\na-1,again,,,,\nbad id,,,,,\na-2,,,nobody,,\n',
  );
  const ended = await muster([
    'import',
    'in.csv',
    '--type',
    'meter',
    '--credential',
    'token',
    '--valid',
    '30d',
    '--results',
    'out.csv',
    '--continue-on-error',
    '--json',
  ]);
  expect(ended.code).toBe(7);
  expect(JSON.parse(ended.stdout)).toMatchObject({ rows: 5, created: 2, failed: 3, warnings: 1, codes: { invalid: 3 }, results: 'out.csv' });
  expect(ended.stderr).toContain('Warning: line 3, a-1: imei 490154203237519 is no IMEI: its check digit does not fit');
  const rows = resultsIn('out.csv');
  expect(rows.map(({ line, id, status, reason }) => [line, id, status, reason])).toEqual([
    ['2', 'a-gw', 'created', ''],
    ['3', 'a-1', 'created', ''],
    ['4', 'a-1', 'failed', 'a-1 stands in line 3 already'],
    ['5', 'bad id', 'failed', expect.stringMatching(/^the id must be/)],
    ['6', 'a-2', 'failed', 'there is no device nobody to be the parent'],
  ]);
  expect(statSync(file('out.csv')).mode & 0o777).toBe(0o600);
  expect(existsSync(file('out.csv.part'))).toBe(false);
  for (const { username, secret, expires } of rows.slice(0, 2)) {
    expect(await report(username, secret)).toBe(202);
    expect(Date.parse(expires) - Date.now()).toBeGreaterThan(29 * 86_400_000);
  }
  expect(await client.devices.show('a-1')).toMatchObject({ name: 'Meter, one', type: 'meter', parent: 'a-gw', labels: { site: 'paris' } });
});

test('passwords are made, or taken from the file, and work', { timeout: 60_000 }, async () => {
  writeFileSync(file('in.csv'), 'id,password\nb-1,\nb-2,correct horse battery\n');
  expect((await muster(['import', 'in.csv', '--credential', 'password', '--results', 'out.csv'])).code).toBe(0);
  const rows = resultsIn('out.csv');
  expect(rows[1]?.secret).toBe('correct horse battery');
  for (const { username, secret } of rows) {
    const headers = { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`, 'content-type': 'application/json' };
    expect((await fetch(`${hub.url}/api/v1/devices/${username}/report`, { method: 'POST', headers, body: '{"power":1}' })).status).toBe(202);
  }
});

test('without --continue-on-error it ends with the first bad row, which is corrected and tried again', { timeout: 60_000 }, async () => {
  writeFileSync(file('in.csv'), 'id,kind\nc-1,device\nc-2,toaster\nc-3,device\nc-4,device\n');
  const args = ['import', 'in.csv', '--chunk', '2', '--results', 'out.csv'];
  const first = await muster(args);
  expect(first).toMatchObject({ code: 7, stderr: expect.stringContaining('The rows behind its chunk were not sent') });
  expect(await idsLike('c-')).toEqual(['c-1']);
  expect(await muster(args)).toMatchObject({ code: 5, stderr: expect.stringContaining('exists already') });
  writeFileSync(file('in.csv'), 'id,kind\nc-1,device\nc-2,gateway\nc-3,device\nc-4,device\n');
  const second = await muster([...args, '--resume', '--retry-failed', '--json']);
  expect(JSON.parse(second.stdout)).toMatchObject({ rows: 4, resumed: 1, created: 4, failed: 0 });
  expect(resultsIn('out.csv').map(({ line, status }) => [line, status])).toEqual([2, 3, 4, 5].map((line) => [String(line), 'created']));
  expect(await idsLike('c-')).toEqual(['c-1', 'c-2', 'c-3', 'c-4']);
});

test('a dry run shows what would change, and changes nothing', { timeout: 60_000 }, async () => {
  await client.devices.create({ id: 'd-1', labels: { site: 'paris' } });
  await client.devices.create({ id: 'd-2' });
  writeFileSync(file('in.ndjson'), '{"id":"d-1","labels":{"site":"rome"}}\n{"id":"d-2"}\n{"id":"d-gw","kind":"gateway"}\n{"id":"d-3","parent":"d-gw"}\n');
  const args = ['import', 'in.ndjson', '--mode', 'upsert', '--chunk', '1'];
  const dry = await muster([...args, '--dry-run', '-o', 'csv', '--columns', 'id,status,changes']);
  expect(dry).toMatchObject({ code: 0, stdout: 'id,status,changes\nd-1,updated,label.site: paris -> rome\nd-gw,created,\nd-3,created,\n' });
  expect(dry.stderr).toContain('2 would be created, 1 updated, 1 are as the file says, 0 would fail.');
  expect(await idsLike('d-')).toEqual(['d-1', 'd-2']);
  expect(JSON.parse((await muster([...args, '--json'])).stdout)).toMatchObject({ created: 2, updated: 1, unchanged: 1 });
});

test('what an export writes, an import reads: nothing would change', { timeout: 60_000 }, async () => {
  await client.devices.create({ id: 'e-0', kind: 'gateway', labels: { site: 'a "quoted", one' } });
  await client.devices.create({ id: 'e-00', parent: 'e-0', name: 'Kessel; Halle 2', aliases: { serial: 'S 1' }, type: 'meter' });
  for (const name of ['all.csv', 'all.ndjson']) {
    expect((await muster(['export', '--file', name])).code).toBe(0);
    const dry = await muster(['import', name, '--mode', 'upsert', '--dry-run']);
    expect(dry.stderr).toMatch(/^0 would be created, 0 updated, [0-9,]+ are as the file says, 0 would fail\.\n$/);
  }
  expect((await muster(['export', '--format', 'ndjson', '--label', 'site'])).stdout).toContain('"id":"e-0"');
});

test('secrets need a place to go, and the same import the same options', { timeout: 60_000 }, async () => {
  writeFileSync(file('in.csv'), 'id\nf-1\nbad id\nf-2\n');
  expect(await muster(['import', 'in.csv', '--credential', 'token'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--results') });
  expect((await muster(['import', 'in.csv', '--results', 'out.csv', '--chunk', '1'])).code).toBe(7);
  writeFileSync(file('other.csv'), 'id\nf-9\nbad id\nf-2\n');
  expect(await muster(['import', 'other.csv', '--results', 'out.csv', '--resume'])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('is f-9, and of the results f-1'),
  });
  writeFileSync(file('short.csv'), 'id\nf-1\n');
  expect(await muster(['import', 'short.csv', '--results', 'out.csv', '--resume'])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('rows that the file has not'),
  });
  expect(await muster(['import', 'in.csv', '--results', 'in.csv', '--resume'])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('no file of results'),
  });
});

describe('an import that is interrupted', () => {
  /** Rows of which every twentieth is bad. */
  function fleetFile(name: string, prefix: string, rows: number): { readonly good: readonly string[]; readonly bad: readonly string[] } {
    const [good, bad]: [string[], string[]] = [[], []];
    const lines = Array.from({ length: rows }, (_, index) => {
      const id = `${prefix}-${String(index).padStart(5, '0')}`;
      const isBad = index % 20 === 7;
      (isBad ? bad : good).push(id);
      return `${id},${isBad ? 'toaster' : 'device'},paris`;
    });
    writeFileSync(file(name), `id,kind,label.site\n${lines.join('\n')}\n`);
    return { good, bad };
  }
  function begin(args: readonly string[], env: NodeJS.ProcessEnv = hub.env): ChildProcess {
    const child = spawn(process.execPath, [join(repository, 'bin/run.js'), 'device', ...args], { cwd: folder, env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }
  const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.once('exit', () => resolve()));

  async function expectExactly(prefix: string, { good, bad }: { readonly good: readonly string[]; readonly bad: readonly string[] }): Promise<void> {
    expect(await idsLike(prefix)).toEqual(good);
    const rows = resultsIn('out.csv');
    expect(rows.filter(({ status }) => status === 'created').map(({ id }) => id)).toEqual(good);
    expect(rows.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual(bad);
    expect(rows).toHaveLength(good.length + bad.length);
    expect(existsSync(file('out.csv.part'))).toBe(false);
    // One token each, and the one that is written down.
    for (const row of rows.filter(({ status }) => status === 'created').filter((_, index) => index % 97 === 0))
      expect(await report(row.id, row.secret)).toBe(202);
    for (const id of good.filter((_, index) => index % 97 === 0)) {
      const credentials = [];
      for await (const credential of client.devices.credentials(id)) credentials.push(credential);
      expect(credentials).toHaveLength(1);
    }
  }

  test('is killed again and again, and goes on until every row has its result and every secret is known', { timeout: 180_000 }, async () => {
    const expected = fleetFile('in.csv', 'k', 4_000);
    const args = ['import', 'in.csv', '--credential', 'token', '--results', 'out.csv', '--resume', '--continue-on-error'];
    const bytes = () => (existsSync(file('out.csv')) ? statSync(file('out.csv')).size : 0);
    for (let round = 0; round < 4; round += 1) {
      // Chunks of other sizes: what is pending is never cut off with them.
      const before = bytes();
      const child = begin([...args, '--chunk', String([300, 70, 500, 20][round])]);
      const gone = ended(child);
      await waitUntil(() => bytes() > before || child.exitCode !== null, 'a chunk has its results', 60_000);
      // Whatever it does just then: reading, writing down, sending, or waiting for the answer.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      child.kill('SIGKILL');
      await gone;
    }
    const last = await muster([...args, '--json']);
    expect(last.code).toBe(7);
    await expectExactly('k-', expected);
  });

  test('sends again what a lost answer leaves open, and no device gets two tokens', { timeout: 120_000 }, async () => {
    const expected = fleetFile('in.csv', 'l', 1_000);
    const proxy = await losingProxy(hub.url, (count) => count % 3 === 2);
    const env = { ...hub.env, MUSTER_URL: proxy };
    expect((await muster(['import', 'in.csv', '--credential', 'token', '--results', 'out.csv', '--continue-on-error', '--chunk', '100'], { env })).code).toBe(
      7,
    );
    await expectExactly('l-', expected);
  });

  test('gives up where the answer of a committed chunk never comes, and the next one takes it from there', { timeout: 120_000 }, async () => {
    const expected = fleetFile('in.csv', 'm', 200);
    const proxy = await losingProxy(hub.url, () => true);
    const child = begin(['import', 'in.csv', '--credential', 'token', '--results', 'out.csv', '--continue-on-error', '--chunk', '200'], {
      ...hub.env,
      MUSTER_URL: proxy,
    });
    await ended(child);
    expect((await idsLike('m-')).length).toBe(expected.good.length);
    expect(resultsIn('out.csv')).toEqual([]);
    // Another address of the same hub is another hub to whoever reads the note beside the results.
    const args = ['import', 'in.csv', '--credential', 'token', '--results', 'out.csv', '--continue-on-error', '--resume', '--chunk', '30'];
    expect(await muster(args)).toMatchObject({ code: 5, stderr: expect.stringContaining('another hub') });
    const part = readFileSync(file('out.csv.part'), 'utf8');
    writeFileSync(file('out.csv.part'), part.replace(proxy, hub.url));
    expect((await muster(args)).code).toBe(7);
    await expectExactly('m-', expected);
  });
});

/** Passes requests on, and cuts the connection in the place of some answers. */
async function losingProxy(target: string, loses: (count: number) => boolean): Promise<string> {
  let count = 0;
  const proxy: Server = createServer((incoming, outgoing) => {
    const passed = request(target + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (incoming.method === 'POST' && loses(count++)) {
        answer.resume().once('end', () => outgoing.socket?.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const inPapers = ['--credential', 'certificate', '--out', 'papers', '--continue-on-error'];
test('--credential certificate writes a key and a certificate for each device that is made, and the results name them', { timeout: 60_000 }, async () => {
  expect((await muster(['import', 'certified.csv', '--credential', 'certificate', '--results', 'x.csv'])).code).toBe(2);
  writeFileSync(file('certified.csv'), 'id,type\ncert-1,meter\ncert-2,nothing\ncert-3,meter\n');
  const without = await muster(['import', 'certified.csv', ...inPapers, '--results', 'none.csv']);
  expect(without.code).toBe(7);
  expect(resultsIn('none.csv').map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
  expect(readdirSync(file('papers'))).toEqual([]);
  await client.cas.create({ kind: 'own', id: 'import-ca' });
  const ended = await muster(['import', 'certified.csv', ...inPapers, '--results', 'certified-out.csv', '--valid', '30d']);
  expect(ended.code, ended.stderr).toBe(7);
  const [one, bad, three] = parse(readFileSync(file('certified-out.csv'), 'utf8'), { columns: true }) as Record<string, string>[];
  expect(one).toMatchObject({
    id: 'cert-1',
    status: 'created',
    credential: 'certificate',
    secret: '',
    'certificate-file': 'papers/cert-1.pem',
    'key-file': 'papers/cert-1.key',
  });
  expect(bad).toMatchObject({ id: 'cert-2', status: 'failed', 'key-file': '' });
  expect(three?.['certificate-file']).toBe('papers/cert-3.pem');
  expect(readdirSync(file('papers')).sort()).toEqual(['cert-1.key', 'cert-1.pem', 'cert-3.key', 'cert-3.pem']);
  expect(statSync(file('papers/cert-1.key')).mode & 0o777).toBe(0o600);
  const certificate = new X509Certificate(readFileSync(file('papers/cert-1.pem')));
  const key = readFileSync(file('papers/cert-1.key'));
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.subject).toBe('CN=cert-1');
  expect(one?.['credential-id']).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase());
  // A second time nothing is made, and both keep what they have.
  const again = await muster(['import', 'certified.csv', ...inPapers, '--mode', 'upsert', '--results', 'again.csv']);
  expect(again.code, again.stderr).toBe(7);
  expect(resultsIn('again.csv').map(({ status }) => status)).toEqual(['unchanged', 'failed', 'unchanged']);
  expect(readFileSync(file('papers/cert-1.key'))).toEqual(key);
  expect(readdirSync(file('papers'))).toHaveLength(4);
});

test('a certificate whose answer was lost is given once more to the same key, and to no other', { timeout: 60_000 }, async () => {
  await client.cas.create({ kind: 'own', id: 'lost-ca' });
  const { publicKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const devices = [{ id: 'lost-1', credential: { kind: 'certificate' as const, publicKey } }];
  const [first] = (await client.deviceBatches.provision({ mode: 'create', devices })).results;
  const [second] = (await client.deviceBatches.provision({ mode: 'create', again: true, devices })).results;
  expect([first?.status, second?.status]).toEqual(['created', 'created']);
  expect(second?.credential?.certificate).toContain('BEGIN CERTIFICATE');
  expect(second?.credential?.id).not.toBe(first?.credential?.id);
  const other = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const stranger = [{ id: 'lost-1', credential: { kind: 'certificate' as const, publicKey: other.publicKey } }];
  expect((await client.deviceBatches.provision({ mode: 'create', again: true, devices: stranger })).results[0]).toMatchObject({
    status: 'failed',
    code: 'conflict',
  });
});

test('--create-groups makes the groups that rows name', { timeout: 60_000 }, async () => {
  writeFileSync(file('groups.csv'), 'id,groups\ng-1,oslo/north oslo/south\ng-2,oslo\n');
  expect((await muster(['import', 'groups.csv', '--continue-on-error'])).code).toBe(7);
  const dry = await muster(['import', 'groups.csv', '--create-groups', '--dry-run', '--json']);
  expect(dry.code, dry.stderr).toBe(0);
  const ended = await muster(['import', 'groups.csv', '--create-groups']);
  expect(ended.code, ended.stderr).toBe(0);
  expect((await client.devices.show('g-1')).groups).toEqual(['oslo/north', 'oslo/south']);
  expect((await client.devices.show('g-2')).groups).toEqual(['oslo']);
});

test('an export has the devices of a selector, a condition and a group alone', { timeout: 60_000 }, async () => {
  await client.deviceBatches.provision({
    mode: 'create',
    createGroups: true,
    devices: [
      { id: 'ex-gw', kind: 'gateway', labels: { site: 'ex' } },
      { id: 'ex-1', parent: 'ex-gw', groups: ['ex/hall'], labels: { site: 'ex', floor: '1' } },
      { id: 'ex-2', parent: 'ex-gw', groups: ['ex'], labels: { site: 'ex', floor: '2' } },
    ],
  });
  const exported = async (...args: string[]) =>
    (await muster(['export', '--format', 'ndjson', ...args])).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(await exported('--selector', 'site=ex')).toEqual(['ex-gw', 'ex-1', 'ex-2']);
  expect(await exported('--selector', 'site=ex', '--kind', 'device')).toEqual(['ex-1', 'ex-2']);
  expect(await exported('--where', "labels.site == 'ex' and labels.floor == '2'")).toEqual(['ex-2']);
  expect(await exported('--group', 'ex/hall')).toEqual(['ex-1']);
});
