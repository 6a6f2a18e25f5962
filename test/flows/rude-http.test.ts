import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { bodyOf, openRawHttp } from '../helpers/raw-http.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const UPGRADE = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('a hub among rude HTTP clients', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'rude' });
  });
  afterAll(async () => {
    await hub.stop();
  });
  const alive = async () => expect((await api('GET', '/health/ready')).status).toBe(200);

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid'],
    ['headers without end', `GET /api/v1/time HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 413, 'payload_too_large'],
    ['two lengths', 'POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400, 'invalid'],
    ['a length and chunks', 'POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400, 'invalid'],
    ['a path that is not UTF-8', 'GET /api/v1/devices/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400, 'invalid'],
    ['a path parameter without end', `GET /api/v1/devices/${'x'.repeat(5000)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, 404, 'not_found'],
    ['a method that is none of ours', 'PROPFIND /api/v1/devices HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'not_found'],
  ])('answers %s with a problem document', async (_what, bytes, status, code) => {
    const client = await openRawHttp(hub.url);
    client.write(bytes);
    await client.closed;
    expect(client.received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(client.received()).toContain('application/problem+json');
    expect(bodyOf(client.received())).toMatchObject({ code, status });
    await alive();
  });

  it('lets nobody bring it down by what follows a refused stream', async () => {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream?device=nobody`, { headers: { authorization: `Bearer ${hub.token}` } });
    socket.on('error', () => undefined);
    const closed = new Promise((done) => socket.once('close', done));
    // More than a subscriber may send, behind the refusal and before the end.
    socket.once('open', () => socket.send('x'.repeat(5000)));
    await closed;
    await alive();
  });

  it.each([
    ['/nowhere', ''],
    ['/api/v1/stream', ''],
    ['/api/v1/stream', 'authorization: Bearer mst_0_wrong\r\n'],
  ])('closes a refused upgrade to %s, whatever its sender does', async (path, header) => {
    const client = await openRawHttp(hub.url);
    client.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${UPGRADE}${header}\r\n`);
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1.1 40[14] /);
    const before = client.received();
    // A connection that is only half closed would take this for ever.
    await waitUntil(async () => {
      client.write('x');
      return client.isReset();
    }, 'the hub has let go of the connection');
    expect(client.received()).toBe(before);
  });

  it('takes a request that offers an upgrade it does not know as an ordinary one, with its body', async () => {
    const offer = 'host: x\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n';
    const client = await openRawHttp(hub.url);
    client.write(`GET /api/v1/time HTTP/1.1\r\n${offer}\r\n`);
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1.1 200 /);
    const sender = await openRawHttp(hub.url);
    sender.write(`POST /api/v1/devices/rude/report HTTP/1.1\r\n${offer}authorization: Bearer ${hub.token}\r\ncontent-length: 13\r\n\r\n{"offer`);
    sender.write('ed":1}');
    await sender.closed;
    expect(sender.received()).toMatch(/^HTTP\/1.1 202 /);
  });

  it('takes who is gone before he is asked for his address for a guesser like any other, and for no error of its own', async () => {
    for (let count = 0; count < 100; count += 1) {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(hub.url).port) });
      socket.on('error', () => undefined);
      await new Promise((done) => socket.once('connect', done));
      const token = count % 2 === 0 ? 'mst_0_wrong' : hub.token;
      const request = `POST /api/v1/devices/rude/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 2\r\n\r\n{}`;
      await new Promise((done) => socket.write(request, done));
      socket.resetAndDestroy();
    }
    await alive();
    expect(hub.log()).not.toContain('something went wrong');
    expect(hub.log()).not.toContain('cannot be bound');
  });

  it('takes neither a body beyond its limit in chunks nor one that is nested without end', async () => {
    const client = await openRawHttp(hub.url);
    client.write(`POST /api/v1/devices/rude/report HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${hub.token}\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let count = 0; count < 20; count += 1) client.write(chunk);
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1.1 413 /);
    const deep = '['.repeat(1_000_000);
    for (const path of ['/devices', '/devices/rude/report', '/types']) expect((await api('POST', path, deep)).status).toBeGreaterThanOrEqual(400);
    const balanced = `{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect((await api('POST', '/devices/rude/report', balanced)).body).toMatchObject({
      code: 'rejected',
      details: { rejected: [{ code: 'undecodable', reason: expect.stringContaining('levels') }] },
    });
    await alive();
  });

  it('takes no value that is nested so deeply that it cannot be shown again', async () => {
    for (const depth of [500, 2000, 4000, 6000, 8000]) {
      const answer = await api('POST', '/devices/rude/report', `{"nested":${'['.repeat(depth)}${']'.repeat(depth)}}`);
      expect(answer.body).toMatchObject({ code: 'rejected', details: { rejected: [{ code: 'undecodable' }] } });
    }
    expect((await api('GET', '/points')).status).toBe(200);
  });

  it('keeps names of the language apart from its own', async () => {
    const answer = await api('POST', '/devices/rude/report', '{"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}');
    expect(answer.body).toMatchObject({ accepted: 4 });
    const wide = await api('GET', '/export?format=csv&layout=wide&device=rude&point=__proto__&point=constructor&point=toString');
    expect(String(wide.body).split('\n')[0]?.trim()).toBe('time,device,__proto__,constructor,toString');
    expect((await api('GET', '/devices/rude/samples?point=__proto__&__proto__=1&constructor=2')).body.items).toMatchObject([{ value: 1 }]);
    expect((await api('POST', '/devices', '{"id":"poison","labels":{"__proto__":"x"}}')).status).toBe(400);
    expect((await api('POST', '/devices', { id: 'ctor', labels: { constructor: 'x' } })).body.labels).toEqual({ constructor: 'x' });
    expect((await api('GET', '/devices?label=constructor')).body.items.map(({ id }: { id: string }) => id)).toEqual(['ctor']);
    expect((await api('GET', '/devices?label=toString')).body.items).toEqual([]);
  });

  it('answers a duplicated parameter that may not repeat, and cursors made by hand, with a refusal', async () => {
    expect((await api('GET', '/devices?limit=1&limit=2')).body.code).toBe('invalid');
    const patterns = Array.from({ length: 51 }, (_, index) => `point=*${index}`).join('&');
    for (const path of ['/points?', '/devices/rude/samples?', '/export?format=csv&', '/samples/count?'])
      expect((await api('GET', path + patterns)).body.code).toBe('invalid');
    const cursor = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');
    await api('POST', '/devices/rude/report', [{ ts: 1_763_000_000_000, values: { one: 1, two: 2 } }]);
    for (const given of [1e15, -5, 0.5]) {
      const answer = await api('GET', `/devices/rude/samples?point=one&point=two&limit=1&cursor=${cursor([1_763_000_000_000, given])}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid' } });
    }
  });

  it('pages through points whose names are as long as names may be', async () => {
    const names = [1, 2, 3].map((number) => `${'温'.repeat(199)}${number}`);
    await api('POST', '/devices', { id: 'd'.repeat(128) });
    await api('POST', `/devices/${'d'.repeat(128)}/report`, Object.fromEntries(names.map((name) => [name, 1])));
    const seen: string[] = [];
    let cursor = '';
    do {
      const answer = await api('GET', `/points?device=${'d'.repeat(128)}&limit=1${cursor && `&cursor=${cursor}`}`);
      expect(answer.status).toBe(200);
      seen.push(answer.body.items[0].path);
      cursor = answer.body.cursor ?? '';
    } while (cursor !== '');
    expect(seen).toEqual(names);
    expect((await api('GET', `/devices/${'d'.repeat(128)}/points/${encodeURIComponent(names[0] ?? '')}`)).status).toBe(200);
    const alias = '温'.repeat(100);
    await api('PATCH', '/devices/rude', { aliases: { serial: alias } });
    expect((await api('GET', `/devices/serial:${encodeURIComponent(alias)}`)).body.id).toBe('rude');
  });

  it('says what is wrong with a body of many mistakes in an answer of bounded length', async () => {
    const answer = await api('POST', '/types', { id: 'bad', points: Array.from({ length: 5000 }, () => ({ path: '#' })) });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body).length).toBeLessThan(10_000);
  });

  it('gives a device 64 labels at most, however they are added', async () => {
    const labels = (from: number, count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${from + index}`, 'x']));
    expect((await api('POST', '/devices', { id: 'labelled', labels: labels(0, 10_000) })).status).toBe(400);
    expect((await api('POST', '/devices', { id: 'labelled', labels: labels(0, 60) })).status).toBe(201);
    expect((await api('PATCH', '/devices/labelled', { labels: labels(60, 5) })).body.code).toBe('invalid');
    expect((await api('PATCH', '/devices/labelled', { labels: { ...labels(60, 5), l0: null } })).status).toBe(200);
  });

  it('goes on while hundreds of clients ask and leave', async () => {
    for (let batch = 0; batch < 20; batch += 1) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => openRawHttp(hub.url)));
      for (const client of clients)
        client.write(`GET /api/v1/export?format=${batch % 2 ? 'csv' : 'parquet'} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${hub.token}\r\n\r\n`);
      for (const client of clients) client.destroy();
    }
    await alive();
    await waitUntil(async () => (await api('GET', '/export?format=parquet')).status === 200, 'there is room for an export again', 20_000);
    await waitUntil(async () => (await readdir(join(hub.dataDirectory, 'tmp'))).length === 0, 'no file of an export is left');
  });
});
