import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { SETTINGS } from '../../../../src/lib/config/settings.ts';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import { PROTOCOLS } from '../../../../src/lib/protocols/registry.ts';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket } from '../../../helpers/raw-mqtt.ts';
import { selfSigned } from '../../../helpers/self-signed.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const connected = await connectAsync(url, { username: 'pump', password: 'secret-pump', reconnectPeriod: 0, connectTimeout: 5_000, ...options });
  onTestFinished(() => connected.endAsync(true));
  return connected;
}

describe.each([4, 5] as const)('the mqtt client with protocol version %i', (protocolVersion) => {
  it('reports with every QoS over TCP and hears what an application is told', async () => {
    const hub = await startMqttHub();
    const application = await client(hub.url, { protocolVersion, username: 'mst_a_viewer', password: '' });
    const heard: string[] = [];
    application.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await application.subscribeAsync('devices/+/report', { qos: 2 });
    const device = await client(hub.url, { protocolVersion });
    for (const qos of [0, 1, 2] as const) await device.publishAsync('devices/pump/report', `{"q":${qos}}`, { qos });
    await waitUntil(() => heard.length === 3, 'three messages are heard');
    expect(heard).toEqual([0, 1, 2].map((qos) => `devices/pump/report {"q":${qos}}`));
    expect(hub.messages).toHaveLength(3);
  });

  it('reports over TLS', async () => {
    const { cert, key } = selfSigned();
    const hub = await startMqttHub({ settings: { 'mqtt.port': null, 'mqtts.port': 0 }, ports: { tls: { cert, key } } });
    expect(hub.protocol.listeners).toEqual([{ name: 'mqtts', url: `mqtts://127.0.0.1:${hub.port}`, host: '127.0.0.1', port: hub.port }]);
    const device = await client(hub.url, { protocolVersion, ca: cert });
    await device.publishAsync('devices/pump/report', '{}', { qos: 1 });
    expect(hub.messages[0]).toMatchObject({ protocol: 'mqtts', address: '127.0.0.1' });
  });

  it('reports over WebSocket', async () => {
    const hub = await startMqttHub();
    const device = await client(await hub.webSocketUrl(), { protocolVersion });
    await device.publishAsync('devices/pump/report', '{}', { qos: 1 });
    await device.publishAsync('devices/pump/report', `"${'x'.repeat(300_000)}"`, { qos: 2 });
    expect(hub.messages.map(({ protocol, payload }) => [protocol, payload.length])).toEqual([
      ['mqtt-ws', 2],
      ['mqtt-ws', 300_002],
    ]);
  });
});

describe('a WebSocket', () => {
  const open = async (url: string) => {
    const socket = new WebSocket(url, 'mqtt');
    const received: Packet[] = [];
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on('packet', (packet) => received.push(packet));
    let frames = 0;
    socket.on('message', (frame: Buffer) => {
      frames++;
      parser.parse(frame);
    });
    onTestFinished(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    return { socket, received, frames: () => frames };
  };

  it('may cut packets anywhere, and gets each answer in one frame', async () => {
    const hub = await startMqttHub();
    const { socket, received, frames } = await open(await hub.webSocketUrl());
    const bytes = Buffer.concat([connectPacket('pump'), publishPacket('devices/pump/report', 1, 1)].map((packet) => mqttPacket.generate(packet)));
    for (const byte of bytes) socket.send(Buffer.from([byte]));
    await waitUntil(() => received.length === 2, 'CONNACK and PUBACK');
    expect(received.map(({ cmd }) => cmd)).toEqual(['connack', 'puback']);
    expect(frames()).toBe(2);
  });

  it('is closed when it sends text', async () => {
    const hub = await startMqttHub();
    const { socket } = await open(await hub.webSocketUrl());
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send('hello');
    expect(await closed).toBe(1003);
    await waitUntil(() => hub.protocol.counters().connections === 0, 'the connection is gone');
  });

  it('is pushed back while the hub does not read', async () => {
    const hub = await startMqttHub({ held: true, settings: { 'mqtt.receive-maximum': 2 } });
    const { socket, received } = await open(await hub.webSocketUrl());
    socket.send(mqttPacket.generate(connectPacket('pump')));
    await waitUntil(() => received.length === 1, 'CONNACK');
    const payload = 'x'.repeat(100_000);
    for (let id = 1; id <= 300; id++) socket.send(mqttPacket.generate(publishPacket('devices/pump/report', 1, id, payload)));
    await waitUntil(() => hub.waiting.length === 2, 'the window is full');
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.bufferedAmount).toBeGreaterThan(1_000_000);
    for (let next = 0; next < 300; next++) {
      await waitUntil(() => hub.waiting.length > next, `message ${next}`);
      hub.waiting[next]?.store();
    }
    await waitUntil(() => received.length === 301, 'all are acknowledged');
  });
});

