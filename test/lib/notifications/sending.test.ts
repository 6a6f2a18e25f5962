import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/lib/channels/channel.ts';
import { type FakeServer, fakeServer } from '../../helpers/fake-server.ts';
import { PROJECT, startNotifying } from '../../helpers/notifying.ts';
import { testClock } from '../../helpers/test-clock.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const bodyOf = (server: FakeServer, index = 0): Notification => JSON.parse(server.requests[index]?.body ?? '{}') as Notification;
const keysOf = (server: FakeServer): string[] => server.requests.map(({ headers }) => String(headers['idempotency-key']));
const ok = (response: ServerResponse): void => void response.writeHead(200).end('taken');

describe('a notification', () => {
  it('arrives with a signature, under the id of its entry, and is delivered on disk and in the journal', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    const secret = await hub.webhook('ops', `${receiver.url}/alarms`);
    await hub.route('all', ['ops']);
    const [entry] = await hub.raise('b1');
    expect(entry).toMatchObject({ delivery: entry?.id, state: 'waiting', groupKey: '' });
    const settled = await hub.settled(entry?.id ?? '');
    expect(settled).toMatchObject({ state: 'delivered', attempts: 1, lastError: null, delivery: entry?.id });

    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/alarms', headers: { 'content-type': 'application/json', 'idempotency-key': entry?.id } });
    const id = request?.headers['webhook-id'];
    const timestamp = request?.headers['webhook-timestamp'];
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(request?.headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${request?.body}`).digest('base64')}`);
    expect(id).toBe(entry?.id);
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(30);

    const body = bodyOf(receiver);
    expect(body).toMatchObject({ delivery: entry?.id, project: 'default', route: 'all', severity: 'critical', count: 1, test: false });
    expect(body.title).toBe('Boiler: boiler/temperature is 92.4 °C');
    expect(body.text).toContain('92.4 >= 90');
    expect(body.alarms).toMatchObject([{ alarm: 'b1', cause: 'raised', rule: 'boiler-hot', device: 'b1', value: 92.4, labels: { team: 'heating' } }]);
    await waitUntil(() => hub.events.some(({ kind }) => kind === 'notification.delivered'), 'the journal has it');
    expect(hub.events.at(-1)).toMatchObject({ kind: 'notification.delivered', alarm: 'b1', details: { channel: 'ops', count: 1, answer: '200 OK' } });
    expect(hub.notifications.counts()).toMatchObject({ waiting: 0, inFlight: 0, delivered: 1, failed: 0, dropped: 0 });
  });

  it('is sent again under the same key while the receiver fails, with the same body, and only once when it took it', async () => {
    let failures = 2;
    const receiver = await fakeServer((_, response) => {
      failures -= 1;
      if (failures >= 0) response.writeHead(500).end('not now');
      else ok(response);
    });
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    const [entry] = await hub.raise('b1');
    expect(await hub.settled(entry?.id ?? '')).toMatchObject({ state: 'delivered', attempts: 3 });
    expect(keysOf(receiver)).toEqual([entry?.id, entry?.id, entry?.id]);
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1);
    expect(hub.lines.filter((line) => line.includes('500 Internal Server Error: not now'))).toHaveLength(2);
  });

  it('that the receiver refuses for good is given up at once, and the journal says why', async () => {
    const receiver = await fakeServer((_, response) => void response.writeHead(404).end('no such\nhook'));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    const [entry] = await hub.raise('b1');
    expect(await hub.settled(entry?.id ?? '')).toMatchObject({ state: 'failed', attempts: 1, lastError: 'the receiver answered 404 Not Found: no such hook' });
    await waitUntil(() => hub.events.some(({ kind }) => kind === 'notification.failed'), 'the journal has it');
    expect(receiver.requests).toHaveLength(1);
  });

  it('that cannot be delivered in time is given up', async () => {
    const receiver = await fakeServer((_, response) => void response.writeHead(503).end());
    const hub = await startNotifying({ giveUpAfterMs: 1_200 });
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    const [entry] = await hub.raise('b1');
    const settled = await hub.settled(entry?.id ?? '');
    expect(settled.state).toBe('failed');
    expect(settled.lastError).toMatch(/^given up: the receiver answered 503/);
    expect(settled.attempts).toBeGreaterThan(1);
  });

  it('of an alarm that is over does not overtake the one that told of it', async () => {
    let failures = 1;
    const receiver = await fakeServer((_, response, body) => {
      if (body.includes('"cause":"raised"') && failures-- > 0) response.writeHead(500).end();
      else ok(response);
    });
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['all'], groupWait: '0s', groupInterval: '0s' });
    await hub.raise('b1');
    await waitUntil(() => receiver.requests.length === 1, 'the first attempt');
    const [cleared] = await hub.raise('b1', { active: false }, 'cleared');
    await hub.settled(cleared?.id ?? '');
    const taken = receiver.requests.slice(1).map((_, index) => bodyOf(receiver, index + 1).alarms.map(({ cause }) => cause));
    expect(taken).toEqual([['raised'], ['cleared']]);
  });
});

