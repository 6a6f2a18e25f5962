import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { uuidv7 } from 'uuidv7';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ChannelDefinition, ChannelError, type ChannelSender, type Notification } from '../../src/lib/channels/channel.ts';
import { CHANNELS, channelDefinition } from '../../src/lib/channels/registry.ts';
import { createTargetGuard } from '../../src/lib/channels/target-guard.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import { changedConfig, newConfig, visibleConfig } from '../../src/lib/notifications/channel-config.ts';
import { testNotification } from '../../src/lib/notifications/compose-notification.ts';
import { fakeServer } from '../helpers/fake-server.ts';
import { waitUntil } from '../helpers/wait-until.ts';

type Config = { readonly [name: string]: JsonValue };

/** What a test needs of a kind: a new kind gets a line here. */
interface Bench {
  /** Sends to this port of this machine. */
  readonly at: (port: number) => Config;
  readonly secrets: Config;
  /** Several mistakes, and where they are told. */
  readonly wrong: Config;
  readonly places: readonly string[];
  /** Another receiver. */
  readonly elsewhere: Config;
  /** A receiver that refuses once and then takes; gives the key that it saw each time. */
  readonly receiver: () => Promise<{ readonly port: number; readonly keys: () => readonly string[] }>;
}
const BENCHES: Readonly<Record<string, Bench>> = {
  webhook: {
    at: (port) => ({ url: `http://127.0.0.1:${port}/` }),
    secrets: { secret: 'SECRET-of-sixteen-bytes', secretHeaders: { Authorization: 'SECRET-token' } },
    wrong: { url: 'ftp://x', timeoutMs: 1, burst: 0, surprise: 1 },
    places: ['config', 'config.burst', 'config.timeoutMs', 'config.url'],
    elsewhere: { url: 'http://elsewhere.example.com/' },
    async receiver() {
      const { url, requests } = await fakeServer((_, response) => void response.writeHead(requests.length === 1 ? 503 : 200).end());
      return { port: Number(new URL(url).port), keys: () => requests.map(({ headers }) => String(headers['idempotency-key'])) };
    },
  },
  email: {
    at: (port) => ({ host: '127.0.0.1', port, security: 'none', from: 'muster@example.com', to: ['ops@example.com'] }),
    secrets: { security: 'starttls', user: 'anna', password: 'SECRET-password' },
    wrong: { host: 'a host', port: 0, from: 'nobody', to: [], surprise: 1 },
    places: ['config', 'config.from', 'config.host', 'config.port', 'config.to'],
    elsewhere: { host: 'elsewhere.example.com' },
    async receiver() {
      const keys: string[] = [];
      const server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onData(stream, _, done) {
          let text = '';
          stream.on('data', (chunk: Buffer) => {
            text += chunk;
          });
          stream.on('end', () => {
            keys.push(/^X-Muster-Delivery: (.*)$/m.exec(text)?.[1]?.trim() ?? '');
            done(keys.length === 1 ? Object.assign(new Error('later'), { responseCode: 451 }) : null);
          });
        },
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
      return { port: (server.server.address() as AddressInfo).port, keys: () => keys };
    },
  },
};

const aTest = (): Notification => testNotification(uuidv7(), 'default', 'ops', Date.now());
const never = new AbortController().signal;

