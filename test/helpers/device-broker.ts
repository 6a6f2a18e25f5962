import { type AddressInfo, createServer, type Socket } from 'node:net';
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
}

/** How it answers; may be changed at any time. */
export interface BrokerControl {
  /** Publishes are not acknowledged before `release()`. */
  hold: boolean;
  /** Reason code of MQTT 5, and its reason string, for publishes; 0: taken. */
  refuse: { readonly code: number; readonly reason: string } | null;
  /** CONNECTs are answered so. */
  connack: number;
  receiveMaximum: number | null;
  /** Answers questions for the time with a clock that is so many ms ahead; null: does not answer. */
  timeAheadMs: number | null;
}

/** As much of a broker as a device needs: what it does when, is up to the test. Any password but `wrong` is right. */
export async function startDeviceBroker() {
  const received: Received[] = [];
  const connects: IConnectPacket[] = [];
  const held: (() => void)[] = [];
  const filters: string[] = [];
  const acknowledged: number[] = [];
  const sockets = new Map<Socket, (packet: Packet) => void>();
  const control: BrokerControl = { hold: false, refuse: null, connack: 0, receiveMaximum: null, timeAheadMs: null };
  const extra: ((received: Received, answer: (topic: string, payload: string) => void) => void)[] = [];
  let lastId = 0;
  const server = createServer((socket) => {
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const incoming = parser();
    let protocolVersion = 4;
    const send = (packet: Packet) => void (socket.writable && socket.write(generate(packet, { protocolVersion })));
    sockets.set(socket, send);
    incoming.on('packet', (packet) => {
      switch (packet.cmd) {
        case 'connect': {
          connects.push(packet);
          const isKnown = packet.password?.toString() !== 'wrong';
          protocolVersion = packet.protocolVersion ?? 4;
          const code = isKnown ? control.connack : protocolVersion === 5 ? 0x86 : 4;
          const properties = control.receiveMaximum === null ? {} : { properties: { receiveMaximum: control.receiveMaximum } };
          send({ cmd: 'connack', sessionPresent: false, returnCode: code, reasonCode: code, ...properties });
          if (code !== 0) socket.end();
          return;
        }
        case 'subscribe':
          filters.push(...packet.subscriptions.map(({ topic }) => topic));
          return send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 1) });
        case 'pubrel':
          return send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
        case 'pingreq':
          return send({ cmd: 'pingresp' });
        case 'puback':
          acknowledged.push(packet.messageId ?? 0);
          return;
        case 'publish': {
          const { topic, qos, messageId = 0 } = packet;
          const message = { topic, payload: packet.payload.toString(), qos };
          const answer = (to: string, payload: string) => send({ cmd: 'publish', topic: to, payload, qos: 0, dup: false, retain: false });
          if (topic.endsWith('/time') && control.timeAheadMs !== null) {
            const now = Date.now() + control.timeAheadMs;
            answer(topic, JSON.stringify({ ...JSON.parse(message.payload), t1: now, t2: now }));
          }
          for (const handler of extra) handler(message, answer);
          const accept = () => {
            const { refuse } = control;
            if (refuse === null) received.push(message);
            const outcome = refuse === null ? {} : { reasonCode: refuse.code, properties: { reasonString: refuse.reason } };
            if (qos > 0) send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId, ...outcome });
          };
          if (control.hold) held.push(accept);
          else accept();
          return;
        }
      }
    });
    socket.on('data', (chunk) => incoming.parse(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    cut();
  });
  return {
    url: `mqtt://127.0.0.1:${port}`,
    received,
    connects,
    /** Topic filters, in the order of their subscription. */
    filters,
    /** Packet ids of messages of the broker that were acknowledged. */
    acknowledged,
    control,
    held,
    cut,
    /** Also answers so. */
    onPublish: (handler: (message: Received, answer: (topic: string, payload: string) => void) => void) => void extra.push(handler),
    release: () => {
      for (const accept of held.splice(0)) accept();
    },
    /** To everybody who is connected, with QoS 1. */
    publish: (topic: string, content: object) => {
      lastId += 1;
      for (const send of sockets.values())
        send({ cmd: 'publish', topic, payload: JSON.stringify(content), qos: 1, messageId: lastId, dup: false, retain: false });
    },
    /** The contents of messages on that topic, in their order. */
    on: (topic: string) => received.filter((message) => message.topic === topic).map(({ payload }) => JSON.parse(payload) as Record<string, unknown>),
  };
}

export type DeviceBroker = Awaited<ReturnType<typeof startDeviceBroker>>;
