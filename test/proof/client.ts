import { connect, type Socket } from 'node:net';
import mqtt, { type Packet } from 'mqtt-packet';
import type { Credentials } from './fleet.ts';

/** A connection to the broker for one purpose, without a session: packets as objects or bytes, and how each publish ended. */
export interface Client {
  readonly socket: Socket;
  readonly received: Packet[];
  readonly isClosed: () => boolean;
  send(packet: Packet): void;
  /** PUBACK's code (0 in MQTT 3.1.1); null when the connection broke or the time was over before it came. */
  publish(topic: string, payload: string, options?: { readonly retain?: boolean; readonly deadlineMs?: number }): Promise<number | null>;
  end(): void;
}

/** What the broker sends when this client is lost. */
export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
}

const CONNECT_DEADLINE_MS = 15_000;
const PUBACK_DEADLINE_MS = 30_000;

/** Signs in with a clean session; null when that is not possible. */
export function signIn(
  port: number,
  credentials: Credentials | null,
  options: { readonly version?: 4 | 5; readonly clientId?: string; readonly keepalive?: number; readonly will?: Will } = {},
): Promise<Client | null> {
  const { version = 5, clientId = '', keepalive = 0, will } = options;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const parser = mqtt.parser({ protocolVersion: version });
  const received: Packet[] = [];
  const waiting = new Map<number, (code: number | null) => void>();
  let lastId = 0;
  let closed = false;
  const send = (packet: Packet) => void (socket.writable && socket.write(mqtt.generate(packet, { protocolVersion: version })));
  const answer = (id: number, code: number | null) => {
    waiting.get(id)?.(code);
    waiting.delete(id);
  };
  parser.on('packet', (packet) => {
    if (packet.cmd === 'puback') answer(packet.messageId ?? 0, packet.reasonCode ?? 0);
    else received.push(packet);
  });
  parser.on('error', () => socket.destroy());
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.on('error', () => undefined);
  const client: Client = {
    socket,
    received,
    isClosed: () => closed,
    send,
    publish: (topic, payload, { retain = false, deadlineMs = PUBACK_DEADLINE_MS } = {}) =>
      new Promise((resolve) => {
        if (closed) {
          resolve(null);
          return;
        }
        lastId = (lastId % 65_535) + 1;
        const id = lastId;
        const timer = setTimeout(() => answer(id, null), deadlineMs);
        waiting.set(id, (code) => {
          clearTimeout(timer);
          resolve(code);
        });
        send({ cmd: 'publish', topic, payload, qos: 1, retain, dup: false, messageId: id });
      }),
    end: () => void socket.destroy(),
  };
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), CONNECT_DEADLINE_MS);
    socket.once('close', () => {
      closed = true;
      clearTimeout(timer);
      for (const id of [...waiting.keys()]) answer(id, null);
      resolve(null);
    });
    parser.on('packet', (packet) => {
      if (packet.cmd !== 'connack') return;
      clearTimeout(timer);
      if (((version === 5 ? packet.reasonCode : packet.returnCode) ?? 0) === 0) resolve(client);
      else socket.destroy();
    });
    socket.once('connect', () =>
      send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: version,
        clean: true,
        clientId,
        keepalive,
        ...(will !== undefined && { will: { ...will, payload: Buffer.from(will.payload), retain: false } }),
        ...(credentials !== null && { username: credentials.username, password: Buffer.from(credentials.password) }),
      }),
    );
  });
}