/** A server that does with a connection what a test says. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<{ readonly port: number; readonly open: () => number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open: () => sockets.size };
}

test('every kind is found by its name and has its bench here', () => {
  expect(CHANNELS.map(({ name }) => name).sort()).toEqual(Object.keys(BENCHES).sort());
  for (const kind of CHANNELS) expect(channelDefinition(kind.name)).toBe(kind);
});

describe.each(CHANNELS.map((kind) => [kind.name, kind] as const))('%s', (name, kind: ChannelDefinition) => {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`no bench for ${name}`);

  async function sender(config: Config, allowed: readonly string[] = ['loopback']): Promise<ChannelSender> {
    const create = await kind.load();
    const made = create(kind.schema.parse(newConfig(kind, config).config), { targets: createTargetGuard(allowed), clock: Date.now });
    onTestFinished(() => made.stop());
    return made;
  }

  test('its example is a configuration', () => {
    expect(newConfig(kind, kind.example as Config).config).toMatchObject(kind.example as object);
    expect(kind.summary.length).toBeGreaterThan(5);
    expect(kind.concurrency).toBeGreaterThan(0);
  });

  test('a wrong configuration is refused with all that is wrong', () => {
    let problems: readonly { readonly path: string }[] = [];
    try {
      newConfig(kind, bench.wrong);
    } catch (error: unknown) {
      problems = (error as { details: { problems: typeof problems } }).details.problems;
    }
    expect([...new Set(problems.map(({ path }) => path))].sort()).toEqual(bench.places);
  });

  test('its secrets are never shown, and stay when an update leaves them out, unless they would go elsewhere', () => {
    const { config } = newConfig(kind, { ...bench.at(1), ...bench.secrets });
    const view = visibleConfig(kind.name, config);
    expect(JSON.stringify(view)).not.toContain('SECRET');
    expect(view.secrets).toEqual(expect.arrayContaining(kind.secrets.filter((secret) => Object.hasOwn(bench.secrets, secret))));
    const same = { ...bench.at(1), ...bench.secrets, burst: 3 };
    const left = Object.fromEntries(Object.entries(same).filter(([key]) => !kind.secrets.includes(key)));
    expect(changedConfig(kind, config, left)).toEqual({ ...config, burst: 3 });
    const sent = Object.keys(kind.sentTo ?? {});
    expect(sent.length).toBeGreaterThan(0);
    expect(() => changedConfig(kind, config, { ...left, ...bench.elsewhere })).toThrow(/must be given again/);
  });

  test('a receiver that says nothing costs the time of an attempt and no more', async () => {
    const { port, open } = await rawServer(() => undefined);
    const made = await sender({ ...bench.at(port), timeoutMs: 300 });
    const began = performance.now();
    await expect(made.send(aTest(), never)).rejects.toMatchObject({ name: 'ChannelError', retryable: true });
    expect(performance.now() - began).toBeLessThan(3_000);
    await waitUntil(() => open() === 0, 'the connection is closed');
  });

  test('nor does one that answers byte by byte', async () => {
    const words = name === 'email' ? '220-'.padEnd(10_000, 'x') : 'HTTP/1.1 200 OK\r\nx-slow: '.padEnd(10_000, 'x');
    const { port, open } = await rawServer((socket) => {
      let at = 0;
      const timer = setInterval(() => void socket.write(words[at++] ?? 'x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const made = await sender({ ...bench.at(port), timeoutMs: 300 });
    const began = performance.now();
    await expect(made.send(aTest(), never)).rejects.toMatchObject({ name: 'ChannelError', retryable: true });
    // What comes next does not wait behind it.
    await expect(made.send(aTest(), never)).rejects.toBeInstanceOf(ChannelError);
    expect(performance.now() - began).toBeLessThan(5_000);
    await made.stop();
    await waitUntil(() => open() === 0, 'the connections are closed');
  });

  test('one that talks without an end does not fill the memory', async () => {
    const flood = Buffer.alloc(65_536, name === 'email' ? '220-xxxxxxxxxx\r\n' : 'x');
    let written = 0;
    const { port } = await rawServer((socket) => {
      if (name !== 'email') socket.write('HTTP/1.1 503 No\r\n\r\n');
      const pour = (): void => {
        while (!socket.destroyed && written < 256 * 1024 * 1024) {
          written += flood.length;
          if (!socket.write(flood)) break;
        }
      };
      socket.on('drain', pour);
      pour();
    });
    const made = await sender({ ...bench.at(port), timeoutMs: 2_000 });
    await expect(made.send(aTest(), never)).rejects.toBeInstanceOf(ChannelError);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  test('an attempt is broken off at once by its signal', async () => {
    const { port, open } = await rawServer(() => undefined);
    const made = await sender({ ...bench.at(port), timeoutMs: 60_000 });
    const breaking = new AbortController();
    const sending = made.send(aTest(), breaking.signal);
    const refused = expect(sending).rejects.toBeInstanceOf(ChannelError);
    await waitUntil(() => open() === 1, 'it has connected');
    const began = performance.now();
    breaking.abort();
    await refused;
    expect(performance.now() - began).toBeLessThan(2_000);
    await made.stop();
    await waitUntil(() => open() === 0, 'the connection is closed');
  });

  test('every attempt bears the same key', async () => {
    const { port, keys } = await bench.receiver();
    const made = await sender(bench.at(port));
    const notification = aTest();
    await expect(made.send(notification, never)).rejects.toMatchObject({ retryable: true });
    expect(await made.send(notification, never)).toMatch(/^2/);
    expect(keys()).toEqual([notification.delivery, notification.delivery]);
  });

  test('nothing is connected to where the hub may not go', async () => {
    const { port, open } = await rawServer(() => undefined);
    const made = await sender(bench.at(port), ['public', 'private', 'link-local']);
    await expect(made.send(aTest(), never)).rejects.toMatchObject({ retryable: false, message: expect.stringContaining('notifications.targets') });
    expect(open()).toBe(0);
  });

  test.each(['2130706433', '0x7f.1', '0177.0.0.1', '127.1', 'localhost', '0'])('nor by another spelling: %s', async (host) => {
    const { port, open } = await rawServer(() => undefined);
    const given = bench.at(port);
    const config = 'url' in given ? { ...given, url: `http://${host}:${port}/` } : { ...given, host };
    const made = await sender({ ...config, timeoutMs: 2_000 }, ['public', 'private', 'link-local']);
    await expect(made.send(aTest(), never)).rejects.toBeInstanceOf(ChannelError);
    expect(open()).toBe(0);
  });

  test('stop may be called twice', async () => {
    const made = await sender(bench.at(1));
    await made.stop();
    await made.stop();
  });
});
