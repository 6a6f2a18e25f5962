import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/lib/channels/channel.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { type FakeServer, fakeServer } from '../../helpers/fake-server.ts';
import { PROJECT, startNotifying } from '../../helpers/notifying.ts';
import { testClock } from '../../helpers/test-clock.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const never = new AbortController().signal;
const bodyOf = (server: FakeServer, index = 0): Notification => JSON.parse(server.requests[index]?.body ?? '{}') as Notification;
const ok = (response: ServerResponse): void => void response.writeHead(200).end();

describe('a receiver that repeats what it was sent', () => {
  it('publishes no secret: not in the log of deliveries, the journal, the log of the hub or the answer of a test', async () => {
    const receiver = await fakeServer((request, response) => {
      const { authorization } = request.headers;
      response.writeHead(404, `no ${authorization}`).end(`Cannot POST ${request.url}; ${authorization}`);
    });
    const hub = await startNotifying();
    const { notifications } = hub;
    const config = { secretUrl: `${receiver.url}/hooks/TOPSECRETPATH?k=TOPSECRETQUERY`, secretHeaders: { Authorization: 'Bearer TOPSECRETTOKEN' } };
    const made = await notifications.channels.create(PROJECT, { id: 'chat', kind: 'webhook', enabled: true, config }, 'user:anna');
    await hub.route('all', ['chat']);
    const [entry] = await hub.raise('b1');
    const settled = await hub.settled(entry?.id ?? '');
    const tested = await notifications.channels.test(PROJECT, 'chat', never);
    await waitUntil(() => hub.events.some(({ kind }) => kind === 'notification.failed'), 'the journal has it');
    expect(receiver.requests[0]?.url).toBe('/hooks/TOPSECRETPATH?k=TOPSECRETQUERY');
    const key = made.generated.secret ?? '';
    expect(key).not.toBe('');
    const seen = JSON.stringify([settled, tested, hub.events, hub.lines, notifications.channels.list(PROJECT), notifications.channels.get(PROJECT, 'chat')]);
    for (const secret of ['TOPSECRET', key, key.slice('whsec_'.length)]) expect(seen).not.toContain(secret);
    expect(settled.lastError).toContain('404');
    expect(tested.answer).toContain('[secret]');
  });
});

describe('texts of devices and rules', () => {
  const EVIL = 'a\r\nBcc: mallory@example.com\r\n\r\n.\r\n<script>{{x}}"}]\u202e\u0000\ud83d';

  it('stay one line of text in what is sent, and valid JSON in Unicode', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    await hub.raise('b1', { message: EVIL, explanation: EVIL, labels: { team: EVIL }, value: EVIL });
    await hub.raise('b2', { message: `${'😀'.repeat(499)}x${'😀'.repeat(600)}`, value: { deep: 'v'.repeat(100_000) } });
    await hub.raise('b3', { value: { deep: ['\ud83d'] } });
    await waitUntil(() => receiver.requests.length === 3, 'all are told');
    for (const { body, headers } of receiver.requests) {
      expect(body.length).toBeLessThan(10_000);
      JSON.parse(body, (_, value: unknown) => {
        if (typeof value === 'string') expect(value).not.toMatch(/\p{Surrogate}/u);
        return value;
      });
      expect(Object.keys(headers)).not.toContain('bcc');
    }
    const [evil] = [bodyOf(receiver), bodyOf(receiver, 1)].filter(({ alarms }) => alarms[0]?.alarm === 'b1');
    expect(evil?.title).not.toMatch(/\p{Cc}/u);
    expect(evil?.text.split('\n').filter((line) => line.startsWith('Bcc'))).toEqual([]);
  });
});

describe('tests of channels', () => {
  it('are one at a time for each channel and eight in all, and a place comes back', async () => {
    const silent: ServerResponse[] = [];
    const receiver = await fakeServer((_, response) => void silent.push(response));
    const hub = await startNotifying();
    const { channels } = hub.notifications;
    for (let index = 0; index < 10; index += 1) await hub.webhook(`c${index}`, receiver.url);
    const under = Array.from({ length: 8 }, (_, index) => channels.test(PROJECT, `c${index}`, never));
    await expect(channels.test(PROJECT, 'c0', never)).rejects.toMatchObject({ code: 'overloaded', message: 'a test of the channel c0 is under way already' });
    await expect(channels.test(PROJECT, 'c9', never)).rejects.toMatchObject({ code: 'overloaded', message: '8 tests of channels are under way already' });
    await waitUntil(() => silent.length === 8, 'all eight arrived');
    for (const response of silent) ok(response);
    expect((await Promise.all(under)).map(({ delivered }) => delivered)).toEqual(Array(8).fill(true));
    const after = channels.test(PROJECT, 'c9', AbortSignal.timeout(50));
    expect(await after).toMatchObject({ delivered: false });
    expect(receiver.requests.length).toBe(9);
  });
});