describe('a receiver that hangs', () => {
  it('does not delay another channel', async () => {
    const hanging = await fakeServer(() => undefined);
    const quick = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('slow', hanging.url, { timeoutMs: 20_000 });
    await hub.webhook('fast', quick.url);
    await hub.route('both', ['slow', 'fast']);
    for (let index = 0; index < 20; index += 1) await hub.raise(`b${index}`);
    await waitUntil(() => quick.requests.length === 20, 'the quick one has all');
    expect(hub.notifications.counts()).toMatchObject({ waiting: 20, inFlight: 4, delivered: 20 });
  });

  it('is tried again after its time', async () => {
    let hangs = true;
    const receiver = await fakeServer((_, response) => {
      if (!hangs) ok(response);
      hangs = false;
    });
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url, { timeoutMs: 300 });
    await hub.route('all', ['ops']);
    const [entry] = await hub.raise('b1');
    expect(await hub.settled(entry?.id ?? '')).toMatchObject({ state: 'delivered', attempts: 2 });
  });
});

describe('after a crash', () => {
  it('between sending and writing it down, the same key goes out again', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    const entries = await hub.raise('b1');
    const [entry] = entries;
    await hub.settled(entry?.id ?? '');
    // As it was on disk before it was settled.
    await hub.system.log.commit({ statements: [hub.system.alarming.outbox.update(entries)] });
    const next = await hub.another();
    await waitUntil(() => receiver.requests.length === 2, 'it was sent again');
    expect(new Set(keysOf(receiver)).size).toBe(1);
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1);
    expect(await next.settled(entry?.id ?? '')).toMatchObject({ state: 'delivered' });
  });

  it('entries that were told together go out together again, under the key they had', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'], groupWait: '300ms' });
    const entries = await hub.raiseAll(['b1', 'b2', 'b3']);
    expect(entries.map(({ delivery }) => delivery)).toEqual([null, null, null]);
    const [first] = entries;
    const { delivery } = await hub.settled(first?.id ?? '');
    await hub.system.log.commit({
      statements: [hub.system.alarming.outbox.update((await hub.log()).map((entry) => ({ ...entry, state: 'waiting' as const, settledAt: null })))],
    });
    await hub.another();
    await waitUntil(() => receiver.requests.length === 2, 'it was sent again');
    expect(keysOf(receiver)).toEqual([delivery, delivery]);
    expect(bodyOf(receiver, 1)).toEqual(bodyOf(receiver));
  });

  it('what waited for its group goes on waiting, and is told once', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'], groupWait: '1s' });
    await hub.raiseAll(['b1', 'b2', 'b3']);
    await hub.notifications.stop();
    expect(receiver.requests).toHaveLength(0);
    await hub.another();
    await waitUntil(() => receiver.requests.length === 1, 'it was told');
    expect(bodyOf(receiver)).toMatchObject({ count: 3 });
  });

  it('a group that told lately waits for its interval', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'], groupWait: '0s', groupInterval: '1h' });
    const [entry] = await hub.raise('b1');
    await hub.settled(entry?.id ?? '');
    await hub.notifications.stop();
    const next = await hub.another();
    const [second] = await next.raise('b2');
    expect(second?.delivery).toBeNull();
    expect((second?.dueAt ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
  });
});

