import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Device } from '../../../src/lib/device/device.ts';
import { KeptSession } from '../../../src/lib/device/kept-session.ts';
import { startDeviceBroker } from '../../helpers/device-broker.ts';
import { selfSigned } from '../../helpers/self-signed.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

type Certificate = ReturnType<typeof selfSigned>;

const ticketKeys = randomBytes(48);

/** Takes connections on this port until it is stopped; 0 is any. */
async function listening(server: Server, port: number) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(async () => {
    if (server.listening) await stop();
  });
  return { port: (server.address() as AddressInfo).port, came: () => sockets.size, stop };
}

/** TLS in front of the broker, as a hub speaks it; tells of each handshake whether a session was resumed. */
async function secured({ cert, key }: Certificate, brokerUrl: string, port: number, resumed: boolean[]) {
  const server = createTlsServer({ cert, key, ticketKeys }, (socket) => {
    resumed.push(socket.isSessionReused());
    const inner = connectTcp({ host: '127.0.0.1', port: Number(new URL(brokerUrl).port) });
    for (const each of [socket, inner]) each.on('error', () => undefined);
    socket.pipe(inner).pipe(socket);
    socket.on('close', () => inner.destroy());
  });
  return listening(server, port);
}

async function connected({ cert }: Certificate, port: number): Promise<Device> {
  const device = new Device({
    url: `mqtts://localhost:${port}`,
    id: 'gw-1',
    credential: { token: 'right' },
    tls: { ca: cert },
    reconnect: { firstMs: 20, longestMs: 100 },
    connectTimeoutMs: 500,
    timeSync: false,
  });
  onTestFinished(() => device.close({ drainMs: 0 }));
  await device.connect();
  return device;
}

describe('a device resumes its TLS session', () => {
  it('after a time in which the hub was away', async () => {
    const certificate = selfSigned();
    const broker = await startDeviceBroker();
    const resumed: boolean[] = [];
    const hub = await secured(certificate, broker.url, 0, resumed);
    const device = await connected(certificate, hub.port);
    let failures = 0;
    device.on('connectFailed', () => {
      failures++;
    });
    await hub.stop();
    await waitUntil(() => failures >= 3, 'nobody is there');
    await secured(certificate, broker.url, hub.port, resumed);
    await waitUntil(() => device.isConnected, 'it is back');
    expect(resumed).toEqual([false, true]);
  });

  it('after a hub that was too busy to answer', async () => {
    const certificate = selfSigned();
    const broker = await startDeviceBroker();
    const resumed: boolean[] = [];
    const hub = await secured(certificate, broker.url, 0, resumed);
    const device = await connected(certificate, hub.port);
    await hub.stop();
    const busy = await listening(createServer({ pauseOnConnect: true }), hub.port);
    let timeouts = 0;
    device.on('connectFailed', ({ error }) => {
      if (error.code === 'timed_out') timeouts++;
    });
    await waitUntil(() => timeouts > 0 && busy.came() > 0, 'it has waited for nothing');
    await busy.stop();
    await secured(certificate, broker.url, hub.port, resumed);
    await waitUntil(() => device.isConnected, 'it is back');
    expect(resumed).toEqual([false, true]);
  });
});

describe('a TLS session', () => {
  const session = Buffer.from('ticket');
  const attempt = (kept: KeptSession, ...events: string[]) => {
    const stream = new EventEmitter();
    kept.watch(stream);
    for (const event of events) stream.emit(event, session);
  };

  it.each([
    ['nobody listened', [], new Error('connect ECONNREFUSED'), true],
    ['nothing was answered in time', ['connect'], new Error('connack timeout'), true],
    ['the handshake failed', ['connect'], new Error('tlsv1 alert decrypt error'), false],
    ['the hub closed the connection', ['connect'], null, false],
    // Of a certificate that was renewed, the session has the old one.
    ['the log-in was refused', ['connect', 'session'], new Error('Connection refused: Not authorized'), false],
  ])('when %s is kept or not', (_, events, problem, isKept) => {
    const kept = new KeptSession();
    attempt(kept, 'connect', 'session');
    expect(kept.options).toEqual({ session });
    attempt(kept, ...events);
    kept.failed(problem);
    expect(kept.options).toEqual(isKept ? { session } : {});
  });
});
