import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../access/principal.ts';
import { API_PREFIX } from '../api/api-server.ts';
import { refuseConnection } from '../api/problem.ts';
import { MusterError } from '../errors/muster-error.ts';

/** One live stream. */
export interface StreamDoor {
  /** Who asks for it; throws when nobody may. */
  readonly authenticate: (request: IncomingMessage) => Promise<Exclude<Principal, { kind: 'open' }>>;
  readonly serve: (socket: WebSocket, request: IncomingMessage, principal: Exclude<Principal, { kind: 'open' }>) => void;
}

export interface WebSocketPorts {
  /** By their paths below the prefix of the API. */
  readonly streams: Readonly<Record<string, StreamDoor>>;
  /** null: MQTT is off. Authentication is MQTT's own. */
  readonly serveMqtt: ((socket: WebSocket, request: IncomingMessage) => void) | null;
  readonly packetBytesMax: number;
}

export interface WebSockets {
  /** Takes no more of them and asks those that are open to end. */
  close(): void;
  /** Ends what has not ended by itself. */
  cut(): void;
}

const STREAM_MESSAGE_BYTES_MAX = 1024;
/** Upgrades whose sender is being asked who it is, which takes a hash of a password at worst. */
const ARRIVING_MAX = 256;

/** Takes WebSocket upgrades: MQTT at /mqtt, the live streams below the prefix of the API. */
export function serveWebSockets(server: Server, ports: WebSocketPorts): WebSockets {
  const mqtt = new WebSocketServer({
    noServer: true,
    maxPayload: ports.packetBytesMax + 16,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  });
  const stream = new WebSocketServer({
    noServer: true,
    maxPayload: STREAM_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('muster.v1') ? 'muster.v1' : false),
  });
  /** Not yet WebSockets: their sender is being asked who it is. */
  const arriving = new Set<Duplex>();
  const streams = new Map(Object.entries(ports.streams));
  let closing = false;

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return withoutUpgrade(server, request, socket, head);
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const door = path.startsWith(API_PREFIX) ? streams.get(path.slice(API_PREFIX.length)) : undefined;
    if (closing) refuseConnection(socket, new MusterError('stopping', 'the hub is stopping'));
    else if (path === '/mqtt' && ports.serveMqtt) {
      const serve = ports.serveMqtt;
      mqtt.handleUpgrade(request, socket, head, (opened) => serve(opened, request));
    } else if (door !== undefined) void takeSubscriber(door, request, socket, head);
    else refuseConnection(socket, new MusterError('not_found', `there is no WebSocket at ${path.slice(0, 200)}`));
  });

  return {
    close() {
      closing = true;
      for (const client of stream.clients) client.close(1001, 'stopping');
      for (const client of mqtt.clients) client.terminate();
    },
    cut() {
      for (const client of stream.clients) client.terminate();
      for (const socket of arriving) socket.destroy();
    },
  };

  async function takeSubscriber(door: StreamDoor, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (arriving.size >= ARRIVING_MAX) {
      refuseConnection(socket, new MusterError('overloaded', `${ARRIVING_MAX} WebSockets are being opened already`));
      return;
    }
    arriving.add(socket);
    try {
      const principal = await door.authenticate(request);
      if (closing) throw new MusterError('stopping', 'the hub is stopping');
      stream.handleUpgrade(request, socket, head, (opened) => door.serve(opened, request, principal));
    } catch (error: unknown) {
      refuseConnection(socket, error instanceof MusterError ? error : new MusterError('internal', 'something went wrong inside the hub', { cause: error }));
    } finally {
      arriving.delete(socket);
    }
  }
}

const OF_UPGRADES: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings']);

/**
 * RFC 9110 section 7.8: an upgrade that a server does not know is ignored. curl --http2 and Java's client offer h2c with ordinary requests, and
 * Node takes each of them out of HTTP. So it goes back, as if nothing had been offered.
 */
function withoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/1.1`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!OF_UPGRADES.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  const closes = /\bclose\b/i.test(request.headers.connection ?? '');
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n${closes ? 'connection: close\r\n' : ''}\r\n`, 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket as Socket);
}
