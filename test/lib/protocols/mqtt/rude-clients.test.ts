import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const OPEN = { settings: { 'mqtt.open': true } };

/** A publish with any bytes as its topic. */
function publishBytes(topic: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x30, topic.length + 2, topic.length >> 8, topic.length & 0xff]), topic]);
}

describe('a rude client', () => {
  it('that announces 268 MB, the most that MQTT can say, is cut before it sends them', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump');
    client.bytes(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    await client.closed();
    expect(hub.protocol.counters().violations).toBe(1);
  });

  it('that announces too much in MQTT 5 is told why', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.packet-bytes-max': 1_000 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    expect((await client.packet('connack')).properties).toMatchObject({ maximumPacketSize: 1_000 });
    client.bytes(Buffer.from([0x30, 0xff, 0x7f]));
    expect((await client.packet('disconnect')).reasonCode).toBe(0x95);
    await client.closed();
  });

  it('that announces too much in its CONNECT is cut', async () => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port);
    client.bytes(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await client.closed();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a CONNECT', Buffer.from([0x10, 0x20, 0, 4, 0x4d])],
  ])('that sends %s is cut after the connect timeout', async (_name, bytes) => {
    const hub = await startMqttHub({ settings: { 'mqtt.connect-timeout-ms': 50 } });
    const client = await openRawMqtt(hub.port);
    client.bytes(bytes);
    await client.closed();
    expect(hub.protocol.counters().connections).toBe(0);
  });

  it('that speaks HTTP is cut at once', async () => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port);
    client.bytes('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.closed();
  });

  it('cannot send anything that is handled before its log-in', async () => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port);
    client.send(connectPacket('pump', { password: Buffer.from('wrong') }), publishPacket('devices/pump/report', 0, 0));
    expect((await client.packet('connack')).returnCode).toBe(4);
    await client.closed();
    expect(hub.messages).toEqual([]);
  });

  it('may send everything in one go when its log-in is right', async () => {
    const hub = await startMqttHub();
    const client = await openRawMqtt(hub.port);
    client.send(connectPacket('pump'), ...Array.from({ length: 300 }, (_, index) => publishPacket('devices/pump/report', 1, index + 1)));
    await client.packet('puback', 299);
    expect(hub.messages).toHaveLength(300);
  });

  it('may send byte by byte', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump');
    const bytes = Buffer.from([0x32, 24, 0, 19, ...Buffer.from('devices/pump/report'), 0, 1, 0x7b]);
    for (const byte of bytes) {
      client.bytes(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.packet('puback')).messageId).toBe(1);
  });

  it.each([
    ['U+0000', Buffer.from('a\0b')],
    ['invalid UTF-8', Buffer.from([0x61, 0xff])],
    ['a lone surrogate', Buffer.from([0xed, 0xa0, 0x80])],
  ])('with %s in a topic is cut, in open mode too', async (_name, topic) => {
    const hub = await startMqttHub(OPEN);
    const client = await signedIn(hub.port, 'anybody', { protocolVersion: 5 });
    client.bytes(Buffer.concat([Buffer.from([0x30, topic.length + 3, 0, topic.length]), topic, Buffer.from([0])]));
    expect((await client.packet('disconnect')).reasonCode).toBe(0x81);
    const old = await signedIn(hub.port, 'anybody');
    old.bytes(publishBytes(topic));
    await old.closed();
  });

  it.each(['a+', '+a', 'a#', 'a/#/b'])('with the malformed filter %s is cut', async (topic) => {
    const hub = await startMqttHub(OPEN);
    const client = await signedIn(hub.port, 'anybody');
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
    await client.closed();
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('called %s, subscribing to %s, does no harm', async (name) => {
    const hub = await startMqttHub(OPEN);
    const client = await signedIn(hub.port, 'anybody', { clientId: name });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: name, qos: 1 }] });
    await client.packet('suback');
    client.send(publishPacket(name, 1, 2, 'hello'));
    expect((await client.packet('publish')).topic).toBe(name);
    const again = await signedIn(hub.port, 'anybody', { clientId: name });
    await client.closed();
    expect(again.isClosed()).toBe(false);
  });

  it('without or with 0 as packet identifier is cut', async () => {
    const hub = await startMqttHub(OPEN);
    for (const bytes of [Buffer.from([0x32, 5, 0, 1, 0x61, 0, 0]), Buffer.from([0x32, 3, 0, 1, 0x61])]) {
      const client = await signedIn(hub.port, 'anybody');
      client.bytes(bytes);
      await client.closed();
    }
  });

  it('that never reads does not make the hub keep everything for it', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.open': true, 'mqtt.write-buffer-bytes-max': 10_000 } });
    const slow = await signedIn(hub.port, 'slow', { clientId: 'slow' });
    slow.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'big', qos: 0 }] });
    await slow.packet('suback');
    slow.socket.pause();
    const fast = await signedIn(hub.port, 'fast', { clientId: 'fast' });
    const payload = 'x'.repeat(500_000);
    for (let id = 1; hub.protocol.counters().dropped < 10; id++) {
      fast.send(publishPacket('big', 1, id, payload));
      // The one who publishes is not held up by the one who does not read.
      await fast.packet('puback', id - 1);
      expect(id).toBeLessThan(200);
    }
  });

  it('that pings without reading the answers is not read any more', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.write-buffer-bytes-max': 1_000 } });
    const client = await signedIn(hub.port, 'pump');
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 50_000 }, () => Buffer.from([0xc0, 0])));
    let isPushedBack = false;
    for (let round = 0; round < 400 && !isPushedBack; round++) {
      isPushedBack = !client.socket.write(pings) && client.socket.writableLength > 5_000_000;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isPushedBack).toBe(true);
  });

  it('among too many is refused in words', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.connections-max': 1 } });
    await signedIn(hub.port, 'pump');
    const late = await openRawMqtt(hub.port);
    late.send(connectPacket('gw'));
    expect((await late.packet('connack')).returnCode).toBe(3);
    await late.closed();
  });

  it('that resets its connection does no harm', async () => {
    const hub = await startMqttHub();
    const socket = connect(hub.port, '127.0.0.1', () => socket.resetAndDestroy());
    socket.on('error', () => {});
    await waitUntil(() => socket.destroyed, 'the socket is reset');
    await signedIn(hub.port, 'pump');
  });
});
