import { Agent, request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { openRawHttp } from '../helpers/raw-http.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** A day of samples, enough that an export does not fit into the buffers between the hub and whoever reads it. */
async function filled(hub: TestHub): Promise<void> {
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'full' });
  const text = 'x'.repeat(400);
  for (let batch = 0; batch < 30; batch += 1) {
    const from = 1_763_000_000_000 + batch * 1_000_000;
    const reports = Array.from({ length: 2000 }, (_, index) => ({ ts: from + index, values: { text } }));
    expect((await api('POST', '/devices/full/report', reports)).status).toBe(202);
  }
}

describe('a hub that is told to stop', () => {
  it('ends in order although clients hold their connections', async () => {
    const hub = await startHub([], { alone: true });
    const authorization = `authorization: Bearer ${hub.token}\r\n`;
    // A connection that never asks, half a head, half a body, a stream whose subscriber never answers the farewell.
    await openRawHttp(hub.url);
    (await openRawHttp(hub.url)).write('GET /api/v1/time HTTP/1.1\r\nhost');
    (await openRawHttp(hub.url)).write(
      `POST /api/v1/devices HTTP/1.1\r\nhost: x\r\n${authorization}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    );
    const deaf = await openRawHttp(hub.url);
    deaf.write(
      `GET /api/v1/stream HTTP/1.1\r\nhost: x\r\n${authorization}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await waitUntil(() => deaf.received().includes('hello'), 'the stream is open');
    expect(await hub.stop()).toBe(0);
    expect(hub.log()).toMatch(/the hub stops: .*\n[\s\S]*the hub has stopped; everything acknowledged is stored\n$/);
  });

  it('ends after back-tests that it refused', async () => {
    const hub = await startHub([], { alone: true });
    const api = apiOf(hub.url, hub.token);
    const request = { rules: [{ document: { id: 'wrong' } }], from: 0 };
    expect((await api('POST', '/rules/backtest', request)).status).toBe(400);
    expect(await hub.stop()).toBe(0);
  });

  it('cuts an export that its reader does not take', async () => {
    const hub = await startHub([], { alone: true });
    await filled(hub);
    const reader = await openRawHttp(hub.url);
    reader.write(`GET /api/v1/export?format=csv HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${hub.token}\r\n\r\n`);
    await waitUntil(() => reader.received().length > 0, 'the export has begun');
    reader.pause();
    expect(await hub.stop()).toBe(0);
  });

  it('stores each report that it answers with 202, and answers the others with 503 or not at all', async () => {
    const hub = await startHub([], { alone: true });
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'busy' });
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    onTestFinished(() => agent.destroy());
    const { hostname, port } = new URL(hub.url);
    const base = Date.now() - 500_000;
    const accepted: number[] = [];
    const refusals = new Set<string>();
    let sequence = 0;
    let stopped = false;
    const report = (number: number) =>
      new Promise<number | null>((done) => {
        const post = request(
          { hostname, port, agent, method: 'POST', path: '/api/v1/devices/busy/report', headers: { authorization: `Bearer ${hub.token}` } },
          (response) => {
            let body = '';
            response.on('data', (chunk) => (body += chunk));
            response.on('error', () => done(null));
            response.on('end', () => {
              if (response.statusCode !== 202) refusals.add(`${response.statusCode} ${JSON.parse(body).code}`);
              done(response.statusCode ?? null);
            });
          },
        );
        post.on('error', () => done(null));
        post.end(JSON.stringify({ ts: base + number, values: { number } }));
      });
    const senders = Array.from({ length: 200 }, async () => {
      while (!stopped) {
        const number = sequence++;
        if ((await report(number)) === 202) accepted.push(number);
      }
    });
    await waitUntil(() => accepted.length > 2000, 'reports flow', 20_000);
    const code = await hub.stop();
    stopped = true;
    await Promise.all(senders);
    expect(code).toBe(0);
    expect([...refusals].filter((refusal) => refusal !== '503 stopping')).toEqual([]);
    const again = await hub.restart();
    const stored = new Set<number>();
    let cursor = '';
    do {
      const { body } = await apiOf(again.url, again.token)('GET', `/devices/busy/samples?point=number&limit=10000${cursor && `&cursor=${cursor}`}`);
      for (const { value } of body.items) stored.add(value);
      cursor = body.cursor ?? '';
    } while (cursor !== '');
    expect(accepted.filter((number) => !stored.has(number))).toEqual([]);
  }, 60_000);

  it('ends at once when it is told twice', async () => {
    const hub = await startHub([], { alone: true });
    await filled(hub);
    const reader = await openRawHttp(hub.url);
    reader.write(`GET /api/v1/export?format=csv HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${hub.token}\r\n\r\n`);
    await waitUntil(() => reader.received().length > 0, 'the export has begun');
    reader.pause();
    // Two signals of one kind may arrive as one.
    void hub.stop('SIGTERM');
    const code = hub.stop('SIGINT');
    // 130 to a shell: the process ends itself by the signal.
    expect([130, null]).toContain(await code);
    const again = await hub.restart();
    expect((await apiOf(again.url, again.token)('GET', '/samples/count')).body.count).toBe(60_000);
  });
});