describe('the listeners', () => {
  it('name the port that another program holds', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => other.close(() => resolve())));
    const { port } = other.address() as { port: number };
    const failure = await startMqttHub({ settings: { 'mqtt.port': port } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MusterError);
    expect(failure).toMatchObject({ code: 'address_in_use', message: expect.stringContaining(String(port)) });
  });

  it('want a certificate for TLS', async () => {
    await expect(startMqttHub({ settings: { 'mqtts.port': 0 } })).rejects.toMatchObject({ code: 'invalid_settings' });
  });

  it('take TLS 1.2 and newer only', async () => {
    const { cert, key } = selfSigned();
    const hub = await startMqttHub({ settings: { 'mqtt.port': null, 'mqtts.port': 0 }, ports: { tls: { cert, key } } });
    const attempt = (version: 'TLSv1.1' | 'TLSv1.2') =>
      new Promise<string>((resolve) => {
        const socket = connectTls(
          { port: hub.port, host: '127.0.0.1', ca: cert, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' },
          () => resolve('connected'),
        );
        socket.on('error', () => resolve('refused'));
        onTestFinished(() => void socket.destroy());
      });
    expect(await attempt('TLSv1.1')).toBe('refused');
    expect(await attempt('TLSv1.2')).toBe('connected');
  });

  describe('for TLS, when a client goes in the middle of its handshake', () => {
    const started = (timeoutMs: number) => {
      const { cert, key } = selfSigned();
      return startMqttHub({ settings: { 'mqtt.port': null, 'mqtts.port': 0, 'mqtt.connect-timeout-ms': timeoutMs }, ports: { tls: { cert, key } } });
    };
    const leave = (port: number) =>
      new Promise<void>((resolve) => {
        const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(void socket.destroy()));
        socket.on('error', () => resolve());
      });

    it('keep no descriptor of it', async () => {
      const open = () => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
      const hub = await started(300);
      const before = open();
      for (let client = 0; client < 5; client++) await leave(hub.port);
      await waitUntil(() => open() <= before, 'all sockets are closed');
    });

    it('do not wait for it when they stop', async () => {
      const hub = await started(600_000);
      for (let client = 0; client < 5; client++) await leave(hub.port);
      await hub.protocol.stop();
    });
  });

  it('are gone after stop(), which may be called twice', async () => {
    const hub = await startMqttHub();
    const raw = await openRawMqtt(hub.port);
    await Promise.all([hub.protocol.stop(), hub.protocol.stop()]);
    await raw.closed();
    await expect(client(hub.url)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('the registry', () => {
  it('loads the adapter and describes its settings', async () => {
    const { mqtt } = PROTOCOLS;
    expect(Object.keys(SETTINGS).filter((name) => name.startsWith('mqtt')).length).toBeGreaterThan(10);
    expect(mqtt.settings.safeParse({}).success).toBe(false);
    expect(typeof (await mqtt.load()).create).toBe('function');
  });
});