describe('a clock', () => {
  it('that is set back by a day does not hold back what waits for its next attempt, or its group', async () => {
    const clock = testClock();
    let down = true;
    const receiver = await fakeServer((_, response) => (down ? void response.writeHead(503).end() : ok(response)));
    const hub = await startNotifying({ clock });
    await hub.webhook('ops', receiver.url);
    await hub.webhook('grouped', receiver.url);
    await hub.route('all', ['ops']);
    await hub.route('groups', ['grouped'], { groupBy: ['rule'], groupWait: '10s' });
    await hub.raise('b1');
    await waitUntil(() => hub.notifications.counts().retried === 1, 'the first attempt failed');
    down = false;
    clock.advance(-86_400_000);
    const setBack = clock();
    const told = (count: number) => (): boolean => {
      clock.advance(20);
      return hub.notifications.counts().delivered === count;
    };
    await waitUntil(told(1), 'it is tried again', 15_000);
    await waitUntil(told(2), 'the group is told', 15_000);
    expect(clock() - setBack).toBeLessThan(3_600_000);
  });

  it('that is set forward by a day tells once', async () => {
    const clock = testClock();
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying({ clock });
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'] });
    await hub.raise('b1');
    clock.advance(86_400_000);
    await waitUntil(() => hub.notifications.counts().delivered === 1, 'the group is told');
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('a route that changes', () => {
  it('in two parts at once keeps both', async () => {
    const hub = await startNotifying();
    await hub.webhook('ops', 'http://127.0.0.1:1');
    await hub.route('all', ['ops'], { groupBy: ['rule'] });
    const { routes } = hub.notifications;
    await Promise.all([
      routes.update(PROJECT, 'all', { parts: { cleared: false } }, 'user:anna'),
      routes.update(PROJECT, 'all', { parts: { groupWait: '5s' } }, 'user:ben'),
      routes.update(PROJECT, 'all', { parts: { match: { severity: 'major+' } } }, 'user:eve'),
    ]);
    expect(routes.get(PROJECT, 'all').document).toEqual({ groupBy: ['rule'], cleared: false, groupWait: '5s', match: { severity: 'major+' } });
    await routes.update(PROJECT, 'all', { parts: { cleared: null } }, 'user:anna');
    expect(routes.get(PROJECT, 'all').document).not.toHaveProperty('cleared');
  });

  it('or goes while its changes are gathered still tells them, once', async () => {
    const clock = testClock();
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying({ clock });
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'], groupWait: '10s' });
    await hub.raiseAll(['b1', 'b2']);
    await hub.notifications.routes.update(PROJECT, 'all', { parts: { groupBy: ['severity'], groupWait: '1h' } }, 'user:anna');
    await hub.raiseAll(['b3']);
    await hub.notifications.routes.delete(PROJECT, 'all', 'user:anna');
    clock.advance(10_000);
    await waitUntil(() => hub.notifications.counts().delivered === 2, 'what was gathered before is told');
    clock.advance(3_600_000);
    await waitUntil(() => hub.notifications.counts().delivered === 3, 'and what came after');
    expect(receiver.requests.map((_, index) => bodyOf(receiver, index).count)).toEqual([2, 1]);
  });
});

it('a project has its own channels, routes and deliveries, also under the same ids', async () => {
  const [mine, theirs] = [await fakeServer((_, response) => ok(response)), await fakeServer((_, response) => ok(response))];
  const hub = await startNotifying();
  const other = 'other' as ProjectId;
  await hub.system.log.commit({ statements: [hub.system.projects.insert({ id: other, description: null, createdAt: 1, retention: null } as never)] });
  await hub.webhook('ops', mine.url);
  await hub.route('all', ['ops']);
  const { channels, routes, explain } = hub.notifications;
  await expect(routes.create(other, { id: 'all', enabled: true, channels: ['ops'], document: {} }, 'user:eve')).rejects.toMatchObject({ code: 'invalid' });
  for (const act of [
    () => channels.get(other, 'ops'),
    () => channels.update(other, 'ops', { enabled: false }, 'user:eve'),
    () => channels.delete(other, 'ops', 'user:eve'),
    () => channels.test(other, 'ops', never),
    () => routes.get(other, 'all'),
    () => routes.delete(other, 'all', 'user:eve'),
  ])
    await expect((async () => act())()).rejects.toMatchObject({ code: 'not_found' });
  expect([channels.list(other), routes.list(other)]).toEqual([[], []]);
  const question = { severity: 'critical', cause: 'raised', rule: 'r', device: null, point: null, group: null, labels: {}, time: 0 } as const;
  expect(explain(other, question)).toEqual([]);
  await hub.raise('b1', { project: other });
  await hub.raise('b2');
  await waitUntil(() => mine.requests.length === 1, 'mine is told');
  expect(bodyOf(mine).alarms[0]?.alarm).toBe('b2');
  expect(theirs.requests).toHaveLength(0);
});

it('a thousand failing channels of one hub do not delay one that works', async () => {
  const broken = await fakeServer((_, response) => void response.writeHead(503).end('no'.repeat(1_000)));
  const works = await fakeServer((_, response) => ok(response));
  const hub = await startNotifying({ channelsPerProjectMax: 1_001, routesPerProjectMax: 100 });
  const ids = Array.from({ length: 1_000 }, (_, index) => `x${index}`);
  await Promise.all(ids.map((id) => hub.webhook(id, broken.url)));
  await hub.webhook('ops', works.url);
  for (let from = 0; from < 1_000; from += 20) await hub.route(`r${from}`, ids.slice(from, from + 20));
  await hub.route('works', ['ops']);
  await hub.raise('b1');
  await waitUntil(() => hub.notifications.counts().failing === 1_000, 'all of them fail', 30_000);
  const before = works.requests.length;
  const began = performance.now();
  const entries = await hub.raise('b2');
  await waitUntil(() => works.requests.length === before + 1, 'the one that works is told');
  expect(entries).toHaveLength(1_001);
  expect(performance.now() - began).toBeLessThan(5_000);
}, 60_000);
