import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGatewayClient, type GatewayClientOptions } from '../../../src/lib/simulation/gateway-client.ts';
import { createRandom } from '../../../src/lib/simulation/random.ts';
import { createTally } from '../../../src/lib/simulation/tally.ts';

const forever = new AbortController().signal;

async function listen(server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** As much of a broker as a publisher needs, whose acknowledgements can be held back and whose connections can be cut. */
async function startBroker() {
  const received: string[] = [];
  const held: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const control = { hold: false, refuseTopic: '' };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const incoming = parser();
    let protocolVersion = 4;
    const send = (packet: Packet) => void (socket.writable && socket.write(generate(packet, { protocolVersion })));
    incoming.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        const known = packet.password?.toString() === 'right';
        protocolVersion = packet.protocolVersion ?? 4;
        send({ cmd: 'connack', sessionPresent: false, returnCode: known ? 0 : 5, reasonCode: known ? 0 : 0x87 });
        if (!known) socket.end();
      } else if (packet.cmd === 'pubrel') send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
      else if (packet.cmd === 'pingreq') send({ cmd: 'pingresp' });
      else if (packet.cmd === 'publish') {
        if (packet.topic === control.refuseTopic) return void socket.destroy();
        const accept = () => {
          received.push(packet.payload.toString());
          const { qos, messageId = 0 } = packet;
          if (qos > 0) send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId });
        };
        if (control.hold) held.push(accept);
        else accept();
      }
    });
    socket.on('data', (chunk) => incoming.parse(chunk));
  });
  const port = await listen(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `mqtt://127.0.0.1:${port}`,
    received,
    control,
    held,
    release: () => {
      for (const accept of held.splice(0)) accept();
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    topicOf: (deviceId: string) => `devices/${deviceId}/report`,
  };
}

function client(url: string, options: Partial<GatewayClientOptions> = {}) {
  const tally = createTally();
  const gateway = createGatewayClient({
    url,
    identity: { deviceId: 'gw-1', secret: 'right' },
    trust: null,
    protocol: 'mqtt5',
    qos: 1,
    inFlightMax: 4,
    bufferMax: 10,
    connectTimeoutMs: 2_000,
    tally,
    random: createRandom(1),
    ...options,
  });
  onTestFinished(() => gateway.close());
  return { gateway, tally };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come true in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(['mqtt', 'mqtt5'] as const)('a gateway that speaks %s', (protocol) => {
  it.each([1, 2] as const)('counts a QoS %d message as acknowledged when the broker has confirmed it, not before', async (qos) => {
    const broker = await startBroker();
    const { gateway, tally } = client(broker.url, { protocol, qos });
    await gateway.connect();
    broker.control.hold = true;
    gateway.publish(broker.topicOf('gw-1'), 'one', 3);
    await until(() => broker.held.length === 1);
    expect(tally.sent).toEqual({ messages: 1, samples: 3 });
    expect(tally.acknowledged).toEqual({ messages: 0, samples: 0 });
    broker.release();
    await gateway.idle(forever);
    expect(tally.acknowledged).toEqual({ messages: 1, samples: 3 });
    expect(tally.acknowledgeTime.count).toBe(1);
  });

  it('explains refused credentials', async () => {
    const broker = await startBroker();
    const { gateway } = client(broker.url, { protocol, identity: { deviceId: 'gw-1', secret: 'wrong' } });
    await expect(gateway.connect()).rejects.toMatchObject({ code: expect.stringMatching(/not_logged_in|not_allowed/) });
  });
});

describe('a simulated gateway', () => {
  it('sends with QoS 0 without waiting for anything', async () => {
    const broker = await startBroker();
    const { gateway, tally } = client(broker.url, { qos: 0 });
    await gateway.connect();
    gateway.publish(broker.topicOf('gw-1'), 'one', 1);
    await gateway.idle(forever);
    await until(() => broker.received.length === 1);
    expect(tally.sent.messages).toBe(1);
    expect(tally.acknowledged.messages).toBe(0);
  });

  it('keeps its window and its buffer: what is beyond is dropped and counted', async () => {
    const broker = await startBroker();
    const { gateway, tally } = client(broker.url);
    await gateway.connect();
    broker.control.hold = true;
    const taken = Array.from({ length: 20 }, (_, index) => gateway.publish(broker.topicOf('gw-1'), String(index), 1));
    expect(taken.filter(Boolean)).toHaveLength(14);
    await until(() => broker.held.length === 4);
    expect(tally.sent.messages).toBe(4);
    expect(tally.dropped).toEqual({ messages: 6, samples: 6 });
    broker.control.hold = false;
    broker.release();
    await gateway.idle(forever);
    expect(broker.received).toEqual(Array.from({ length: 14 }, (_, index) => String(index)));
  });

  it('comes back after a cut connection and sends again what was not acknowledged', async () => {
    const broker = await startBroker();
    const { gateway, tally } = client(broker.url);
    await gateway.connect();
    broker.control.hold = true;
    for (const payload of ['a', 'b']) gateway.publish(broker.topicOf('gw-1'), payload, 1);
    await until(() => broker.held.length === 2);
    broker.control.hold = false;
    broker.cut();
    await gateway.idle(forever);
    expect(broker.received.slice(-2)).toEqual(['a', 'b']);
    expect(tally.acknowledged.messages).toBe(2);
    expect(tally.sent.messages).toBe(2);
    expect(tally.reconnects).toBe(1);
    expect(tally.errors()).toContainEqual({ reason: 'connection lost', count: 1 });
  });

  it('counts what has no acknowledgement at the end as failed', async () => {
    const broker = await startBroker();
    const { gateway, tally } = client(broker.url);
    await gateway.connect();
    broker.control.hold = true;
    for (const payload of ['a', 'b', 'c', 'd', 'e', 'f']) gateway.publish(broker.topicOf('gw-1'), payload, 2);
    await gateway.idle(AbortSignal.timeout(50));
    await gateway.close();
    expect(tally.failed).toEqual({ messages: 6, samples: 12 });
    expect(tally.connected).toBe(0);
  });

  it('makes room for a sender that waits', async () => {
    const broker = await startBroker();
    const { gateway } = client(broker.url, { inFlightMax: 1, bufferMax: 1 });
    await gateway.connect();
    for (let index = 0; index < 30; index += 1) {
      await gateway.room(forever);
      expect(gateway.publish(broker.topicOf('gw-1'), String(index), 1)).toBe(true);
    }
    await gateway.idle(forever);
    expect(broker.received).toHaveLength(30);
  });

  it('explains a port on which nothing listens', async () => {
    const port = await listen(createServer());
    const { gateway } = client(`mqtt://127.0.0.1:${port === 1 ? 2 : 1}`);
    await expect(gateway.connect()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('Nothing listens'),
      hint: expect.stringContaining('--mqtt'),
    });
  });

  it('explains the port of an HTTP server', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('hello')));
    const { gateway } = client(`mqtt://127.0.0.1:${port}`);
    await expect(gateway.connect()).rejects.toMatchObject({ code: 'unreachable', hint: expect.stringContaining('MQTT port') });
  });

  it('explains a port that takes the connection and says nothing', async () => {
    const sockets: Socket[] = [];
    const port = await listen(createServer((socket) => void sockets.push(socket)));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const { gateway } = client(`mqtt://127.0.0.1:${port}`, { connectTimeoutMs: 200 });
    await expect(gateway.connect()).rejects.toMatchObject({ code: 'timed_out', hint: expect.stringContaining('MQTT port') });
  });
});
