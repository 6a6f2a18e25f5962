import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Device, Rejected } from '../../src/lib/device/index.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';

interface Change {
  readonly before: string | null;
  readonly time: number;
  readonly command: { readonly id: string; readonly device: string; readonly kind: string; readonly state: string; readonly reason: string | null };
}

describe('the stream of commands', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    api = apiOf(hub.url, hub.token);
  });
  afterAll(async () => {
    await hub.stop();
  });
  const watching = async (query: string, token = hub.token) => {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream/commands?${query}`, { headers: { authorization: `Bearer ${token}` } });
    onTestFinished(() => void socket.terminate());
    const messages: { readonly type: string; readonly changes?: readonly Change[]; readonly dropped?: number; readonly code?: string }[] = [];
    socket.on('message', (text) => messages.push(JSON.parse(String(text))));
    await waitUntil(() => messages.length > 0, 'the first word');
    const changes = () => messages.flatMap((message) => message.changes ?? []);
    const told = () => changes().map(({ before, command: { device, kind, state } }) => `${device} ${kind} ${before} ${state}`);
    return { socket, messages, changes, told };
  };
  const aDevice = async (id: string, site: string, more: object = {}) =>
    (await api('POST', '/devices', { id, labels: { site }, credential: 'token', ...more })).body.credential.secret as string;
  const answering = async (id: string, secret: string) => {
    const device = new Device({ url: hub.mqttUrl, id, credential: { token: secret } });
    onTestFinished(() => device.close({ drainMs: 0 }));
    device.onCall('ok', () => 1);
    device.onCall('no', () => {
      throw new Rejected('not now');
    });
    await device.connect();
  };
  const call = async (id: string, name: string, more: object = {}) => (await api('POST', `/devices/${id}/call`, { name, ...more })).body.id as string;

  it('tells each change once, narrowed by device, selector, group, kind, state and job', async () => {
    await answering('s1', await aDevice('s1', 'sete'));
    await aDevice('s2', 'sete');
    await aDevice('s3', 'sens');
    await api('POST', '/groups', { path: 'sens/hall', level: 'site' });
    await api('POST', '/group-members', { group: 'sens/hall', action: 'add', devices: ['s3'] });
    const { body: held } = await api('POST', '/jobs', { selector: 'site=sete', call: { name: 'ok' }, start: false, expiryMs: 400 });
    const all = await watching('');
    const [one, chosen, grouped, calls, ended, ofJob] = [
      await watching('device=s2'),
      await watching('selector=site=sete,id=s1'),
      await watching('group=sens'),
      await watching('kind=set'),
      await watching('state=rejected&state=cancelled'),
      await watching(`job=${held.id}`),
    ];
    await call('s1', 'no');
    await waitUntil(() => all.told().includes('s1 call delivered rejected'), 'its answer');
    const waits = await call('s2', 'ok');
    await api('POST', `/commands/${waits}/cancel`);
    await call('s3', 'ok', { expiryMs: 300 });
    await waitUntil(() => all.told().includes('s3 call queued expired'), 'its end');
    const before = all.told();
    expect(before).toEqual([
      ...['s1 call null queued', 's1 call queued sent', 's1 call sent delivered', 's1 call delivered rejected'],
      ...['s2 call null queued', 's2 call queued cancelled', 's3 call null queued', 's3 call queued expired'],
    ]);
    expect(all.changes().find(({ command }) => command.state === 'rejected')).toMatchObject({ time: expect.any(Number), command: { reason: 'not now' } });
    await waitUntil(() => grouped.told().length === 2, 'the others are told as well');
    expect(one.told()).toEqual(['s2 call null queued', 's2 call queued cancelled']);
    expect(chosen.told()).toEqual(before.filter((text) => text.startsWith('s1')));
    expect(grouped.told()).toEqual(before.filter((text) => text.startsWith('s3')));
    expect(ended.told()).toEqual(['s1 call delivered rejected', 's2 call queued cancelled']);
    await api('POST', `/jobs/${held.id}/start`);
    await waitUntil(() => ofJob.told().includes('s2 call queued expired'), 'the job is over');
    expect(
      ofJob
        .told()
        .filter((text) => text.startsWith('s1'))
        .at(-1),
    ).toBe('s1 call delivered applied');
    expect(calls.told()).toEqual([]);
  });

  it('gives a device its own and nothing else, and whoever may not read commands nothing', async () => {
    const secret = await aDevice('gw', 'gap', { kind: 'gateway' });
    await aDevice('behind', 'gap', { parent: 'gw' });
    await aDevice('stranger', 'gap');
    const own = await watching('', secret);
    for (const id of ['stranger', 'behind', 'gw']) await call(id, 'ok');
    await waitUntil(() => own.told().length === 2, 'both of its own');
    expect(own.told()).toEqual(['behind call null queued', 'gw call null queued']);
    expect((await watching('device=stranger', secret)).messages).toMatchObject([{ type: 'bye', code: 'not_allowed' }]);
    for (const query of ['state=nothing', 'selector==', 'device=unknown-one']) expect((await watching(query)).messages).toMatchObject([{ type: 'bye' }]);
  });

  it('is a list that goes on', async () => {
    await answering('w1', await aDevice('w1', 'wissant'));
    const running = runMuster(['command', 'list', '--watch', '--device', 'w1', '--count', '4', '--duration', '30s', '--json'], { env: hub.env });
    let done = false;
    const asking = (async () => {
      while (!done) {
        await api('GET', `/commands/${await call('w1', 'ok')}?wait=5000`);
      }
    })();
    const { code, stdout } = await running;
    done = true;
    await asking;
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(({ device }) => device))).toEqual(new Set(['w1']));
    expect(rows[0]).toMatchObject({ time: expect.any(Number), kind: 'call', name: 'ok' });
    for (const wrong of [
      ['--selector', 'site=x'],
      ['--watch', '--limit', '5', '--duration', '1s'],
    ])
      expect((await runMuster(['command', 'list', ...wrong], { env: hub.env })).code).toBe(2);
  });
});

it('loses changes of a subscriber that reads nothing, says how many, and slows nobody else', { timeout: 60_000 }, async () => {
  const hub = await startHub(['--set', 'limits.stream-queue=50', '--set', 'limits.commands-open-per-device=100000']);
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'busy' });
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream/commands`, { headers: { authorization: `Bearer ${hub.token}` } });
  onTestFinished(() => void socket.terminate());
  const messages: { type: string; changes?: unknown[]; dropped?: number }[] = [];
  socket.on('message', (text) => messages.push(JSON.parse(String(text))));
  await waitUntil(() => messages.length > 0, 'hello');
  socket.pause();
  const COUNT = 600;
  // Large enough to fill the buffers of the connection.
  for (let index = 0; index < COUNT; index += 20)
    await Promise.all(Array.from({ length: 20 }, () => api('POST', '/devices/busy/call', { name: 'a', args: 'x'.repeat(30_000) })));
  const dropped = async () => {
    const text = await (await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${hub.token}` } })).text();
    return Number(/^muster_stream_dropped_command_changes_total (\d+)/m.exec(text)?.[1] ?? 0);
  };
  const lost = await dropped();
  expect(lost).toBeGreaterThan(0);
  socket.resume();
  const got = () => messages.reduce((sum, { changes, dropped: gone }) => sum + (changes?.length ?? 0) + (gone ?? 0), 0);
  await waitUntil(() => got() === COUNT, 'all are told or counted');
  expect(messages.reduce((sum, { dropped: gone }) => sum + (gone ?? 0), 0)).toBe(lost);
});
