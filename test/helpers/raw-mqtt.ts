import { connect, type Socket } from 'node:net';
import mqtt, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { waitUntil } from './wait-until.ts';

/** An MQTT client that does only what the test says: packets as objects, or bytes. */
export interface RawMqtt {
  readonly socket: Socket;
  /** Packets received so far. */
  readonly received: Packet[];
  readonly isClosed: () => boolean;
  send(...packets: readonly Packet[]): void;
  bytes(bytes: Uint8Array | string): void;
  /** The next packet with that command, from the start of what was received. */
  packet<Command extends Packet['cmd']>(command: Command, index?: number): Promise<Extract<Packet, { cmd?: Command }>>;
  closed(): Promise<void>;
}

export async function openRawMqtt(port: number, version: 3 | 4 | 5 = 4): Promise<RawMqtt> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const received: Packet[] = [];
  const parser = mqtt.parser({ protocolVersion: version });
  let isClosed = false;
  parser.on('packet', (packet) => received.push(packet));
  parser.on('error', () => socket.destroy());
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const matching = (command: string) => received.filter(({ cmd }) => cmd === command);
  return {
    socket,
    received,
    isClosed: () => isClosed,
    send: (...packets) => void socket.write(Buffer.concat(packets.map((packet) => mqtt.generate(packet, { protocolVersion: version })))),
    bytes: (bytes) => void socket.write(bytes),
    async packet(command, index = 0) {
      await waitUntil(() => matching(command).length > index, `${index + 1} ${command}, got ${JSON.stringify(received.map(({ cmd }) => cmd))}`);
      return matching(command)[index] as never;
    },
    closed: () => waitUntil(() => isClosed, 'the connection is closed'),
  };
}

export function connectPacket(username: string | null, more: Partial<IConnectPacket> = {}): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: 'raw',
    keepalive: 0,
    ...(username === null ? {} : { username, password: Buffer.from(`secret-${username}`) }),
    ...more,
  };
}

/** Connects and waits until the hub says yes. */
export async function signedIn(port: number, username: string, more: Partial<IConnectPacket> = {}): Promise<RawMqtt> {
  const version = (more.protocolVersion ?? 4) as 4 | 5;
  const client = await openRawMqtt(port, version);
  client.send(connectPacket(username, more));
  const connack = await client.packet('connack');
  if ((version === 5 ? connack.reasonCode : connack.returnCode) !== 0) throw new Error(`refused: ${JSON.stringify(connack)}`);
  return client;
}

export function publishPacket(topic: string, qos: 0 | 1 | 2, messageId: number, payload = '{"t":1}', more: { retain?: boolean; dup?: boolean } = {}): Packet {
  return { cmd: 'publish', topic, qos, payload, retain: false, dup: false, ...more, ...(qos > 0 ? { messageId } : {}) };
}