describe('groups', () => {
  it('of a thousand make one notification that says how many and lists a hundred', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    // Longer than a busy machine takes for all of them.
    await hub.route('silent', ['ops'], { groupBy: ['rule'], groupWait: '3s' });
    const ids = Array.from({ length: 1_000 }, (_, index) => `gw-${index}`);
    for (let index = 0; index < ids.length; index += 250) await hub.raiseAll(ids.slice(index, index + 250), { message: 'is silent' });
    await waitUntil(() => hub.notifications.counts().delivered === 1_000, 'all are told', 20_000);
    expect(receiver.requests).toHaveLength(1);
    const body = bodyOf(receiver);
    expect(body).toMatchObject({ count: 1_000, title: '1000 alarm changes: 1000 raised (rule boiler-hot)' });
    expect(body.alarms).toHaveLength(100);
    expect(body.text).toContain('... and 900 more');
    await waitUntil(async () => (await hub.log()).every(({ state }) => state === 'delivered'), 'all are settled on disk');
    expect(new Set((await hub.log()).map(({ delivery }) => delivery)).size).toBe(1);
  }, 60_000);

  it('without a wait tell the first at once and the others after the interval', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['rule'], groupWait: '0s', groupInterval: '700ms' });
    const entries = await hub.raiseAll(['b1', 'b2', 'b3']);
    expect(entries.map(({ delivery, id }) => delivery === id)).toEqual([true, false, false]);
    await waitUntil(() => receiver.requests.length === 2, 'both went out');
    expect(receiver.requests.map((_, index) => bodyOf(receiver, index).count)).toEqual([1, 2]);
  });

  it('are kept apart by what they are grouped by', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { groupBy: ['severity', 'label:team'], groupWait: '200ms' });
    await hub.raiseAll(['a1', 'a2']);
    await hub.raiseAll(['b1', 'b2', 'b3'], { severity: 'minor' });
    await hub.raiseAll(['c1'], { labels: { team: 'cooling' } });
    await waitUntil(() => receiver.requests.length === 3, 'three groups');
    expect(receiver.requests.map((_, index) => bodyOf(receiver, index).count).sort()).toEqual([1, 2, 3]);
  });
});

describe('the rate of a channel', () => {
  it('lets a burst through and gathers the rest into one', async () => {
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url, { burst: 3, ratePerMinute: 60 });
    await hub.route('all', ['ops']);
    for (let index = 0; index < 20; index += 1) await hub.raise(`b${index}`);
    await waitUntil(() => hub.notifications.counts().delivered === 20, 'all are told');
    expect(receiver.requests.map((_, index) => bodyOf(receiver, index).count)).toEqual([1, 1, 1, 17]);
  });

  it('gathers what comes while the receiver fails', async () => {
    let down = true;
    const receiver = await fakeServer((_, response) => (down ? void response.writeHead(503).end() : ok(response)));
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    await hub.raise('b0');
    await waitUntil(() => hub.notifications.counts().failing === 1, 'it fails');
    for (let index = 1; index < 20; index += 1) await hub.raise(`b${index}`);
    down = false;
    await waitUntil(() => hub.notifications.counts().delivered === 20, 'all are told', 15_000);
    expect(receiver.requests.length).toBeLessThan(6);
    expect(hub.notifications.counts().failing).toBe(0);
  });
});

