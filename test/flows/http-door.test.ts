import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { openRawHttp, type RawHttp } from '../helpers/raw-http.ts';
import { selfSigned } from '../helpers/self-signed.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('the HTTP door', () => {
  const TIME = 'GET /api/v1/time HTTP/1.1\r\nhost: x\r\n\r\n';
  /** Its answer comes with the last byte of its body. */
  const BUSY = 'POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n';
  const asked = async (client: RawHttp) => {
    client.write(TIME);
    await waitUntil(() => client.received().includes(' 200 '), 'an answer');
  };
  const occupied = async (client: RawHttp) => {
    client.write(BUSY);
    await waitUntil(() => client.received().includes(' 100 '), 'the hub has its head');
  };

  it('lets silent connections give way to those who speak, idle ones next, and none that is busy', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'http.connections-max': 4 });
    const [idle, silent, busy, other] = [await openRawHttp(hub.url), await openRawHttp(hub.url), await openRawHttp(hub.url), await openRawHttp(hub.url)];
    await asked(idle);
    await occupied(busy);
    await occupied(other);
    const first = await openRawHttp(hub.url);
    await silent.closed;
    await asked(first);
    const second = await openRawHttp(hub.url);
    await idle.closed;
    await occupied(second);
    const third = await openRawHttp(hub.url);
    await first.closed;
    await occupied(third);
    const oneTooMany = await openRawHttp(hub.url);
    await oneTooMany.closed;
    expect(oneTooMany.received()).toBe('');
    for (const client of [busy, other, second, third]) {
      client.write('{}');
      await waitUntil(() => client.received().includes('HTTP/1.1 400 '), 'its answer');
    }
  });

  it('limits the connections of one address, and does not count those that became WebSockets', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'http.connections-per-address-max': 3 });
    for (const _ of [1, 2, 3, 4, 5]) {
      const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream`, { headers: { authorization: `Bearer ${hub.token}` } });
      onTestFinished(() => socket.terminate());
      await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    }
    const clients = await Promise.all([1, 2].map(() => openRawHttp(hub.url)));
    for (const client of clients) await asked(client);
    const { http, stream } = (await apiOf(hub.url, hub.token)('GET', '/status', undefined, { connection: 'close' })).body;
    expect([http, stream.subscribers]).toEqual([{ connections: 3, refused: 0 }, 5]);
    for (let count = 0; count < 50; count += 1) await openRawHttp(hub.url);
    const late = apiOf(hub.url, hub.token);
    expect((await late('GET', '/time')).status).toBe(200);
    expect((await late('GET', '/status')).body.http).toMatchObject({ connections: 3, refused: expect.any(Number) });
  });

  it('counts connections under TLS as well, before anything is negotiated', { timeout: 60_000 }, async () => {
    const { certFile, keyFile } = selfSigned();
    const hub = await hubHere({ ephemeral: true, 'tls.cert': certFile, 'tls.key': keyFile, 'http.connections-max': 2 });
    const trust = { rejectUnauthorized: false };
    for (const _ of [1, 2, 3]) {
      const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream`, { headers: { authorization: `Bearer ${hub.token}` }, ...trust });
      onTestFinished(() => socket.terminate());
      await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    }
    const { hostname, port } = new URL(hub.url);
    const open = async () => {
      const socket = connectTls({ host: hostname, port: Number(port), ...trust });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      const closed = new Promise<void>((done) => socket.once('close', () => done()));
      await new Promise((done) => socket.once('secureConnect', done));
      return { socket, closed };
    };
    const [first, second] = [await open(), await open()];
    const third = await open();
    await first?.closed;
    third.socket.write(TIME);
    const answer = await new Promise<Buffer>((done) => third.socket.once('data', done));
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
    expect(second.socket.destroyed).toBe(false);
  });

  it('cuts who sends headers, or a body, one byte at a time, and serves others meanwhile', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'http.headers-timeout-ms': 300, 'http.request-timeout-ms': 600 });
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'a' });
    const [slowHeaders, slowBody] = await Promise.all([openRawHttp(hub.url), openRawHttp(hub.url)]);
    slowBody.write(`POST /api/v1/devices/a/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${hub.token}\r\ncontent-length: 1000\r\n\r\n`);
    slowHeaders.write('GET /api/v1/time HTTP/1.1\r\nx: ');
    const drip = setInterval(() => {
      for (const client of [slowHeaders, slowBody]) client.write('x');
    }, 50);
    onTestFinished(() => clearInterval(drip));
    await Promise.all([slowHeaders.closed, slowBody.closed]);
    for (const client of [slowHeaders, slowBody]) expect(client.received()).toMatch(/^HTTP\/1.1 4\d\d /);
    expect((await api('GET', '/time')).status).toBe(200);
  });

  it('asks who it is before it reads the body, and keeps what was too large among the rejected messages', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'limits.payload-bytes-max': 1000 });
    const api = apiOf(hub.url, hub.token);
    const { credential } = (await api('POST', '/devices', { id: 'a', credential: 'token' })).body;
    const announced = (authorization: string, bytes: number) =>
      `POST /api/v1/devices/a/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${authorization}\r\ncontent-length: ${bytes}\r\n\r\n`;
    const stranger = await openRawHttp(hub.url);
    stranger.write(announced('mst_0_wrong', 10_000_000));
    await stranger.closed;
    expect(stranger.received()).toMatch(/^HTTP\/1.1 401 [\s\S]*connection: close/i);
    const device = await openRawHttp(hub.url);
    device.write(announced(credential.secret, 5000));
    await device.closed;
    expect(device.received()).toMatch(/^HTTP\/1.1 413 /);
    await waitUntil(async () => (await api('GET', '/devices/a/rejects')).body.items.length === 1, 'it is kept');
    expect((await api('GET', '/devices/a/rejects')).body.items).toMatchObject([
      { code: 'payload_too_large', step: 'receive', payloadBytes: 5000, protocol: 'http', topic: '/api/v1/devices/a/report' },
    ]);
    expect((await api('GET', '/devices/a')).body.counters.rejected).toBe(1);
    expect((await api('POST', '/sessions', { user: 'x'.repeat(20_000), password: 'y' })).status).toBe(413);
  });

  it('shows how fast a device is and what was refused for it, and says when to come back', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'limits.messages-per-second-per-device': 1, 'limits.rate-burst-seconds': 3 });
    const api = apiOf(hub.url, hub.token);
    const { credential } = (await api('POST', '/devices', { id: 'a', credential: 'token' })).body;
    const device = apiOf(hub.url, credential.secret);
    const answers = await Promise.all(Array.from({ length: 8 }, () => device('POST', '/devices/a/report', { x: 1, y: 2 })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(refused[0]).toMatchObject({ body: { code: 'rate_limited', details: { retryAfterMs: expect.any(Number) } } });
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    const { rate, counters } = (await api('GET', '/devices/a')).body;
    expect(rate).toMatchObject({ messagesPerSecondMax: 1, pointsPerSecondMax: 200_000, limited: refused.length, limitedAt: expect.any(Number) });
    expect(rate.pointsPerSecond).toBeGreaterThan(0);
    expect(counters.accepted).toBe((8 - refused.length) * 2);
    expect((await api('GET', '/status')).body.ingest).toMatchObject({ limited: refused.length, failed: 0 });
    await waitUntil(async () => (await api('GET', '/devices/a/rejects')).body.items.length === 1, 'it is noted, once');
    // An operator's import is no broken device.
    const imported = await Promise.all(Array.from({ length: 8 }, () => api('POST', '/devices/a/report', { x: 1 })));
    expect(new Set(imported.map(({ status }) => status))).toEqual(new Set([202]));
  });

  it('cuts a subscriber of the stream that takes nothing, though it answers each ping', { timeout: 60_000 }, async () => {
    const hub = await hubHere({ ephemeral: true, 'limits.stream-stall-ms': 500 });
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'a' });
    const { hostname, port } = new URL(hub.url);
    const socket = connect({ host: hostname, port: Number(port) });
    onTestFinished(() => void socket.destroy());
    let cut = false;
    socket.once('close', () => {
      cut = true;
    });
    socket.on('error', () => undefined);
    socket.write(
      `GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer ${hub.token}\r\n\r\n`,
    );
    await new Promise((done) => socket.once('data', done));
    socket.pause();
    // An empty pong, masked, unasked: RFC 6455 section 5.5.3 allows it.
    const pong = setInterval(() => socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])), 50);
    onTestFinished(() => clearInterval(pong));
    const subscribers = async () => (await api('GET', '/status')).body.stream.subscribers;
    expect(await subscribers()).toBe(1);
    const text = 'x'.repeat(60_000);
    await waitUntil(
      async () => {
        await api('POST', '/devices/a/report', { a: text, b: text, c: text, d: text });
        return cut || (await subscribers()) === 0;
      },
      'it is cut',
      20_000,
    );
  });
});
