import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../access/guessing-guard.ts';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** null: no limit. */
  readonly perAddressMax: number | null;
}

export interface ConnectionCount {
  readonly open: number;
  /** Closed because there were too many, since the start. */
  readonly refused: number;
}

interface Connection {
  readonly key: string;
  /** Of the whole customer: a /64 of IPv6. */
  readonly address: string;
  readonly socket: Socket;
  /** It has sent a whole head of a request once. */
  asked: boolean;
  /** Requests that are being answered. */
  busy: number;
}

/** Of those that came first; a hub whose thousand oldest connections are all busy has a use for them. */
const LOOKED_AT_MAX = 1_000;

/**
 * Bounds HTTP connections, all of them and those of one address, as they arrive: before TLS and before anything is read, so that it costs next to nothing.
 * At a limit the oldest that has asked for nothing yet gives way, then the oldest that is idle: whoever opens connections and is silent
 * takes nothing from who speaks. When all are busy the new one is closed. What becomes a WebSocket leaves the count: the stream and
 * MQTT have limits of their own.
 */
export function limitConnections(server: Server, { connectionsMax, perAddressMax }: ConnectionLimits): ConnectionCount {
  /** By address and port of the other side: under TLS a request shows another socket than the connection did. Oldest first. */
  const open = new Map<string, Connection>();
  const byAddress = new Map<string, Map<string, Connection>>();
  let refused = 0;

  server.prependListener('connection', (socket: Socket) => {
    const key = keyOf(socket);
    // One that offered an upgrade which the hub does not know comes a second time.
    if (open.get(key)?.socket === socket) return;
    const connection: Connection = { key, address: networkOf(socket.remoteAddress ?? ''), socket, asked: false, busy: 0 };
    const same = byAddress.get(connection.address);
    if (same !== undefined && perAddressMax !== null && same.size >= perAddressMax && !makeRoom(same)) return close(socket);
    if (open.size >= connectionsMax && !makeRoom(open)) return close(socket);
    open.set(key, connection);
    ofAddress(connection.address).set(key, connection);
    socket.once('close', () => leave(connection));
  });
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(keyOf(request.socket));
    if (connection === undefined) return;
    connection.asked = true;
    connection.busy += 1;
    response.once('close', () => {
      connection.busy -= 1;
    });
  });
  server.prependListener('upgrade', (request: IncomingMessage, socket: Socket) => {
    const connection = open.get(keyOf(socket));
    if (connection && request.headers.upgrade?.toLowerCase() === 'websocket') leave(connection);
  });
  return {
    get open() {
      return open.size;
    },
    get refused() {
      return refused;
    },
  };

  function makeRoom(among: ReadonlyMap<string, Connection>): boolean {
    let idle: Connection | null = null;
    let looked = 0;
    for (const connection of among.values()) {
      if (looked >= LOOKED_AT_MAX) break;
      looked += 1;
      if (connection.busy > 0) continue;
      idle ??= connection;
      if (connection.asked) continue;
      idle = connection;
      break;
    }
    if (idle === null) return false;
    leave(idle);
    close(idle.socket);
    return true;
  }

  function close(socket: Socket): void {
    refused += 1;
    socket.destroy();
  }

  function ofAddress(address: string): Map<string, Connection> {
    const known = byAddress.get(address);
    if (known) return known;
    const fresh = new Map<string, Connection>();
    byAddress.set(address, fresh);
    return fresh;
  }

  function leave(connection: Connection): void {
    const { key, address } = connection;
    // The next one from the same port may be here before the end of this one is told.
    if (open.get(key) !== connection) return;
    open.delete(key);
    const same = byAddress.get(address);
    same?.delete(key);
    if (same?.size === 0) byAddress.delete(address);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
