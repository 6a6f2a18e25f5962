import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { serveTls, tlsOptions } from '../../certificates/tls-options.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Protocol } from '../protocol.ts';
import type { Finished } from './connect-pacer.ts';
import type { MqttPorts } from './ports.ts';

/** TCP finds dead peers of clients without a keep-alive. */
const PROBE_AFTER_MS = 60_000;
/**
 * Connections that the operating system completes while the hub is busy; it has a bound of its own (net.core.somaxconn, 4096 as a rule). Beyond it the client's next try is a second later,
 * then two, then four: whoever comes with thousands of others loses more time by that than by waiting here.
 */
const BACKLOG = 4_096;

export type Scheme = 'mqtt' | 'mqtts';
type ListenerAddress = Protocol['listeners'][number];

export interface Listener {
  readonly address: ListenerAddress;
  /** Takes no new connection; those that are open stay. */
  close(): Promise<void>;
}

export interface ListenerHooks {
  /** A socket has come; `next` lets it in, now or later. It is not read before. */
  pace(socket: Socket, next: (finished: Finished) => void): void;
  /** `finished` is to be called when the log-in is over, or the connection. */
  accept(socket: Socket, scheme: Scheme, finished: Finished): void;
  /** The operating system gave no descriptor, for example; the server goes on listening. */
  failed(error: Error, scheme: Scheme): void;
}

/** Half-open: what a client sent before it closed its side is handled before ours is closed. */
const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS, pauseOnConnect: true, allowHalfOpen: true };

/** Binds the ports that the settings name. When one cannot be bound the others are closed again. */
export async function listen(ports: MqttPorts, hooks: ListenerHooks): Promise<readonly Listener[]> {
  const { settings, tls } = ports;
  const listeners: Listener[] = [];
  try {
    if (settings['mqtt.port'] !== null) {
      const server = createServer(OPTIONS, (socket) =>
        hooks.pace(socket, (finished) => {
          hooks.accept(socket, 'mqtt', finished);
          socket.resume();
        }),
      );
      listeners.push(await bind(server, 'mqtt', settings.host, settings['mqtt.port'], hooks));
    }
    if (settings['mqtts.port'] !== null) {
      if (tls === null) throw new MusterError('invalid_settings', 'mqtts.port needs tls.cert and tls.key.');
      /** Of handshakes under way, by address and port of the other side: a secured socket is another object than the one that came. */
      const handshakes = new Map<string, { readonly socket: Socket; readonly finished: Finished }>();
      const secure = createTlsServer({ ...tlsOptions(tls, settings), handshakeTimeout: settings['mqtt.connect-timeout-ms'] }, (socket) => {
        const key = keyOf(socket);
        hooks.accept(socket, 'mqtts', handshakes.get(key)?.finished ?? nothing);
        handshakes.delete(key);
      });
      serveTls(tls, secure, settings);
      // Node leaves it open: without this, whoever goes in the middle of a handshake takes a descriptor for ever.
      secure.on('tlsClientError', (error, socket) => {
        ports.log.debug({ protocol: 'mqtts', address: socket.remoteAddress, error: error.message }, 'TLS handshake failed');
        socket.destroy();
      });
      // A handshake costs more than anything that follows: it comes after the wait for one's turn.
      const server = createServer(OPTIONS, (socket) =>
        hooks.pace(socket, (finished) => {
          const key = keyOf(socket);
          handshakes.set(key, { socket, finished });
          socket.once('close', () => {
            finished();
            if (handshakes.get(key)?.socket === socket) handshakes.delete(key);
          });
          secure.emit('connection', socket);
        }),
      );
      const listener = await bind(server, 'mqtts', settings.host, settings['mqtts.port'], hooks);
      listeners.push({
        address: listener.address,
        close() {
          // Nobody else knows of them yet.
          for (const { socket } of handshakes.values()) socket.destroy();
          return listener.close();
        },
      });
    }
  } catch (error: unknown) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
  return listeners;
}

async function bind(server: Server, name: Scheme, host: string, port: number, hooks: ListenerHooks): Promise<Listener> {
  // A server that fails later (out of descriptors, for example) must not take the hub down; it goes on listening.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      server.on('error', (error) => hooks.failed(error, name));
      resolve();
    });
  }).catch((cause: unknown) => {
    throw bindError(cause, name, host, port);
  });
  const bound = server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  const shown = host.includes(':') ? `[${host}]` : host;
  let closing: Promise<void> | null = null;
  return {
    address: { name, url: `${name}://${shown}:${real}`, host, port: real },
    close() {
      // The callback waits for connections that are still open, which the caller ends itself.
      closing ??= new Promise((resolve) => server.close(() => resolve()));
      return closing;
    },
  };
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function nothing(): void {}

function bindError(cause: unknown, name: Scheme, host: string, port: number): MusterError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    const option = name === 'mqtt' ? '--mqtt' : '--mqtts';
    return new MusterError('address_in_use', `Port ${port} on ${host} (${name}) is in use by another program.`, {
      hint: `Stop it, or choose another port with ${option}; 0 takes a free one.`,
      cause,
      details: { protocol: name, host, port },
    });
  }
  return new MusterError('invalid_settings', `Cannot listen on ${host} port ${port} (${name}): ${cause instanceof Error ? cause.message : String(cause)}.`, {
    hint: 'Check the address (--host) and whether this user may open the port.',
    cause,
  });
}