describe('quiet hours', () => {
  // 2026-01-01 is a Thursday.
  const night = Date.UTC(2026, 0, 1, 23, 0);
  const quietHours = { timezone: 'UTC', active: ['22:00-06:00'], exceptFor: 'critical' };

  it('hold back what is not excepted, and tell it together at their end', async () => {
    const clock = testClock(night);
    const receiver = await fakeServer((_, response) => ok(response));
    const hub = await startNotifying({ clock });
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops'], { quietHours });
    const [one] = await hub.raise('b1', { severity: 'major' });
    await hub.raise('b2', { severity: 'minor' });
    const [critical] = await hub.raise('b3');
    expect(one).toMatchObject({ delivery: null, dueAt: Date.UTC(2026, 0, 2, 6, 0) });
    await hub.settled(critical?.id ?? '');
    expect(receiver.requests).toHaveLength(1);
    clock.advance(7 * 3_600_000 - 1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(receiver.requests).toHaveLength(1);
    clock.advance(1);
    await waitUntil(() => receiver.requests.length === 2, 'the morning');
    expect(bodyOf(receiver, 1)).toMatchObject({ count: 2, severity: 'major' });
  });

  it('outside of its schedule a route tells nobody', async () => {
    const clock = testClock(night);
    const hub = await startNotifying({ clock });
    await hub.webhook('ops', 'http://127.0.0.1:1');
    await hub.route('day', ['ops'], { schedule: { timezone: 'UTC', active: 'mon-fri 08:00-18:00' } });
    expect(await hub.raise('b1')).toEqual([]);
    clock.advance(12 * 3_600_000);
    expect(await hub.raise('b2')).toHaveLength(1);
  });
});

describe('what cannot be told', () => {
  it('because the channel is disabled or deleted is dropped with a reason', async () => {
    const receiver = await fakeServer(() => undefined);
    const hub = await startNotifying();
    await hub.webhook('ops', receiver.url);
    await hub.webhook('mail', receiver.url);
    await hub.route('all', ['ops', 'mail']);
    const [toOps, toMail] = await hub.raise('b1');
    await hub.notifications.channels.update(PROJECT, 'ops', { enabled: false }, 'user:anna');
    expect(await hub.settled(toOps?.id ?? '')).toMatchObject({ state: 'dropped', lastError: 'the channel was disabled' });
    await expect(hub.notifications.channels.delete(PROJECT, 'mail', 'user:anna')).rejects.toMatchObject({ code: 'in_use' });
    await hub.notifications.routes.update(PROJECT, 'all', { channels: ['ops'] }, 'user:anna');
    await hub.notifications.channels.delete(PROJECT, 'mail', 'user:anna');
    expect(await hub.settled(toMail?.id ?? '')).toMatchObject({ state: 'dropped', lastError: 'the channel was deleted' });
    expect(await hub.raise('b2')).toEqual([]);
    expect(hub.notifications.counts()).toMatchObject({ waiting: 0, dropped: 2, channels: 0 });
    await waitUntil(() => hub.events.filter(({ kind }) => kind === 'notification.failed').length === 2, 'the journal has both');
  });

  it('because too many wait already is counted, and the journal says how many', async () => {
    const receiver = await fakeServer(() => undefined);
    const hub = await startNotifying({ waitingMax: 5 });
    await hub.webhook('ops', receiver.url);
    await hub.route('all', ['ops']);
    for (let index = 0; index < 8; index += 1) await hub.raise(`b${index}`);
    expect(hub.notifications.counts()).toMatchObject({ waiting: 5, dropped: 3 });
    await hub.notifications.stop();
    const failed = hub.events.filter(({ kind }) => kind === 'notification.failed');
    expect(failed.reduce((sum, { details }) => sum + Number(details.count), 0)).toBe(3);
    expect(await hub.log()).toHaveLength(5);
  });
});

it('settled entries go when they are old', async () => {
  const clock = testClock(Date.now());
  const receiver = await fakeServer((_, response) => ok(response));
  const hub = await startNotifying({ clock, keptMs: 86_400_000 });
  await hub.webhook('ops', receiver.url);
  await hub.route('all', ['ops']);
  const [entry] = await hub.raise('b1');
  await hub.settled(entry?.id ?? '');
  clock.advance(86_400_001);
  const next = await hub.another();
  await waitUntil(async () => (await next.log()).length === 0, 'the log is empty');
});
