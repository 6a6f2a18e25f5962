import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
});
afterAll(async () => {
  await hub?.stop();
});
const muster = (args: readonly string[], input?: string) => runMuster(args, { env: hub.env, ...(input === undefined ? {} : { input }) });
async function object(args: readonly string[], input?: string) {
  const { code, stdout, stderr } = await muster([...args, '--json'], input);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
const report = (device: string, token: string, body: unknown) =>
  fetch(`${hub.url}/api/v1/devices/${device}/report`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('a device is made, found by alias, changed, listed and deleted', { timeout: 90_000 }, async () => {
  const made = await object([
    'device',
    'create',
    'gateway-1',
    '--kind',
    'gateway',
    '--label',
    'site=paris',
    '--label',
    'floor=2',
    '--alias',
    'imei=490154203237518',
    '--name',
    'Gateway 1',
  ]);
  expect(made).toMatchObject({
    id: 'gateway-1',
    name: 'Gateway 1',
    kind: 'gateway',
    labels: { site: 'paris', floor: '2' },
    aliases: { imei: '490154203237518' },
  });
  await object(['device', 'create', 'meter-1', '--parent', 'gateway-1']);
  expect(await object(['device', 'show', 'imei:490154203237518'])).toMatchObject({ id: 'gateway-1', children: 1, status: { online: false } });
  expect(await muster(['device', 'create', 'gateway-1'])).toMatchObject({ code: 5, stdout: '' });

  expect(
    await object([
      'device',
      'update',
      'gateway-1',
      '--label',
      'site=berlin',
      '--unlabel',
      'floor',
      '--unalias',
      'imei',
      '--alias',
      'serial=S=1',
      '--state',
      'disabled',
    ]),
  ).toMatchObject({
    labels: { site: 'berlin' },
    aliases: { serial: 'S=1' },
    state: 'disabled',
  });
  expect(await object(['device', 'update', 'meter-1', '--no-parent'])).toMatchObject({ parent: null });
  expect(await muster(['device', 'update', 'meter-1'])).toMatchObject({ code: 2 });

  const ids = async (...filters: string[]) => (await object(['device', 'list', '--columns', 'id', ...filters])).map((row: { id: string }) => row.id);
  expect(await ids('--kind', 'gateway')).toEqual(['gateway-1']);
  expect(await ids('--state', 'disabled')).toEqual(['gateway-1']);
  expect(await ids('--label', 'site=berlin')).toEqual(['gateway-1']);
  expect(await ids('--label', 'site')).toEqual(['gateway-1']);
  expect(await ids('--alias', 'S=1')).toEqual(['gateway-1']);
  expect(await ids('--no-online', '--sort', '-id')).toEqual(['meter-1', 'gateway-1']);
  expect(await ids('--online')).toEqual([]);

  expect(await muster(['device', 'delete', 'meter-1'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(await muster(['device', 'delete', 'meter-1', 'gateway-1', '--dry-run'])).toMatchObject({ code: 0 });
  const deleted = await muster(['device', 'delete', 'meter-1', 'nobody', 'gateway-1', '--yes', '-o', 'csv']);
  expect(deleted.code).toBe(7);
  expect(deleted.stdout).toMatch(/^id,status,code,reason\nmeter-1,deleted,,\nnobody,failed,not_found,.*\ngateway-1,deleted,,\n$/);
  expect(await muster(['device', 'show', 'meter-1'])).toMatchObject({ code: 3 });
});

test('a credential made here lets the device report, until it is removed', { timeout: 90_000 }, async () => {
  const { credential } = await object(['device', 'create', 'boiler-7', '--credential', 'token']);
  expect(credential).toMatchObject({ username: 'boiler-7', secret: expect.stringMatching(/^msd_/) });
  expect((await report('boiler-7', credential.secret, { temperature: 71.4 })).status).toBe(202);
  const second = await object(['device', 'credential', 'create', 'boiler-7', '--generate-password']);
  expect(second).toMatchObject({ kind: 'password', username: 'boiler-7' });
  await object(['device', 'credential', 'create', 'boiler-7', '--password-stdin'], 'correct horse battery staple\n');
  const listed = await muster(['device', 'credential', 'list', 'boiler-7', '--json']);
  expect(JSON.parse(listed.stdout)).toHaveLength(3);
  expect(listed.stdout).not.toContain(credential.secret);
  expect(await muster(['device', 'credential', 'remove', 'boiler-7', credential.id, '--yes'])).toMatchObject({ code: 0 });
  expect((await report('boiler-7', credential.secret, { temperature: 71.4 })).status).toBe(401);
});

test('what a device sent and the hub did not take is listed with its reason', { timeout: 90_000 }, async () => {
  const { credential } = await object(['device', 'create', 'boiler-8', '--credential', 'token']);
  await report('boiler-8', credential.secret, { 'no such path': 1 });
  const [reject] = await object(['device', 'rejects', 'boiler-8']);
  expect(reject).toMatchObject({
    device: 'boiler-8',
    code: expect.any(String),
    reason: expect.any(String),
    payloadHead: expect.stringContaining('no such path'),
  });
  expect(await object(['device', 'rejects'])).toContainEqual(reject);
});

test('a type is made from points, shown in a form that makes it again, changed and deleted', { timeout: 90_000 }, async () => {
  const type = await object(['type', 'create', 'boiler', '--point', 'boiler/temperature:number:°C:min=0:max=120', '--point', 'boiler/on:boolean:kind=status']);
  expect(type).toMatchObject({
    mode: 'strict',
    points: [
      { path: 'boiler/temperature', unit: '°C', min: 0, max: 120 },
      { path: 'boiler/on', valueType: 'boolean', kind: 'status' },
    ],
  });
  const yaml = (await muster(['type', 'show', 'boiler', '-o', 'yaml'])).stdout;
  const file = join(temporaryFolder(), 'type.yaml');
  writeFileSync(file, yaml);
  expect((await object(['type', 'create', 'copy', '--file', file])).points).toEqual(type.points);
  expect((await object(['type', 'create', 'second', '--mode', 'open', '--file', '-'], yaml)).mode).toBe('open');

  const changed = await object([
    'type',
    'update',
    'boiler',
    '--point',
    'boiler/pressure:number:bar',
    '--remove-point',
    'boiler/on',
    '--description',
    'A boiler',
  ]);
  expect(changed).toMatchObject({ description: 'A boiler', points: [{ path: 'boiler/temperature' }, { path: 'boiler/pressure', unit: 'bar' }] });
  expect((await muster(['type', 'show', 'boiler', '--points', '-o', 'csv', '--columns', 'spec'])).stdout).toBe(
    'spec\nboiler/temperature:number:unit=°C:min=0:max=120\nboiler/pressure:number:unit=bar\n',
  );
  expect(await muster(['type', 'update', 'boiler', '--remove-point', 'nothing'])).toMatchObject({ code: 3 });
  expect(await muster(['type', 'update', 'boiler', '--file', '-'], 'id: other\n')).toMatchObject({ code: 2 });

  await object(['device', 'create', 'typed', '--type', 'boiler']);
  const used = await muster(['type', 'delete', 'boiler', '--yes']);
  expect(used).toMatchObject({ code: 5, stdout: '' });
  expect(await muster(['type', 'delete', 'copy', 'second', '--yes'])).toMatchObject({ code: 0 });
  expect((await object(['type', 'list'])).map((one: { id: string }) => one.id)).toEqual(['boiler']);
});

test.each([
  ['points: [', 'neither YAML nor JSON'],
  ['[]', 'one object'],
  ['id: x\ncolour: red', 'unknown key `colour`'],
  ['id: x\npoints: 7', 'list'],
  ['mode: open', 'no id'],
])('a definition %j is wrong usage', async (text, why) => {
  expect(await muster(['type', 'create', '--file', '-'], text)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) });
});

test('points are listed with their newest value, and changed', { timeout: 90_000 }, async () => {
  const { credential } = await object(['device', 'create', 'probe', '--credential', 'token', '--label', 'site=lyon']);
  await report('probe', credential.secret, { 'boiler/temperature': 71.4, 'boiler/on': true });
  const points = await object(['point', 'list', 'probe']);
  expect(points.map((point: { path: string; latest: { value: unknown } }) => [point.path, point.latest.value])).toEqual([
    ['boiler/on', true],
    ['boiler/temperature', 71.4],
  ]);
  expect(await object(['point', 'list', '--point', '*temperature', '--label', 'site=lyon'])).toHaveLength(1);
  expect(await object(['point', 'update', 'probe', 'boiler/temperature', '--unit', '°C', '--min=-40', '--max', '120.5', '--decimals', '1'])).toMatchObject({
    unit: '°C',
    min: -40,
    max: 120.5,
    decimals: 1,
  });
  expect(await object(['point', 'update', 'probe', 'boiler/temperature', '--clear', 'min', '--clear', 'unit'])).toMatchObject({
    unit: null,
    min: null,
    max: 120.5,
  });
  expect(await object(['point', 'show', 'probe', 'boiler/temperature'])).toMatchObject({ latest: { value: 71.4 } });
  expect(await muster(['point', 'update', 'probe', 'boiler/temperature', '--min', 'cold'])).toMatchObject({ code: 2 });
  expect(await muster(['point', 'show', 'probe', 'no/such'])).toMatchObject({ code: 3 });
});
