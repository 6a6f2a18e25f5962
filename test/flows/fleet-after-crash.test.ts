import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { opensslRequest } from '../helpers/openssl.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { makeCertificate } from '../proof/certificate.ts';
import { createHubProcess, type HubProcess } from '../proof/hub-process.ts';
import type { Scope } from '../proof/scope.ts';

const PROOF = 'a-proof-of-its-own-0001';
const scope: Scope = {
  defer: (end) =>
    onTestFinished(async () => {
      await end();
    }),
  close: async () => undefined,
};

async function again(hub: HubProcess): Promise<void> {
  await hub.kill();
  await hub.start();
}

async function made(hub: HubProcess, path: string, body: object, method = 'POST') {
  const answer = await hub.api(method, path, body);
  expect([200, 201], `${method} ${path}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
  return answer.body;
}

const isLetIn = async (hub: HubProcess, token: string) => (await apiOf(hub.url, token)('GET', '/whoami')).status === 200;

test('groups, selectors, states and devices are after kill -9 what was acknowledged before', { timeout: 180_000 }, async () => {
  const hub = await createHubProcess(scope);
  await hub.start();
  await made(hub, '/types', { id: 'meter', mode: 'open' });
  await made(hub, '/groups', { path: 'paris/north', level: 'zone', selector: 'type=meter' });
  await made(hub, '/groups', { path: 'paris/south' });
  await made(hub, '/groups', { path: 'lyon' });
  await made(hub, '/devices', { id: 'm1', type: 'meter', labels: { site: 'a' } });
  await made(hub, '/devices', { id: 'm2', type: 'meter' });
  await made(hub, '/devices', { id: 's1', groups: ['paris/south'], aliases: { serial: 'SN0077' } });
  const secrets = new Map<string, string>();
  for (const id of ['on', 'off', 'upkeep', 'gone']) secrets.set(id, (await made(hub, '/devices', { id, credential: 'token' })).credential.secret);
  await made(hub, '/devices/off', { state: 'disabled' }, 'PATCH');
  await made(hub, '/devices/upkeep', { state: 'maintenance' }, 'PATCH');
  await made(hub, '/devices/gone', { state: 'retired' }, 'PATCH');
  const look = async () => ({
    groups: (await hub.api('GET', '/groups?limit=100')).body.items,
    rollups: (await hub.api('GET', '/group-rollups?limit=100')).body.items,
    members: (await hub.api('GET', '/devices?group=paris&limit=100')).body.items.map(({ id }: { id: string }) => id),
    devices: (await hub.api('GET', '/devices?limit=100')).body.items.map(({ id, state, labels, aliases, groups, memberOf }: Record<string, unknown>) => ({
      ...{ id, state, labels, aliases, groups, memberOf },
    })),
    selected: (await hub.api('GET', '/devices?selector=type%3Dmeter')).body.items.map(({ id }: { id: string }) => id),
    found: (await hub.api('GET', '/devices?q=SN0077')).body.items.map(({ id }: { id: string }) => id),
  });
  await again(hub);
  const first = await look();
  expect(first).toMatchObject({ members: ['m1', 'm2', 's1'], selected: ['m1', 'm2'], found: ['s1'] });
  const states = Object.fromEntries(first.devices.map(({ id, state }: Record<string, unknown>) => [id, state]));
  expect(states).toMatchObject({ on: 'active', off: 'disabled', upkeep: 'maintenance', gone: 'retired' });
  const letIn = await Promise.all([...secrets.values()].map((secret) => isLetIn(hub, secret)));
  expect(letIn).toEqual([true, false, true, false]);
  // Changed, and killed with the answer.
  await made(hub, '/group-moves', { from: 'paris/south', to: 'lyon/south' });
  await made(hub, '/groups/paris/north', { selector: 'type=meter,site=a' }, 'PATCH');
  await made(hub, '/devices/off', { state: 'active' }, 'PATCH');
  await again(hub);
  const second = await look();
  expect(second).toMatchObject({ members: ['m1'], selected: ['m1', 'm2'] });
  expect((await hub.api('GET', '/devices?group=lyon')).body.items).toMatchObject([{ id: 's1', groups: ['lyon/south'] }]);
  expect(await isLetIn(hub, secrets.get('off') ?? '')).toBe(true);
  await again(hub);
  expect(await look()).toEqual(second);
});

test('claims count on, and what a token replaced stays refused after kill -9', { timeout: 180_000 }, async () => {
  const hub = await createHubProcess(scope);
  await hub.start();
  const claim = (await made(hub, '/claims', { id: 'batch', devicesMax: 3 })).token;
  const revoked = (await made(hub, '/claims', { id: 'revoked' })).token;
  expect((await hub.api('DELETE', '/claims/revoked')).status).toBeLessThan(300);
  const ask = (token: string, request: object) => apiOf(hub.url, token)('POST', '/claim', request);
  const first = await ask(claim, { id: 'a', proof: PROOF });
  expect(first.status).toBe(201);
  await again(hub);
  expect((await hub.api('GET', '/claims/batch')).body).toMatchObject({ used: 1, devicesMax: 3 });
  // The answer was lost with the hub: the same device gets another token, and takes no other place.
  const repeated = await ask(claim, { id: 'a', proof: PROOF });
  expect(repeated).toMatchObject({ body: { device: 'a', repeated: true } });
  expect([await isLetIn(hub, first.body.token), await isLetIn(hub, repeated.body.token)]).toEqual([false, true]);
  await waitUntil(async () => (await ask(claim, { id: 'a', proof: PROOF })).status === 409, 'it has used its token');
  await again(hub);
  // Used is used: the claim gives its identity to nobody again.
  expect((await ask(claim, { id: 'a', proof: PROOF })).body).toMatchObject({ code: 'conflict' });
  expect((await ask(revoked, { id: 'z' })).status).toBe(401);
  expect((await ask(claim, { id: 'b' })).status).toBe(201);
  await again(hub);
  expect((await ask(claim, { id: 'c' })).status).toBe(201);
  await again(hub);
  expect((await ask(claim, { id: 'd' })).body).toMatchObject({ code: 'limit_reached' });
  expect((await hub.api('GET', '/claims/batch')).body).toMatchObject({ used: 3 });
  // A token that was renewed, and whose successor was used.
  const old = repeated.body.token;
  const renewed = (await apiOf(hub.url, old)('POST', '/devices/a/renew')).body.token;
  await again(hub);
  expect([await isLetIn(hub, old), await isLetIn(hub, renewed)]).toEqual([true, true]);
  await waitUntil(async () => !(await isLetIn(hub, old)), 'the old one is gone');
  await again(hub);
  expect([await isLetIn(hub, old), await isLetIn(hub, renewed)]).toEqual([false, true]);
});

test('a revoked certificate stays revoked, and the history of connections says that the hub ended, after kill -9', { timeout: 180_000 }, async () => {
  const hub = await createHubProcess(scope, { certificate: makeCertificate(scope) });
  await hub.start();
  await made(hub, '/cas', { kind: 'own', id: 'ca' });
  const papers = new Map<string, { cert: string; key: string; fingerprint: string }>();
  for (const device of ['pump', 'fan']) {
    await made(hub, '/devices', { id: device });
    const request = opensslRequest(`/CN=${device}`);
    const { certificate, fingerprint } = await made(hub, '/certificates', { device, csr: request.pem });
    papers.set(device, { cert: certificate, key: request.key, fingerprint });
  }
  const connect = async (device: string): Promise<boolean> => {
    const { cert = '', key = '' } = papers.get(device) ?? {};
    const options = { protocol: 'mqtts', host: 'localhost', port: hub.mqttsPort, ca: hub.ca, cert, key, clientId: device, reconnectPeriod: 0 } as const;
    const client = await mqtt.connectAsync(options as mqtt.IClientOptions).catch(() => null);
    client?.on('error', () => undefined);
    if (client !== null) scope.defer(() => void client.end(true));
    return client !== null;
  };
  expect([await connect('pump'), await connect('fan')]).toEqual([true, true]);
  const connections = async (device: string) => (await hub.api('GET', `/devices/${device}/connections`)).body.items;
  await waitUntil(async () => (await connections('fan')).length === 1, 'the first connection is in the history');
  await made(hub, `/certificates/${papers.get('pump')?.fingerprint}/revoke`, { reason: 'key-compromise' });
  await waitUntil(async () => (await connections('pump'))[0]?.endedAt !== null, 'the revoked one is cut');
  await again(hub);
  expect((await hub.api('GET', `/certificates/${papers.get('pump')?.fingerprint}`)).body).toMatchObject({ state: 'revoked' });
  expect([await connect('pump'), await connect('fan')]).toEqual([false, true]);
  await waitUntil(async () => (await connections('fan')).length === 2, 'the second connection is in the history');
  await again(hub);
  expect(await connections('fan')).toMatchObject([
    { client: 'fan', reason: 'the hub ended unexpectedly' },
    { client: 'fan', reason: 'the hub ended unexpectedly' },
  ]);
  const [cut] = await connections('pump');
  expect(cut).toMatchObject({ client: 'pump', endedAt: expect.any(Number) });
  expect(cut.reason).not.toBe('the hub ended unexpectedly');
});
