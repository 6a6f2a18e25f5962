import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { tlsReason } from '../../../src/lib/client/failures.ts';
import { createHubClient } from '../../../src/lib/client/hub-client.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { fakeServer, json } from '../../helpers/fake-server.ts';
import { selfSigned } from '../../helpers/self-signed.ts';

async function failure(work: Promise<unknown>): Promise<MusterError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MusterError);
  return error as MusterError;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('sends the token, the body as JSON, and reads JSON', async () => {
  const fake = await fakeServer((_request, response) => json(response, 201, { id: 'boiler-7' }));
  const hub = createHubClient({ url: `${fake.url}/`, token: 'mst_a_b', project: 'plant' });
  expect(await hub.devices.create({ id: 'boiler-7' })).toEqual({ id: 'boiler-7' });
  expect(fake.requests[0]).toMatchObject({ method: 'POST', url: '/api/v1/devices', body: '{"id":"boiler-7"}' });
  expect(fake.requests[0]?.headers).toMatchObject({ authorization: 'Bearer mst_a_b', 'muster-project': 'plant', 'content-type': 'application/json' });
});

test('encodes each level of a point path and keeps the slashes', async () => {
  const fake = await fakeServer((_request, response) => json(response, 200, {}));
  const hub = createHubClient({ url: fake.url, token: null });
  await hub.points.show('imei:49', 'boiler/température/50%&x');
  expect(fake.requests[0]?.url).toBe('/api/v1/devices/imei%3A49/points/boiler/temp%C3%A9rature/50%25%26x');
});

test('repeats lists in a query and leaves out what is not there', async () => {
  const fake = await fakeServer((_request, response) => json(response, 200, { count: 1, series: 1 }));
  await createHubClient({ url: fake.url, token: null }).count({ device: ['a', 'b'], point: 'x/*', from: 0 });
  expect(fake.requests[0]?.url).toBe('/api/v1/samples/count?device=a&device=b&point=x%2F*&from=0');
});

test('follows cursors, asks for no more than the limit, and stops', async () => {
  const fake = await fakeServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://hub').searchParams;
    const from = Number(query.get('cursor') ?? 0);
    const to = Math.min(2500, from + Number(query.get('limit')));
    json(response, 200, { items: Array.from({ length: to - from }, (_, index) => ({ id: from + index })), cursor: to === 2500 ? null : String(to) });
  });
  const hub = createHubClient({ url: fake.url, token: null });
  expect(await all(hub.devices.list())).toHaveLength(2500);
  expect(fake.requests).toHaveLength(3);
  fake.requests.length = 0;
  expect(await all(hub.devices.list({ kind: 'gateway' }, { limit: 1200 }))).toHaveLength(1200);
  expect(fake.requests.map((request) => request.url)).toEqual([
    '/api/v1/devices?kind=gateway&limit=1000',
    '/api/v1/devices?kind=gateway&limit=200&cursor=1000',
  ]);
});

test('does not follow a cursor that stands still', async () => {
  const fake = await fakeServer((_request, response) => json(response, 200, { items: [{}], cursor: 'same' }));
  expect((await failure(all(createHubClient({ url: fake.url, token: null }).users.list()))).message).toContain('same page twice');
});

test('turns a problem document into its error, with the hint of the hub', async () => {
  const problem = { type: 'about:blank', title: 'x', status: 409, detail: 'The device a exists.', code: 'conflict', hint: 'Choose b.', details: { id: 'a' } };
  const fake = await fakeServer((_request, response) => json(response, 409, problem, 'application/problem+json'));
  const error = await failure(createHubClient({ url: fake.url, token: null }).devices.create({ id: 'a' }));
  expect(error).toMatchObject({ code: 'conflict', message: 'The device a exists.', hint: 'Choose b.', details: { id: 'a' }, exitCode: 5 });
});

test('knows an error by its status when its code is newer than the client', async () => {
  const fake = await fakeServer((_request, response) => json(response, 404, { code: 'never_heard_of', detail: 'Gone.' }, 'application/problem+json'));
  expect(await failure(createHubClient({ url: fake.url, token: null }).whoami())).toMatchObject({ code: 'not_found', message: 'Gone.' });
});

test('says so when something else than a hub answers', async () => {
  for (const status of [200, 404, 500]) {
    const fake = await fakeServer((_request, response) => response.writeHead(status, { 'content-type': 'text/html' }).end('<html>nginx</html>'));
    const error = await failure(createHubClient({ url: fake.url, token: null }).whoami());
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('is not a Muster hub');
  }
});

