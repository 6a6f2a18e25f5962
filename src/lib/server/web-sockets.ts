import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../access/principal.ts';
import { API_PREFIX } from '../api/api-server.ts';
import { MusterError } from '../errors/muster-error.ts';

export interface WebSocketPorts {
  /** Who asks for the stream; throws when nobody may. */
  readonly authenticate: (request: IncomingMessage) => Promise<Exclude<Principal, { kind: 'open' }>>;
  readonly serveStream: (socket: WebSocket, request: IncomingMessage, principal: Exclude<Principal, { kind: 'open' }>) => void;
  /** null: MQTT is off. Authentication is MQTT's own. */
  readonly serveMqtt: ((socket: WebSocket, request: IncomingMessage) => void) | null;
  readonly packetBytesMax: number;
}

const STREAM_MESSAGE_BYTES_MAX = 1024;

/** Takes WebSocket upgrades: MQTT at /mqtt, the live stream at /api/v1/stream. */
export function serveWebSockets(server: Server, ports: WebSocketPorts): { close(): void } {
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

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/mqtt' && ports.serveMqtt) {
      const serve = ports.serveMqtt;
      mqtt.handleUpgrade(request, socket, head, (opened) => serve(opened, request));
    } else if (path === `${API_PREFIX}/stream`) {
      ports.authenticate(request).then(
        (principal) => stream.handleUpgrade(request, socket, head, (opened) => ports.serveStream(opened, request, principal)),
        (error: unknown) =>
          refuse(socket, error instanceof MusterError ? error : new MusterError('internal', 'something went wrong inside the hub', { cause: error })),
      );
    } else refuse(socket, new MusterError('not_found', `there is no WebSocket at ${String(path).slice(0, 200)}`));
  });

  return {
    close() {
      for (const client of [...stream.clients]) client.close(1001, 'stopping');
      for (const client of [...mqtt.clients]) client.terminate();
    },
  };
}

function refuse(socket: Duplex, error: MusterError): void {
  const body = JSON.stringify({ type: 'about:blank', title: error.code, status: error.status, detail: error.message, code: error.code, hint: error.hint });
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
