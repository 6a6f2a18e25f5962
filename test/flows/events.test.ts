import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { EventItem } from '../../src/lib/api/schema/events.ts';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { followEvents } from '../../src/lib/reading/live/follow-events.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { readXlsx, requireSpreadsheetReader } from '../helpers/read-xlsx.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

async function eventsOf(hub: TestHub, query = '', token = hub.token): Promise<EventItem[]> {
  const { status, body } = await apiOf(hub.url, token)('GET', `/events?order=asc&limit=1000${query}`);
  expect(status).toBe(200);
  return body.items;
}
async function untilRecorded(hub: TestHub, query: string, count = 1): Promise<EventItem[]> {
  let found: EventItem[] = [];
  await waitUntil(async () => {
    found = await eventsOf(hub, query);
    return found.length >= count;
  }, `${count} events ${query}`);
  return found;
}

function watch(hub: TestHub, query = '', token = hub.token) {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream/events${query}`, { headers: { authorization: `Bearer ${token}` } });
  onTestFinished(() => void socket.terminate());
  const messages: { type: string; code?: string; events?: EventItem[] }[] = [];
  socket.on('message', (text) => messages.push(JSON.parse(String(text))));
  socket.on('error', () => undefined);
  const closed = new Promise<number>((done) => socket.once('close', done));
  const events = () => messages.flatMap((message) => message.events ?? []);
  return { socket, messages, events, closed, open: () => waitUntil(() => messages.some(({ type }) => type === 'hello'), 'hello') };
}

describe('the journal of a hub', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
  });
  afterAll(async () => {
    await hub.stop();
  });

  it('says who made, changed and deleted devices and types', async () => {
    const api = apiOf(hub.url, hub.token);
    const { token } = (await api('POST', '/tokens', { name: 'ci', role: 'operator' })).body;
    const ci = apiOf(hub.url, token);
    await ci('POST', '/types', { id: 'boiler' });
    await ci('PATCH', '/types/boiler', { description: 'hot' });
    await ci('PATCH', '/types/boiler', { description: 'hot' });
    await ci('POST', '/devices', { id: 'made', type: 'boiler' });
    await ci('PATCH', '/devices/made', { name: 'Made', labels: { site: 'paris' } });
    await ci('DELETE', '/devices/made');
    await ci('DELETE', '/types/boiler');
    const events = (await untilRecorded(hub, '&kind=type.deleted')) && (await eventsOf(hub, '&kind=type.*&kind=device.*'));
    expect(events.map(({ text }) => text)).toEqual([
      'type boiler was created by token:ci',
      'type boiler was updated by token:ci: description',
      'device made was created by token:ci',
      'device made was updated by token:ci: name, labels',
      'device made was deleted by token:ci',
      'type boiler was deleted by token:ci',
    ]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(['token:ci']));
    // Of a device that is gone the journal is kept.
    expect(await eventsOf(hub, '&device=made')).toHaveLength(3);
  });

  it('says when devices come and go over MQTT, and why', async () => {
    const api = apiOf(hub.url, hub.token);
    const { secret } = (await api('POST', '/devices', { id: 'gw-1', credential: 'token' })).body.credential;
    const connect = (clientId: string) => mqtt.connectAsync(hub.mqttUrl, { username: 'gw-1', password: secret, clientId, reconnectPeriod: 0 });
    const first = await connect('a');
    const second = await connect('a');
    await second.endAsync();
    const third = await connect('b');
    third.stream.destroy();
    first.end(true);
    const events = await untilRecorded(hub, '&device=gw-1&kind=device.connected&kind=device.disconnected', 6);
    const reasons = events.filter(({ kind }) => kind === 'device.disconnected').map(({ details }) => details.reason);
    expect(reasons.sort()).toEqual(['the client closed the connection', 'the client disconnected', 'the same client connected again'].sort());
    expect(events[0]).toMatchObject({ kind: 'device.connected', details: { protocol: 'mqtt', address: '127.0.0.1' } });
    await expect(mqtt.connectAsync(hub.mqttUrl, { username: 'gw-1', password: 'wrong', reconnectPeriod: 0 })).rejects.toThrow();
    expect(await untilRecorded(hub, '&kind=access.refused&device=gw-1')).toMatchObject([{ actor: 'device:gw-1', details: { address: '127.0.0.1', times: 1 } }]);
  });

  it('says who logs in and whose credentials are refused, and writes no name down that is none', async () => {
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/users', { name: 'ann', role: 'viewer', password: 'correct horse battery' });
    const nobody = apiOf(hub.url, null);
    await nobody('POST', '/sessions', { user: 'ann', password: 'correct horse battery' });
    await nobody('POST', '/sessions', { user: 'ann', password: 'wrong' });
    await nobody('POST', '/sessions', { user: 'my-secret-by-mistake', password: 'wrong' });
    await apiOf(hub.url, `mst_0000_${'x'.repeat(43)}`)('GET', '/devices');
    await untilRecorded(hub, '&kind=access.granted');
    const refused = await untilRecorded(hub, '&kind=access.refused', 3);
    expect((await eventsOf(hub, '&kind=access.granted')).map(({ actor, text }) => [actor, text])).toEqual([['user:ann', 'ann logged in']]);
    expect(refused.map(({ actor }) => actor)).toEqual(expect.arrayContaining(['user:ann', 'unknown']));
    expect(JSON.stringify(await eventsOf(hub))).not.toMatch(/my-secret-by-mistake|correct horse|wrong-password/);
  });

  it('is read by filters, and refuses those that can find nothing', async () => {
    const api = apiOf(hub.url, hub.token);
    for (const query of ['kind=alarms.*', 'severity=bad', 'device=no/such', 'cursor=x', 'limit=0', 'order=up', 'after=nonsense'])
      expect((await api('GET', `/events?${query}`)).status, query).toBe(query.startsWith('device') ? 404 : 400);
    expect((await api('GET', '/events?severity=major+')).status).toBe(200);
    const all = await eventsOf(hub);
    expect((await api('GET', '/events?limit=1000')).body.items.map(({ id }: EventItem) => id)).toEqual(all.map(({ id }) => id).reverse());
    const third = all[2];
    expect((await eventsOf(hub, `&after=${third?.id}`)).map(({ id }) => id)).toEqual(all.slice(3).map(({ id }) => id));
    const paged: string[] = [];
    for await (const { id } of createHubClient({ url: hub.url, token: hub.token }).events.list({ order: 'asc' }, { limit: 5 })) paged.push(id);
    expect(paged).toEqual(all.slice(0, 5).map(({ id }) => id));
  });

  it('is read by people and scripts of the project alone', async () => {
    const api = apiOf(hub.url, hub.token);
    const device = (await api('POST', '/devices', { id: 'curious', credential: 'token' })).body.credential.secret;
    expect((await apiOf(hub.url, device)('GET', '/events')).status).toBe(403);
    const refused = watch(hub, '', device);
    expect(await new Promise((done) => refused.socket.once('unexpected-response', (_, answer) => done(answer.statusCode)))).toBe(403);
    expect((await apiOf(hub.url, null)('GET', '/events')).status).toBe(401);
    expect((await api('GET', '/stream/events')).status).toBe(426);
  });

  it('is watched live, by filters, until the right to is taken away', async () => {
    const api = apiOf(hub.url, hub.token);
    const { id, token } = (await api('POST', '/tokens', { name: 'eyes', role: 'viewer' })).body;
    // What was done before is recorded within a quarter of a second, and comes live only then.
    await untilRecorded(hub, '&device=curious');
    const watching = watch(hub, '?kind=device.created', token);
    const all = watch(hub);
    await watching.open();
    await all.open();
    await api('POST', '/types', { id: 'seen-type' });
    await api('POST', '/devices', { id: 'seen' });
    await waitUntil(() => watching.events().length > 0, 'the event comes');
    expect(watching.events()).toEqual(await untilRecorded(hub, '&device=seen'));
    await waitUntil(() => all.events().length >= 2, 'all of them');
    expect(all.events().map(({ kind }) => kind)).toEqual(['type.created', 'device.created']);
    await api('DELETE', `/tokens/${id}`);
    expect(await watching.closed).toBe(1008);
    expect(watching.messages.at(-1)).toMatchObject({ type: 'bye', code: 'not_logged_in' });
    const wrong = watch(hub, '?kind=nothing');
    await wrong.closed;
    expect(wrong.messages.at(-1)).toMatchObject({ type: 'bye', code: 'invalid' });
  });
});

describe('the journal over a restart', () => {
  it('tells starts and orderly ends, and a follower misses nothing and sees nothing twice', async () => {
    const hub = await startHub();
    const port = new URL(hub.url).port;
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    let url = hub.url;
    const client = () => createHubClient({ url, token: hub.token });
    const seen: EventItem[] = [];
    const following = (async () => {
      for await (const event of followEvents({
        signal: ending.signal,
        connect: (given) => client().events.live({}, given),
        readStored: (start, given) => client().events.list('after' in start ? start : { from: start.since, order: 'asc' }, { signal: given }),
        async last(given) {
          for await (const { id } of client().events.list({}, { limit: 1, signal: given })) return id;
          return null;
        },
        since: 0,
        pause: (ms) => new Promise((done) => setTimeout(done, Math.min(ms, 50))),
        now: Date.now,
      }))
        if (event.type === 'item') seen.push(event.item);
    })();
    await apiOf(url, hub.token)('POST', '/devices', { id: 'before' });
    await waitUntil(() => seen.some(({ device }) => device === 'before'), 'the first device is seen');
    expect(await hub.stop()).toBe(0);
    const again = await hub.restart(['--http', port]);
    url = again.url;
    await apiOf(url, again.token)('POST', '/devices', { id: 'after' });
    await waitUntil(() => seen.some(({ device }) => device === 'after'), 'the second device is seen', 20_000);
    ending.abort();
    await following;
    expect(seen.filter(({ kind }) => kind.startsWith('hub.') || kind === 'device.created').map(({ kind, device }) => device ?? kind)).toEqual([
      'hub.started',
      'before',
      'hub.stopped',
      'hub.started',
      'after',
    ]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    await again.stop();
  });
});

describe('the journal as a file', () => {
  it('comes by filters in each form, and refuses what it cannot write', async (context) => {
    const hub = await startHub();
    const api = apiOf(hub.url, hub.token);
    for (const id of ['a', 'b', 'c']) await api('POST', '/devices', { id, name: '=1+1' });
    await api('PATCH', '/devices/a', { name: '@x' });
    await untilRecorded(hub, '&kind=device.updated');
    const fetched = async (query: string) => fetch(`${hub.url}/api/v1/events/export?${query}`, { headers: { authorization: `Bearer ${hub.token}` } });
    const csv = await fetched('kind=device.*');
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
    const lines = (await csv.text()).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe('time,recordedAt,kind,severity,actor,device,point,rule,alarm,text,details,id');
    const ndjson = (await (await fetched('kind=device.created&format=ndjson&time=epoch&device=b')).text()).trimEnd().split('\n');
    expect(ndjson.map((line) => JSON.parse(line))).toEqual(await eventsOf(hub, '&device=b').then((events) => events.map(({ project: _, ...event }) => event)));
    for (const [query, status] of [
      ['format=json', 400],
      ['format=pdf', 400],
      ['timezone=Mars', 400],
      ['kind=x', 400],
      ['time=now', 400],
    ] as const)
      expect((await fetched(query)).status, query).toBe(status);
    requireSpreadsheetReader(context);
    const [sheet] = readXlsx(new Uint8Array(await (await fetched('format=xlsx&kind=device.*')).arrayBuffer()));
    expect(sheet?.name).toBe('events');
    expect(sheet?.rows.map(([, , kind]) => kind)).toEqual(['kind', 'device.created', 'device.created', 'device.created', 'device.updated']);
  });

  it('is written by the command, whole or not at all', async () => {
    const hub = await startHub();
    const folder = temporaryFolder();
    await apiOf(hub.url, hub.token)('POST', '/devices', { id: 'a' });
    await untilRecorded(hub, '&device=a');
    const file = join(folder, 'events.csv');
    const first = await runMuster(['event', 'export', '--file', file, '--json'], { env: hub.env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const rows = readFileSync(file, 'utf8').trimEnd().split('\n').length - 1;
    expect(JSON.parse(first.stdout)).toMatchObject({ file, format: 'csv', rows });
    expect(readdirSync(folder)).toEqual(['events.csv']);
    expect((await runMuster(['event', 'export', '--file', file], { env: hub.env })).code).toBe(5);
    expect((await runMuster(['event', 'export', '--file', file, '--force', '--kind', 'device.created'], { env: hub.env })).code).toBe(0);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
    expect((await runMuster(['event', 'export', '--file', join(folder, 'x.json')], { env: hub.env })).code).toBe(2);
    const out = await runMuster(['event', 'export', '--kind', 'device.created', '--format', 'ndjson'], { env: hub.env });
    expect(JSON.parse(out.stdout)).toMatchObject({ kind: 'device.created', device: 'a' });
    expect(readdirSync(folder)).toEqual(['events.csv']);
  });
});