test('takes a bad gateway for a hub that does not answer', async () => {
  const fake = await fakeServer((_request, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'));
  expect(await failure(createHubClient({ url: fake.url, token: null }).whoami())).toMatchObject({ code: 'unreachable', details: { status: 502 } });
});

test('names where a redirect leads and does not send the token there', async () => {
  const fake = await fakeServer((_request, response) => response.writeHead(301, { location: 'https://elsewhere.example' }).end());
  const error = await failure(createHubClient({ url: fake.url, token: 'mst_a_b' }).whoami());
  expect(error.message).toContain('https://elsewhere.example');
  expect(fake.requests).toHaveLength(1);
});

test('is unreachable when nothing listens, when the name is unknown and when the connection is cut', async () => {
  const fake = await fakeServer((request) => request.socket.destroy());
  for (const url of ['http://127.0.0.1:1', 'http://no-such-host.invalid', fake.url]) {
    const error = await failure(createHubClient({ url, token: null }).whoami());
    expect(error.code).toBe('unreachable');
    expect(error.exitCode).toBe(6);
  }
});

test('is unreachable when the answer is cut in its middle', async () => {
  const fake = await fakeServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"items":[');
    setImmediate(() => response.destroy());
  });
  expect((await failure(createHubClient({ url: fake.url, token: null }).whoami())).code).toBe('unreachable');
});

test('times out, also in the middle of an answer', async () => {
  const silent = await fakeServer(() => undefined);
  const slow = await fakeServer((_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'));
  for (const { url } of [silent, slow]) {
    expect(await failure(createHubClient({ url, token: null, timeoutMs: 100 }).whoami())).toMatchObject({ code: 'timed_out', exitCode: 6 });
  }
});

test('stops when the caller does', async () => {
  const fake = await fakeServer(() => controller.abort());
  const controller = new AbortController();
  const hub = createHubClient({ url: fake.url, token: null, signal: controller.signal });
  expect((await failure(hub.whoami())).code).toBe('interrupted');
  expect((await failure(hub.whoami())).code).toBe('interrupted');
});

test('does not read an answer without end into memory', async () => {
  const piece = Buffer.alloc(1024 * 1024, ' ');
  const fake = await fakeServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  });
  expect((await failure(createHubClient({ url: fake.url, token: null }).whoami())).code).toBe('payload_too_large');
});

test('hints at the wrong port when it is not HTTP that is spoken there', async () => {
  const server = createServer((socket) => socket.end('\x20\x02\x00\x00'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = (server as NetServer).address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect((await failure(createHubClient({ url: `http://127.0.0.1:${port}`, token: null }).whoami())).message).toContain('does not speak HTTP');
});

test('hints at the scheme when TLS is spoken to a plain hub', async () => {
  const fake = await fakeServer((_request, response) => json(response, 200, {}));
  const error = await failure(createHubClient({ url: fake.url.replace('http:', 'https:'), token: null }).whoami());
  expect(error).toMatchObject({ code: 'unreachable' });
  expect(error.message).toContain('TLS');
});

test('hints at the scheme when plain HTTP is spoken to a hub with TLS', async () => {
  const { cert, key } = selfSigned();
  const server = createHttpsServer({ cert, key }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const client = createHubClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: null });
  await expect(client.request('GET', '/time')).rejects.toMatchObject({ code: 'unreachable', hint: expect.stringContaining('https') });
});

test('says why TLS failed without the trace of OpenSSL', () => {
  const trace = '80EC:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../deps/openssl/rec_layer_s3.c:1586:SSL alert number 70\n';
  expect(tlsReason(new Error(trace))).toBe('tlsv1 alert protocol version');
  expect(tlsReason(new Error('self-signed certificate'))).toBe('self-signed certificate');
});

test('asks again when the hub had closed the kept connection', async () => {
  let answered = 0;
  const fake = await fakeServer((request, response) => {
    answered += 1;
    // The second request on a connection finds it closed, as after the hub's keep-alive timeout.
    if (answered === 2) request.socket.destroy();
    else json(response, 200, { time: answered });
  });
  const hub = createHubClient({ url: fake.url, token: null });
  expect(await hub.time()).toEqual({ time: 1 });
  expect(await hub.time()).toEqual({ time: 3 });
});

test('keeps the connection between requests', async () => {
  const fake = await fakeServer((_request, response) => json(response, 200, { time: 1 }));
  let connections = 0;
  fake.server.on('connection', () => {
    connections += 1;
  });
  const hub = createHubClient({ url: fake.url, token: null });
  for (let count = 0; count < 5; count += 1) await hub.time();
  expect(connections).toBe(1);
});

test('streams a body, and fails when it is cut', async () => {
  const fake = await fakeServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/csv' });
    response.write('time,value\n');
    if (request.url?.includes('whole')) response.end('1,2\n');
    else setImmediate(() => response.destroy());
  });
  const hub = createHubClient({ url: fake.url, token: null });
  const text = async (path: string): Promise<string> => {
    let result = '';
    for await (const chunk of (await hub.stream('GET', path)).body) result += String(chunk);
    return result;
  };
  expect(await text('/export?whole')).toBe('time,value\n1,2\n');
  await expect(text('/export')).rejects.toThrow();
});

test('throws the error of a stream that is refused', async () => {
  const fake = await fakeServer((_request, response) => json(response, 403, { code: 'not_allowed', detail: 'No.' }, 'application/problem+json'));
  expect((await failure(createHubClient({ url: fake.url, token: null }).stream('GET', '/export'))).code).toBe('not_allowed');
});

test('gives up on a stream that falls silent', async () => {
  const fake = await fakeServer((_request, response) => void response.writeHead(200).write('a'));
  const { body } = await createHubClient({ url: fake.url, token: null, timeoutMs: 100 }).stream('GET', '/export');
  expect((await failure(all(body))).code).toBe('timed_out');
});
