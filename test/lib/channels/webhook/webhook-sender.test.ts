import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChannelSender, Notification, TargetGuard } from '../../../../src/lib/channels/channel.ts';
import { createTargetGuard } from '../../../../src/lib/channels/target-guard.ts';
import { type WebhookConfig, WebhookSchema } from '../../../../src/lib/channels/webhook/config.ts';
import { createWebhookSender } from '../../../../src/lib/channels/webhook/webhook-sender.ts';
import { testNotification } from '../../../../src/lib/notifications/compose-notification.ts';
import { fakeServer } from '../../../helpers/fake-server.ts';
import { selfSigned } from '../../../helpers/self-signed.ts';

const SECRET = 'a secret of thirty-two characters';
const ANYWHERE = createTargetGuard(['public', 'private', 'loopback']);

function sender(config: Partial<WebhookConfig>, targets: TargetGuard = ANYWHERE): ChannelSender {
  const made = createWebhookSender(WebhookSchema.parse({ secret: SECRET, ...config }), { targets, clock: Date.now });
  onTestFinished(() => made.stop());
  return made;
}
const aTest = (): Notification => testNotification(uuidv7(), 'default', 'ops', Date.now());
const never = new AbortController().signal;
const send = (config: Partial<WebhookConfig>, targets?: TargetGuard): Promise<string> => sender(config, targets).send(aTest(), never);

/** A server that does with a connection what a test says. */
async function rawServer(onConnection: (socket: import('node:net').Socket) => void): Promise<string> {
  const sockets = new Set<import('node:net').Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an answer', () => {
  it.each([
    [200, '200 OK'],
    [202, '202 Accepted'],
    [204, '204 No Content'],
  ])('%i is a success', async (status, said) => {
    const { url } = await fakeServer((_, response) => void response.writeHead(status).end());
    expect(await send({ url })).toBe(said);
  });

  it.each([
    [301, false],
    [307, false],
    [400, false],
    [401, false],
    [404, false],
    [410, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%i is a failure; another attempt: %s', async (status, retryable) => {
    const elsewhere = await fakeServer((_, response) => void response.writeHead(200).end());
    const { url, requests } = await fakeServer((_, response) => void response.writeHead(status, { location: elsewhere.url }).end('because'));
    await expect(send({ url })).rejects.toMatchObject({ retryable, message: expect.stringContaining(String(status)) });
    expect(requests).toHaveLength(1);
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('says when to come again, in seconds or as a date', async () => {
    let header = '7';
    const { url } = await fakeServer((_, response) => void response.writeHead(429, { 'retry-after': header }).end());
    await expect(send({ url })).rejects.toMatchObject({ retryAfterMs: 7_000 });
    header = new Date(Date.now() + 60_000).toUTCString();
    await expect(send({ url })).rejects.toMatchObject({ retryAfterMs: expect.closeTo(60_000, -4) });
    header = 'soon';
    await expect(send({ url })).rejects.toMatchObject({ retryAfterMs: null });
  });

  it('that never ends is taken by its status line, and the connection is cut', async () => {
    let closed = false;
    const { url } = await fakeServer((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.once('close', () => {
        closed = true;
        clearInterval(more);
      });
    });
    expect(await send({ url })).toBe('200 OK');
    await expect.poll(() => closed, { timeout: 5_000 }).toBe(true);
  });

  it('of an error that never ends is cut, and its head is told as one line', async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(500);
      const more = setInterval(() => response.write('no\nno\u0007 '.repeat(10_000)), 1);
      response.once('close', () => clearInterval(more));
    });
    await expect(send({ url })).rejects.toMatchObject({ message: expect.stringMatching(/^the receiver answered 500 Internal Server Error: (?:no )+n?o?$/) });
  });

  it('that is cut in the middle counts by its status line', async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await send({ url })).toBe('200 OK');
  });

  it('that does not come in time is a failure that is tried again', async () => {
    const { url } = await fakeServer(() => undefined);
    await expect(send({ url, timeoutMs: 200 })).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('did not answer within 200 ms') });
  });

  it('that is no HTTP, or none at all, is a failure that is tried again', async () => {
    const url = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await expect(send({ url })).rejects.toMatchObject({ name: 'ChannelError', retryable: true });
    const closing = await rawServer((socket) => socket.destroy());
    await expect(send({ url: closing })).rejects.toMatchObject({ retryable: true });
    await expect(send({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a connection', () => {
  it('that was kept and closed meanwhile does not cost an attempt', async () => {
    const { url, server } = await fakeServer((_, response) => void response.writeHead(200).end());
    server.keepAliveTimeout = 1;
    const made = sender({ url });
    for (let index = 0; index < 20; index += 1) {
      expect(await made.send(aTest(), never)).toBe('200 OK');
      await new Promise((resolve) => setTimeout(resolve, index % 4));
    }
  });

  it('is made where the hub may connect to, and nowhere else', async () => {
    const { url, requests } = await fakeServer((_, response) => void response.writeHead(200).end());
    const port = new URL(url).port;
    for (const target of [url, `http://localhost:${port}`, `http://0x7f.1:${port}`, `http://[::ffff:127.0.0.1]:${port}`, `http://0.0.0.0:${port}`]) {
      await expect(send({ url: target }, createTargetGuard(['public', 'private']))).rejects.toMatchObject({
        retryable: false,
        message: expect.stringMatching(/^the hub may not connect/),
      });
    }
    await expect(send({ url: 'http://169.254.169.254/latest/meta-data' })).rejects.toMatchObject({ retryable: false });
    expect(requests).toHaveLength(0);
  });

  it('over TLS needs a certificate that is trusted, or given', async () => {
    const { cert, key } = selfSigned();
    const server = createHttpsServer({ cert, key }, (_, response) => response.writeHead(200).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    await expect(send({ url })).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('certificate') });
    expect(await send({ url, ca: cert })).toBe('200 OK');
  });
});

it('a request bears the headers that are configured, and those that the sender sets cannot be', async () => {
  const { url, requests } = await fakeServer((_, response) => void response.writeHead(200).end());
  await send({ url, headers: { 'X-Team': 'heating' }, secretHeaders: { Authorization: 'Bearer abc' } });
  expect(requests[0]?.headers).toMatchObject({ 'x-team': 'heating', authorization: 'Bearer abc', 'content-type': 'application/json' });
  for (const name of ['Host', 'Content-Length', 'webhook-signature', 'Idempotency-Key', 'Transfer-Encoding', 'a b', 'x\r\ny'])
    expect(WebhookSchema.safeParse({ secret: SECRET, url, headers: { [name]: '1' } }).success).toBe(false);
  expect(WebhookSchema.safeParse({ secret: SECRET, url, headers: { 'X-A': 'a\r\nX-B: b' } }).success).toBe(false);
  for (const wrong of ['ftp://x/', 'http://user:secret@x/', 'javascript:alert(1)', 'file:///etc/passwd', ''])
    expect(WebhookSchema.safeParse({ secret: SECRET, url: wrong }).success).toBe(false);
});
