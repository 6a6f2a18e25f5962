import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamMessage } from '../../../src/lib/api/schema/samples.ts';
import { createHubClient } from '../../../src/lib/client/hub-client.ts';
import { fakeServer, json } from '../../helpers/fake-server.ts';

/** A stream that does with each subscriber what the test says. */
async function fakeStream(serve: (socket: WebSocket, asked: { url: string; authorization: string | undefined }) => void): Promise<string> {
  const fake = await fakeServer((_request, response) => json(response, 404, {}));
  const sockets = new WebSocketServer({ server: fake.server });
  sockets.on('connection', (socket, request) => serve(socket, { url: request.url ?? '', authorization: request.headers.authorization }));
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });
  return fake.url;
}

const samples = (value: number): StreamMessage => ({
  type: 'samples',
  samples: [{ device: 'a', point: 'x', time: value, value, quality: 'good', late: false }],
});

test('gives the messages in order until the hub says goodbye', async () => {
  let asked = {};
  const url = await fakeStream((socket, request) => {
    asked = request;
    socket.send(JSON.stringify({ type: 'hello', time: 1 }));
    for (let value = 0; value < 1000; value += 1) socket.send(JSON.stringify(samples(value)));
    socket.send(JSON.stringify({ type: 'bye', code: 'stopping', reason: 'The hub stops.' }));
    socket.close();
  });
  const hub = createHubClient({ url, token: 'mst_a_b' });
  const messages: StreamMessage[] = [];
  for await (const message of hub.live({ device: ['a', 'b'] }, new AbortController().signal)) messages.push(message);
  expect(messages).toHaveLength(1002);
  expect(messages.slice(1, -1)).toEqual(Array.from({ length: 1000 }, (_, value) => samples(value)));
  expect(messages.at(-1)).toMatchObject({ type: 'bye', code: 'stopping' });
  expect(asked).toEqual({ url: '/api/v1/stream?device=a&device=b', authorization: 'Bearer mst_a_b' });
});

test('ends when the caller stops listening, and closes the connection', async () => {
  const closed = deferred();
  const url = await fakeStream((socket) => {
    socket.on('close', () => closed.resolve(undefined));
    socket.send(JSON.stringify(samples(1)));
  });
  const controller = new AbortController();
  let count = 0;
  for await (const _ of createHubClient({ url, token: null }).live({}, controller.signal)) {
    count += 1;
    controller.abort();
  }
  expect(count).toBe(1);
  await closed.promise;
});

test('throws when the connection is lost', async () => {
  const url = await fakeStream((socket) => {
    socket.send(JSON.stringify(samples(1)), () => socket.terminate());
  });
  const listen = async (): Promise<number> => {
    let count = 0;
    for await (const _ of createHubClient({ url, token: null }).live({}, new AbortController().signal)) count += 1;
    return count;
  };
  await expect(listen()).rejects.toMatchObject({ code: 'unreachable' });
});

test('throws the problem of a hub that refuses', async () => {
  const fake = await fakeServer(() => undefined);
  fake.server.on('upgrade', (_request, socket) => {
    const body = JSON.stringify({ code: 'not_logged_in', detail: 'The token is revoked.', hint: 'Log in.' });
    socket.end(`HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
  });
  const first = createHubClient({ url: fake.url, token: null }).live({}, new AbortController().signal).next();
  await expect(first).rejects.toMatchObject({ code: 'not_logged_in', message: 'The token is revoked.' });
});

test('is unreachable when nothing listens', async () => {
  const first = createHubClient({ url: 'http://127.0.0.1:1', token: null }).live({}, new AbortController().signal).next();
  await expect(first).rejects.toMatchObject({ code: 'unreachable' });
});

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
