import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** null: no limit. */
  readonly perAddressMax: number | null;
}

export interface ConnectionCount {
  readonly open: number;
  /** Closed at once because they were one too many, since the start. */
  readonly refused: number;
}

/**
 * Closes HTTP connections beyond the limits as they arrive: before TLS and before anything is read, so that a refusal costs next to nothing. What becomes
 * a WebSocket leaves the count: the stream and MQTT have limits of their own.
 */
export function limitConnections(server: Server, { connectionsMax, perAddressMax }: ConnectionLimits): ConnectionCount {
  /** By address and port of the other side: under TLS an upgrade shows another socket than the connection did. */
  const open = new Map<string, string>();
  const ofAddress = new Map<string, number>();
  let refused = 0;

  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const key = keyOf(socket);
    // One that offered an upgrade which the hub does not know comes a second time.
    if (open.has(key)) return;
    const same = ofAddress.get(address) ?? 0;
    if (open.size >= connectionsMax || (perAddressMax !== null && same >= perAddressMax)) {
      refused += 1;
      socket.destroy();
      return;
    }
    open.set(key, address);
    ofAddress.set(address, same + 1);
    socket.once('close', () => leave(key));
  });
  server.prependListener('upgrade', (request: IncomingMessage, socket: Socket) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') leave(keyOf(socket));
  });
  return {
    get open() {
      return open.size;
    },
    get refused() {
      return refused;
    },
  };

  function leave(key: string): void {
    const address = open.get(key);
    if (address === undefined) return;
    open.delete(key);
    const left = (ofAddress.get(address) ?? 1) - 1;
    if (left === 0) ofAddress.delete(address);
    else ofAddress.set(address, left);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
