import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHubClient, type HubClient } from '../../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

let hub: TestHub;
let client: HubClient;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
});
afterAll(async () => {
  client?.close();
  await hub?.stop();
});
const muster = (...args: readonly string[]) => runMuster(['device', ...args], { env: hub.env });
const make = (devices: readonly object[]) => client.deviceBatches.provision({ mode: 'create', devices: devices as never });
async function selected(selector: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of client.deviceBatches.select(selector)) ids.push(id);
  return ids;
}

test('labels go on and off many devices by selector, a row for each, after a question with their number', { timeout: 90_000 }, async () => {
  await make(['a-1', 'a-2', 'a-3'].map((id, index) => ({ id, labels: { site: index === 2 ? 'rome' : 'paris', floor: '1' } })));
  expect(await muster('label', '--selector', 'site=paris', '--set', 'floor=2')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Label 2 devices (site=paris)?'),
  });
  const args = ['label', '--selector', 'site=paris', '--set', 'floor=2', '--remove', 'site', '-o', 'csv'];
  const rows =
    'id,status,code,reason,changes\na-1,updated,,,label.site: paris -> (none); label.floor: 1 -> 2\na-2,updated,,,label.site: paris -> (none); label.floor: 1 -> 2\n';
  expect(await muster(...args, '--dry-run')).toMatchObject({ code: 0, stdout: rows, stderr: 'It would be: 2 updated.\n' });
  expect(await selected('site=paris')).toEqual(['a-1', 'a-2']);
  // In chunks of one: what the selector means is found out before the first, for the change takes the label away that it asks for.
  expect(await muster(...args, '--yes', '--chunk', '1')).toMatchObject({ code: 0, stdout: rows, stderr: '2 updated.\n' });
  expect(await selected('floor=2,!site')).toEqual(['a-1', 'a-2']);
  expect(await muster(...args, '--yes')).toMatchObject({ code: 0, stderr: 'No device fits site=paris.\n' });
  expect(await muster('label', 'a-1', 'nobody', '--set', 'x=1', '--yes', '-o', 'csv')).toMatchObject({
    code: 7,
    stdout: expect.stringMatching(/^id,.*\na-1,updated,.*\nnobody,failed,not_found,there is no device nobody,\n$/),
  });
});

test('devices are updated by selector, and again without harm', { timeout: 90_000 }, async () => {
  await make(['b-1', 'b-2'].map((id) => ({ id })));
  const args = ['update', '--selector', 'id=b-*', '--state', 'disabled', '--yes', '--json'];
  const statuses = async () => (JSON.parse((await muster(...args)).stdout) as { status: string }[]).map(({ status }) => status);
  expect(await statuses()).toEqual(['updated', 'updated']);
  expect(await statuses()).toEqual(['unchanged', 'unchanged']);
  expect(await selected('state=disabled')).toEqual(['b-1', 'b-2']);
  expect(await muster('update', 'b-1', '--selector', 'id=b-2', '--state', 'active')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('exclude each other'),
  });
  expect(await muster('update', '--state', 'active')).toMatchObject({ code: 2, stderr: expect.stringContaining('No device is named') });
  expect(await muster('update', '--selector', 'a b', '--state', 'active')).toMatchObject({ code: 2, stderr: expect.stringContaining('selector:') });
});

test('devices are deleted by selector, what is behind a gateway before it, in chunks of any size', { timeout: 90_000 }, async () => {
  await make([
    { id: 'c-site', kind: 'gateway' },
    { id: 'c-0', kind: 'gateway', parent: 'c-site' },
    { id: 'c-1', parent: 'c-0' },
    { id: 'c-2', parent: 'c-0' },
    { id: 'c-other', kind: 'gateway', labels: { keep: 'no' } },
    { id: 'd-stays', parent: 'c-other' },
  ]);
  const ended = await muster('delete', '--selector', 'id=c-*', '--yes', '--chunk', '2', '-o', 'csv', '--columns', 'id,status,code');
  expect(ended).toMatchObject({ code: 7, stdout: 'id,status,code\nc-1,deleted,\nc-2,deleted,\nc-0,deleted,\nc-other,failed,in_use\nc-site,deleted,\n' });
  expect(await selected('id=c-*')).toEqual(['c-other']);
});

test('the state of many devices is changed by selector, and the journal says why', { timeout: 90_000 }, async () => {
  await make(['s-1', 's-2', 's-3'].map((id, index) => ({ id, labels: { row: index === 2 ? 'b' : 'a' } })));
  expect(await muster('maintain', '--selector', 'row=a')).toMatchObject({ code: 2, stderr: expect.stringContaining('2 devices (row=a)?') });
  expect(await muster('maintain', '--selector', 'row=a', '--dry-run')).toMatchObject({ code: 0, stderr: 'It would be: 2 updated.\n' });
  const ended = await muster('maintain', '--selector', 'row=a', '--yes', '--reason', 'new pipes');
  expect(ended).toMatchObject({ code: 0, stderr: '2 updated.\n' });
  expect(await selected('state=maintenance')).toEqual(['s-1', 's-2']);
  expect((await muster('disable', 's-3', '--reason', 'it lies')).code).toBe(0);
  const reasonsNow = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const { kind, text, details } of client.events.list())
      if ((details as { reason?: string }).reason !== undefined) found.push([kind, text, details]);
    return found;
  };
  await waitUntil(async () => (await reasonsNow()).length === 2, 'both reasons are in the journal');
  const reasons = await reasonsNow();
  expect(reasons).toEqual([
    ['device.updated', expect.stringMatching(/: it lies$/), expect.objectContaining({ reason: 'it lies' })],
    ['devices.changed', expect.stringMatching(/: new pipes$/), expect.objectContaining({ reason: 'new pipes', updated: ['s-1', 's-2'] })],
  ]);
  expect((await muster('enable', '--selector', 'state=maintenance,row=a', '--yes')).code).toBe(0);
  expect((await muster('retire', '--selector', 'row=a', '--yes')).code).toBe(0);
  expect(await selected('state=retired')).toEqual(['s-1', 's-2']);
  expect((await muster('enable')).code).toBe(2);
});

test('those that wait are approved and rejected by a selector that the hub answers', { timeout: 90_000 }, async () => {
  await client.groups.create({ path: 'gate' });
  await make(['w-1', 'w-2', 'w-3'].map((id, index) => ({ id, state: 'new', groups: index === 2 ? [] : ['gate'] })));
  expect((await muster('approve', '--selector', 'group=gate,id=w-1', '--yes')).code).toBe(0);
  expect((await muster('reject', '--selector', 'group=gate', '--yes')).code).toBe(0);
  expect(await selected('id=w-*')).toEqual(['w-1', 'w-3']);
  expect(await selected('id=w-*,state=new')).toEqual(['w-3']);
  expect((await muster('approve', '--selector', 'group=gate', '--yes')).code).not.toBe(0);
});
