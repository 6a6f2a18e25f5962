import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Notification } from '../../src/lib/channels/channel.ts';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { type FakeServer, fakeServer } from '../helpers/fake-server.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const RULE = {
  id: 'hot',
  scope: { points: ['temperature'] },
  when: { bands: [{ level: 'critical', high: 90 }] },
};
const ok = (response: ServerResponse): void => void response.writeHead(200).end();
const keysOf = (receiver: FakeServer): string[] => receiver.requests.map(({ headers }) => String(headers['idempotency-key']));
const bodiesOf = (receiver: FakeServer): Notification[] => receiver.requests.map(({ body }) => JSON.parse(body) as Notification);

async function clientOf(hub: TestHub): Promise<HubClient> {
  const client = createHubClient({ url: hub.url, token: hub.token });
  onTestFinished(() => client.close());
  return client;
}

async function supervised(url: string, route: object = {}): Promise<{ hub: TestHub; client: HubClient }> {
  const hub = await startHub();
  const client = await clientOf(hub);
  await client.channels.create({ id: 'ops', kind: 'webhook', config: { url, burst: 1_000, ratePerMinute: 60_000 } });
  await client.routes.create({ id: 'all', channels: ['ops'], ...route });
  await client.rules.create(RULE);
  await client.devices.create({ id: 'b1' });
  return { hub, client };
}

const delivered = async (client: HubClient, state: 'delivered' | 'waiting'): Promise<number> => {
  let count = 0;
  for await (const _ of client.deliveries.list({ state })) count += 1;
  return count;
};

describe('an alarm', () => {
  it('reaches the receiver when it is raised and when it is over', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const { client } = await supervised(receiver.url);
    await client.report('b1', { temperature: 95 });
    await waitUntil(() => receiver.requests.length === 1, 'it is told');
    await client.report('b1', { temperature: 20 });
    await waitUntil(() => receiver.requests.length === 2, 'its end is told');
    expect(bodiesOf(receiver).map(({ alarms }) => alarms.map(({ cause, severity, device, value }) => ({ cause, severity, device, value })))).toEqual([
      [{ cause: 'raised', severity: 'critical', device: 'b1', value: 95 }],
      [{ cause: 'cleared', severity: 'critical', device: 'b1', value: 20 }],
    ]);
    await waitUntil(async () => (await delivered(client, 'delivered')) === 2, 'both are in the log');
  });

  it('that a hub told, and that was killed before it wrote that down, has one effect by its key', async () => {
    let taken = 0;
    let first: ServerResponse | null = null;
    // The first hub dies with the answer on its way: it will never know that it was taken.
    const receiver = await fakeServer((_, response) => {
      taken += 1;
      if (first === null) first = response;
      else ok(response);
    });
    const { hub, client } = await supervised(receiver.url);
    await client.report('b1', { temperature: 95 });
    await waitUntil(() => taken === 1, 'the receiver has it');
    await hub.stop('SIGKILL');
    const again = await hub.restart();
    await waitUntil(() => taken === 2, 'it is sent again', 20_000);
    expect(new Set(keysOf(receiver)).size).toBe(1);
    expect(receiver.requests[1]?.body).toBe(receiver.requests[0]?.body);
    const next = await clientOf(again);
    await waitUntil(async () => (await delivered(next, 'delivered')) === 1, 'it is delivered');
    // The alarm still holds: nobody is told twice of that.
    await next.report('b1', { temperature: 96 });
    await next.report('b1', { temperature: 20 });
    await waitUntil(() => taken === 3, 'its end is told');
    expect(bodiesOf(receiver)[2]?.alarms.map(({ cause }) => cause)).toEqual(['cleared']);
    await waitUntil(async () => (await delivered(next, 'waiting')) === 0, 'nothing waits');
  }, 60_000);

  it('of a group that a killed hub told has one effect too, with all that was in it', async () => {
    let first = true;
    const receiver = await fakeServer((_, response) => {
      if (!first) ok(response);
      first = false;
    });
    const { hub, client } = await supervised(receiver.url, { groupBy: ['rule'], groupWait: '1s' });
    for (let index = 2; index <= 20; index += 1) await client.devices.create({ id: `b${index}` });
    for (let index = 1; index <= 20; index += 1) await client.report(`b${index}`, { temperature: 95 });
    await waitUntil(() => receiver.requests.length === 1, 'the receiver has it');
    await hub.stop('SIGKILL');
    await hub.restart();
    await waitUntil(() => receiver.requests.length >= 2, 'it is sent again', 20_000);
    expect(new Set(keysOf(receiver).slice(0, 2)).size).toBe(1);
    expect(receiver.requests[1]?.body).toBe(receiver.requests[0]?.body);
  }, 60_000);
});

