import { describe, expect, onTestFinished } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { conformance, type Wire } from '../../../../helpers/conformance.ts';
import { byte, connect, pingreq, publish, subscribe } from '../../../../helpers/mqtt-packets.ts';
import { type Answer, createReader } from '../../../../helpers/mqtt-reader.ts';
import { waitUntil } from '../../../../helpers/wait-until.ts';
import { isForeign, WireClient } from '../../../../helpers/wire-client.ts';

const it = conformance();

async function openWebSocket(wire: Wire, protocol: string | string[] = 'mqtt'): Promise<WebSocket> {
  const socket = new WebSocket(`${wire.hub().url.replace('http', 'ws')}/mqtt`, protocol);
  onTestFinished(() => socket.terminate());
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject));
  return socket;
}

async function client(
  wire: Wire,
): Promise<{ readonly socket: WebSocket; readonly received: Answer[]; took(type: Answer['type'], count?: number): Promise<void> }> {
  const socket = await openWebSocket(wire);
  const received: Answer[] = [];
  const reader = createReader(4, (packet) => received.push(packet));
  socket.on('message', (frame: Buffer, isBinary) => {
    expect(isBinary).toBe(true);
    reader.push(frame);
  });
  return {
    socket,
    received,
    took: (type, count = 1) => waitUntil(() => received.filter((packet) => packet.type === type).length >= count, `${count} ${type}`),
  };
}

const closed = (socket: WebSocket) => waitUntil(() => socket.readyState === WebSocket.CLOSED, 'the WebSocket is closed');

describe.skipIf(isForeign)('MQTT over WebSocket', () => {
  it('is spoken as subprotocol mqtt [MQTT-6.0.0-4]', async ({ wire }) => {
    expect((await openWebSocket(wire)).protocol).toBe('mqtt');
    expect((await openWebSocket(wire, ['something', 'mqtt'])).protocol).toBe('mqtt');
  });

  it('has packets spread over frames, down to a byte each [MQTT-6.0.0-2]', async ({ wire }) => {
    const { socket, received, took } = await client(wire);
    for (const one of Buffer.concat([connect({ clientId: wire.id() })(4), subscribe(1, [wire.topic()])(4), publish(wire.topic(), { payload: 'x' })(4)]))
      socket.send(byte(one));
    await took('publish');
    expect(received.map(({ type }) => type)).toEqual(['connack', 'suback', 'publish']);
  });

  it('has several packets in a frame, and the end of one with the start of the next [MQTT-6.0.0-2]', async ({ wire }) => {
    const { socket, took } = await client(wire);
    const bytes = Buffer.concat([
      connect({ clientId: wire.id() })(4),
      subscribe(1, [wire.topic()])(4),
      ...Array.from({ length: 20 }, () => publish(wire.topic(), { payload: 'x' })(4)),
      pingreq(),
    ]);
    for (let at = 0; at < bytes.length; at += 37) socket.send(bytes.subarray(at, at + 37));
    await took('pingresp');
    await took('publish', 20);
  });

  it('has frames that are themselves in fragments', async ({ wire }) => {
    const { socket, took } = await client(wire);
    const bytes = Buffer.concat([connect({ clientId: wire.id() })(4), pingreq()]);
    socket.send(bytes.subarray(0, 5), { fin: false });
    socket.send(bytes.subarray(5, 9), { fin: false });
    socket.send(bytes.subarray(9), { fin: true });
    await took('pingresp');
  });

  it('has frames without a byte in them', async ({ wire }) => {
    const { socket, took } = await client(wire);
    socket.send(Buffer.alloc(0));
    socket.send(connect({ clientId: wire.id() })(4));
    socket.send(Buffer.alloc(0));
    socket.send(pingreq());
    await took('pingresp');
  });

  it('ends with a text frame [MQTT-6.0.0-1]', async ({ wire }) => {
    const { socket, took } = await client(wire);
    socket.send(connect({ clientId: wire.id() })(4));
    await took('connack');
    socket.send('hello');
    await closed(socket);
  });

  it.for([
    ['a packet that is not CONNECT', pingreq()],
    ['a length of five bytes', byte(0x10, 0x80, 0x80, 0x80, 0x80, 1)],
    ['268 MB announced', byte(0x10, 0xff, 0xff, 0xff, 0x7f)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ] as const)('ends with %s at its start', async ([, bytes], { wire }) => {
    const { socket, received } = await client(wire);
    socket.send(bytes);
    await closed(socket);
    expect(received).toEqual([]);
  });

  it('does not mind a frame shorter than the packet that it announces: the rest comes, or never', async ({ wire }) => {
    const { socket, took } = await client(wire);
    socket.send(connect({ clientId: wire.id() })(4));
    await took('connack');
    socket.send(byte(0x30, 0xf0, 0x01, 0, 1, 0x61));
    const other = await client(wire);
    other.socket.send(connect({ clientId: wire.id('other') })(4));
    await other.took('connack');
    socket.send(Buffer.alloc(237, 0x78));
    socket.send(pingreq());
    await took('pingresp');
  });

  it('closes after a refused CONNECT', async ({ wire }) => {
    const { socket, received } = await client(wire);
    socket.send(connect({ clientId: '', clean: false })(4));
    await closed(socket);
    expect(received).toMatchObject([{ type: 'connack', code: 2 }]);
  });

  it('speaks MQTT 5, and with clients of TCP', async ({ wire }) => {
    const stream = createWebSocketStream(await openWebSocket(wire));
    stream.on('error', () => {});
    stream.on('end', () => stream.destroy());
    const web = new WireClient(stream, 5);
    web.send(connect({ clientId: wire.id('web') }));
    expect((await web.take('connack')).code).toBe(0);
    await web.subscribe([wire.topic(), 2]);
    await (await wire.connect(5)).publish(wire.topic(), 'across', { qos: 2, properties: [['userProperty', ['a', 'b']]] });
    expect(await web.receive()).toMatchObject({ payload: 'across', qos: 2, properties: { userProperty: [['a', 'b']] } });
    web.send(byte(0x00, 0));
    await web.refused(0x81, 0x82);
  });
});
