import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfSecret, makeToken, parseToken } from '../../src/lib/access/secrets.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
});
afterAll(async () => {
  await hub?.stop();
});
const post = (path: string, body: unknown, token: string | null = hub.token) => apiOf(hub.url, token)('POST', path, body);
const get = (path: string, token = hub.token) => apiOf(hub.url, token)('GET', path);
const batch = (mode: string, devices: unknown[], more: object = {}) => post('/devices/batch', { mode, devices, ...more });
const statuses = (answer: { body: { results: { id: string; status: string; code: string | null }[] } }) =>
  answer.body.results.map(({ id, status, code }) => [id, status, ...(code === null ? [] : [code])]);
const report = (device: string, secret: string) => apiOf(hub.url, secret)('POST', `/devices/${device}/report`, { temperature: 20 });

describe('batches of devices over HTTP', () => {
  it('puts devices into groups that exist, and makes missing ones only when it is told to', async () => {
    const rows = [{ id: 'grouped-1', groups: ['lyon/hall-1'] }, { id: 'grouped-2' }];
    expect(statuses(await batch('create', rows, { check: true }))).toEqual([
      ['grouped-1', 'failed', 'invalid'],
      ['grouped-2', 'created'],
    ]);
    expect(statuses(await batch('create', rows, { check: true, createGroups: true }))).toEqual([
      ['grouped-1', 'created'],
      ['grouped-2', 'created'],
    ]);
    expect((await get('/groups/lyon')).status).toBe(404);
    expect(statuses(await batch('create', rows, { createGroups: true })).map(([, status]) => status)).toEqual(['created', 'created']);
    expect((await get('/groups/lyon')).status).toBe(200);
    expect((await get('/devices/grouped-1')).body.groups).toEqual(['lyon/hall-1']);
  });

  it('creates the good ones with their credentials, and names what is wrong with each bad one', async () => {
    const own = makeToken('device');
    const answer = await batch('create', [
      { id: 'a-gw', kind: 'gateway', credential: { kind: 'token' } },
      {
        id: 'a-1',
        parent: 'a-gw',
        labels: { site: 'paris' },
        aliases: { imei: '490154203237519' },
        credential: { kind: 'token', id: own.id, secretHash: own.secretHash },
      },
      { id: 'no spaces' },
      { name: 'nameless' },
      { id: 'a-2', colour: 'red' },
      { id: 'a-3', kind: 'toaster' },
      { id: 'a-4', credential: { kind: 'password', id: 'x'.repeat(20), passwordHash: 'plain' } },
      { id: 'a-5', credential: { kind: 'token', id: 'x'.repeat(20) } },
      'a-6',
    ]);
    expect(answer.status).toBe(200);
    expect(statuses(answer)).toEqual([
      ['a-gw', 'created'],
      ['a-1', 'created'],
      ['no spaces', 'failed', 'invalid'],
      [null, 'failed', 'invalid'],
      ['a-2', 'failed', 'invalid'],
      ['a-3', 'failed', 'invalid'],
      ['a-4', 'failed', 'invalid'],
      ['a-5', 'failed', 'invalid'],
      [null, 'failed', 'invalid'],
    ]);
    const reasons = answer.body.results.slice(2).map(({ reason }: { reason: string }) => reason);
    expect(reasons).toEqual([
      expect.stringMatching(/^id: must be letters/),
      'id: is missing',
      expect.stringContaining('"colour"'),
      'kind: must be one of gateway, device, app',
      'credential.passwordHash: is no scrypt hash that the hub takes',
      'credential: id and secretHash belong together',
      'must be an object, not string',
    ]);
    expect(answer.body.counts).toMatchObject({ created: 2, failed: 7 });
    expect(answer.body.results[1].warnings).toEqual(['imei 490154203237519 is no IMEI: its check digit does not fit']);
    expect(answer.body.results[1].credential).toMatchObject({ id: own.id, kind: 'token', username: 'a-1', secret: null, expiresAt: null });
    expect((await report('a-1', own.token)).status).toBe(202);
    const made = answer.body.results[0].credential.secret;
    expect(hashOfSecret(parseToken(made)?.secret ?? '')).not.toBe(own.secretHash);
    expect((await report('a-gw', made)).status).toBe(202);
  });

  it('may be sent again when its answer was lost', async () => {
    const own = makeToken('device');
    const devices = [{ id: 'b-1', credential: { kind: 'token', id: own.id, secretHash: own.secretHash } }, { id: 'b-2' }];
    expect(statuses(await batch('create', devices))).toEqual([
      ['b-1', 'created'],
      ['b-2', 'created'],
    ]);
    const again = await batch('create', devices, { again: true });
    expect(statuses(again)).toEqual([
      ['b-1', 'created'],
      ['b-2', 'created'],
    ]);
    expect(again.body.results[0].credential.id).toBe(own.id);
    expect((await get('/devices/b-1/credentials')).body.items).toHaveLength(1);
    expect(statuses(await batch('create', [{ id: 'b-2', name: 'other' }], { again: true }))).toEqual([['b-2', 'failed', 'conflict']]);
    expect(statuses(await batch('create', [{ id: 'b-2' }]))).toEqual([['b-2', 'failed', 'conflict']]);
    const other = makeToken('device');
    expect(
      statuses(await batch('create', [{ id: 'b-1', credential: { kind: 'token', id: other.id, secretHash: other.secretHash } }], { again: true })),
    ).toEqual([['b-1', 'failed', 'conflict']]);
    expect(statuses(await batch('upsert', [devices[0]]))).toEqual([['b-1', 'created']]);
  });

  it('shows the difference without writing anything, then writes it', async () => {
    await batch('create', [{ id: 'c-1', labels: { site: 'paris' } }]);
    const change = [{ id: 'c-1', labels: { site: 'rome' }, name: 'Boiler' }, { id: 'c-2' }];
    const checked = await batch('upsert', change, { check: true });
    expect(statuses(checked)).toEqual([
      ['c-1', 'updated'],
      ['c-2', 'created'],
    ]);
    expect(checked.body.results[0].difference).toEqual({ name: { before: 'c-1', after: 'Boiler' }, 'label.site': { before: 'paris', after: 'rome' } });
    expect((await get('/devices/c-2')).status).toBe(404);
    expect(statuses(await batch('upsert', change))).toEqual(statuses(checked));
    expect((await get('/devices/c-1')).body).toMatchObject({ name: 'Boiler', labels: { site: 'rome' } });
    expect(statuses(await batch('upsert', change))).toEqual([
      ['c-1', 'unchanged'],
      ['c-2', 'unchanged'],
    ]);
  });

  it('deletes many at once, a gateway with what is behind it', async () => {
    await batch('create', [
      { id: 'd-gw', kind: 'gateway' },
      { id: 'd-1', parent: 'd-gw' },
      { id: 'd-2', parent: 'd-gw' },
    ]);
    const refused = await post('/devices/batch/delete', { devices: ['d-gw', 'd-1'] });
    expect(statuses(refused)).toEqual([
      ['d-gw', 'failed', 'in_use'],
      ['d-1', 'deleted'],
    ]);
    expect(statuses(await post('/devices/batch/delete', { devices: ['d-gw', 'd-2', 'd-1'], check: true }))).toEqual([
      ['d-gw', 'deleted'],
      ['d-2', 'deleted'],
      ['d-1', 'failed', 'not_found'],
    ]);
    expect(statuses(await post('/devices/batch/delete', { devices: ['d-gw', 'd-2'] }))).toEqual([
      ['d-gw', 'deleted'],
      ['d-2', 'deleted'],
    ]);
    expect((await get('/devices/d-gw')).status).toBe(404);
  });

  it('journals a batch as one event that names each device, and a single device as itself', async () => {
    await batch('create', [{ id: 'e-1' }, { id: 'e-2' }]);
    await batch('update', [{ id: 'e-1', name: 'one' }]);
    await post('/devices/batch/delete', { devices: ['e-1', 'e-2'] });
    const events = async () =>
      (await get('/events?limit=1000')).body.items.filter(({ text }: { text: string }) => /e-1|devices were changed/.test(text)).slice(0, 3);
    await expect
      .poll(events, { timeout: 10_000 })
      .toEqual([
        expect.objectContaining({ kind: 'devices.changed', details: { deleted: ['e-1', 'e-2'] } }),
        expect.objectContaining({ kind: 'device.updated', device: 'e-1' }),
        expect.objectContaining({ kind: 'devices.changed', details: { created: ['e-1', 'e-2'] }, text: expect.stringContaining('2 created') }),
      ]);
  });

  it('refuses viewers, devices, and batches that are too large', async () => {
    const viewer = (await post('/tokens', { name: 'looks', role: 'viewer' })).body.token;
    expect((await post('/devices/batch', { mode: 'create', devices: [{ id: 'f-1' }] }, viewer)).status).toBe(403);
    expect((await post('/devices/batch/delete', { devices: ['a-1'] }, viewer)).status).toBe(403);
    expect((await post('/devices/batch', { mode: 'create', devices: [{ id: 'f-1' }] }, null)).status).toBe(401);
    const many = Array.from({ length: 1001 }, (_, index) => ({ id: `f-${index}` }));
    expect((await batch('create', many)).status).toBe(400);
    expect((await batch('create', [])).status).toBe(400);
  });
});