it('no secret of a channel is in an answer, the journal, the log of the hub or that of deliveries', async () => {
  const receiver = await fakeServer((_, response) => void response.writeHead(500).end('no'));
  const hub = await startHub(['--log-level', 'debug']);
  const client = await clientOf(hub);
  const secrets = ['key-that-nobody-may-see-0123456789', 'Bearer nobody-may-see-this', 'path-that-is-a-secret', 'password-nobody-may-see'];
  const [secret = '', Authorization = '', path = '', password = ''] = secrets;
  const answers: unknown[] = [];
  answers.push(
    await client.channels.create({ id: 'ops', kind: 'webhook', config: { secretUrl: `${receiver.url}/${path}`, secret, secretHeaders: { Authorization } } }),
    await client.channels.create({
      id: 'mail',
      kind: 'email',
      config: { host: '127.0.0.1', port: 1, user: 'muster', password, from: 'a@example.com', to: ['b@example.com'] },
    }),
    await client.routes.create({ id: 'all', channels: ['ops', 'mail'] }),
    await client.rules.create(RULE),
  );
  await client.devices.create({ id: 'b1' });
  await client.report('b1', { temperature: 95 });
  await waitUntil(() => receiver.requests.length > 0, 'it was tried');
  expect(receiver.requests[0]?.url).toBe(`/${path}`);
  answers.push(await client.channels.test('ops'), await client.channels.test('mail'), await client.channels.update('ops', { enabled: false }));
  for (const page of [client.channels.list(), client.routes.list(), client.deliveries.list(), client.pages('/events')])
    for await (const row of page) answers.push(row);
  const text = JSON.stringify(answers) + hub.log();
  expect(text).toContain('500 Internal Server Error');
  for (const one of secrets) expect(text).not.toContain(one);
}, 60_000);

it('a viewer and a device see and change no channel, route or delivery; an operator does; what the hub answers holds no secret', async () => {
  const receiver = await fakeServer((_, response) => ok(response));
  const hub = await startHub();
  const admin = await clientOf(hub);
  const ask = async (token: string, method: string, path: string, body?: object): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${hub.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const tokenOf = async (role: string): Promise<string> => JSON.parse((await ask(hub.token, 'POST', '/tokens', { name: role, role })).text).token;
  const [viewer, operator] = [await tokenOf('viewer'), await tokenOf('operator')];
  const { credential } = JSON.parse((await ask(hub.token, 'POST', '/devices', { id: 'b1', credential: 'token' })).text);
  await admin.channels.create({ id: 'ops', kind: 'webhook', config: { url: receiver.url, secretHeaders: { Authorization: 'TOPSECRET' } } });
  await admin.routes.create({ id: 'all', channels: ['ops'] });
  const asked: readonly (readonly [string, string, object?])[] = [
    ['GET', '/channels'],
    ['GET', '/channels/ops'],
    ['PATCH', '/channels/ops', { enabled: true }],
    ['POST', '/channels/ops/test'],
    ['GET', '/routes'],
    ['GET', '/routes/all'],
    ['POST', '/routes/test', { severity: 'critical' }],
    ['PATCH', '/routes/all', { cleared: true }],
    ['GET', '/deliveries'],
    ['GET', '/events?kind=channel.*'],
    ['DELETE', '/routes/all'],
    ['DELETE', '/channels/ops'],
  ];
  for (const [method, path, body] of asked) {
    const isEvents = path.startsWith('/events');
    for (const token of [viewer, credential.secret as string]) {
      const { status } = await ask(token, method, path, body);
      expect([method, path, status]).toEqual([method, path, isEvents && token === viewer ? 200 : 403]);
    }
    const { status, text } = await ask(operator, method, path, body);
    expect([method, path, status < 300]).toEqual([method, path, true]);
    expect(text).not.toContain('TOPSECRET');
  }
  expect(receiver.requests).toHaveLength(1);
  expect(receiver.requests[0]?.headers.authorization).toBe('TOPSECRET');
});
