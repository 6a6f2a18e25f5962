import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import {
  byte,
  type ConnectFields,
  connect,
  disconnect,
  packet,
  pingreq,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
  type Version,
} from '../../../../helpers/mqtt-packets.ts';
import { waitUntil } from '../../../../helpers/wait-until.ts';
import { BOTH } from './versions.ts';

const it = conformance();
const MALFORMED = [0x81, 0x82];

/** The body of a CONNECT, to cut it or to put it under another first byte. */
function bodyOf(version: Version, fields: ConnectFields): Buffer {
  const whole = connect(fields)(version);
  return whole.subarray(2);
}

describe.concurrent.each(BOTH)('CONNECT in %s', (_name, version) => {
  it('is answered by CONNACK with no session present, and by nothing else [MQTT-3.2.0-1] [MQTT-3.2.2-1]', async ({ wire }) => {
    const client = await wire.connect(version);
    expect(client.connack).toMatchObject({ code: 0, sessionPresent: false });
    await client.ping();
    expect(client.received.map(({ type }) => type)).toEqual(['connack', 'pingresp']);
  });

  it.for([
    ['PUBLISH', publish('a', { payload: 'x' })],
    ['PUBLISH with QoS 1', publish('a', { qos: 1, id: 1 })],
    ['PUBACK', puback(1)],
    ['PUBREC', pubrec(1)],
    ['PUBREL', pubrel(1)],
    ['PUBCOMP', pubcomp(1)],
    ['SUBSCRIBE', subscribe(1, ['a'])],
    ['UNSUBSCRIBE', unsubscribe(1, ['a'])],
    ['PINGREQ', pingreq()],
    ['DISCONNECT', disconnect()],
    ['CONNACK', byte(0x20, 2, 0, 0)],
    ['a reserved packet', byte(0x00, 0)],
    ['AUTH', byte(0xf0, 0)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS', byte(0x16, 0x03, 0x01, 0x00, 0x05, 1, 0, 0, 1, 0)],
    ['zeros', Buffer.alloc(64)],
  ] as const)('has to come first: %s before it ends the connection without an answer [MQTT-3.1.0-1]', async ([, bytes], { wire }) => {
    const client = await wire.open(version);
    client.send(bytes);
    await client.closed();
    expect(client.received.filter(({ type }) => type !== 'disconnect' && type !== 'connack')).toEqual([]);
  });

  it('ends the connection when it comes a second time [MQTT-3.1.0-2]', async ({ wire }) => {
    const client = await wire.connect(version);
    client.send(connect({ clientId: wire.id('second') }));
    await client.refused(...MALFORMED);
    expect(client.received.filter(({ type }) => type === 'connack')).toHaveLength(1);
  });

  it.for([
    ['MQTTT', 'a protocol name with a letter more'],
    ['mqtt', 'a protocol name in small letters'],
    ['MQT', 'a protocol name with a letter less'],
    ['', 'no protocol name'],
  ] as const)('is refused with "%s", %s [MQTT-3.1.2-1]', async ([protocolName], { wire }) => {
    const client = await wire.open(version);
    client.send(connect({ protocolName, clientId: wire.id() }));
    await client.closed();
    expect(client.received.filter((answer) => answer.type !== 'connack' || answer.code === 0)).toEqual([]);
  });

  it.for([
    ['the reserved flag [MQTT-3.1.2-3]', { flags: 0x03 }],
    ['will QoS without a will [MQTT-3.1.2-11]', { flags: 0x0a }],
    ['will retain without a will [MQTT-3.1.2-15]', { flags: 0x22 }],
    ['will QoS 3 [MQTT-3.1.2-14]', { flags: 0x1e, will: { topic: 'w' } }],
    ['a user name that is announced and missing [MQTT-3.1.2-19]', { flags: 0x82 }],
    ['a will that is announced and missing [MQTT-3.1.2-9]', { flags: 0x06 }],
    ['bytes after the last field', { extra: byte(0) }],
    ['a user name that is there and not announced [MQTT-3.1.2-18]', { flags: 0x02, username: 'u' }],
    ['a will with an empty topic', { will: { topic: '' } }],
    ['a will with a wildcard in its topic', { will: { topic: 'a/#' } }],
    ['a will with U+0000 in its topic [MQTT-3.1.3-10]', { will: { topic: 'a\0' } }],
    ['a will topic that is no UTF-8 [MQTT-3.1.3-10]', { will: { topic: byte(0x61, 0xff) } }],
    ['a user name that is no UTF-8 [MQTT-3.1.3-11]', { username: byte(0xc3, 0x28), password: 'p' }],
    ['a user name with U+0000 [MQTT-1.5.3-2]', { username: 'a\0b', password: 'p' }],
  ] as readonly [string, ConnectFields][])('is refused with %s', async ([, fields], { wire }) => {
    const client = await wire.open(version);
    client.send(connect({ clientId: wire.id(), ...fields }));
    await client.closed();
    expect(client.received.filter((answer) => !('code' in answer) || answer.code === 0)).toEqual([]);
  });

  it('is refused when it is cut off at any place', async ({ wire }) => {
    const fields = { clientId: wire.id(), will: { topic: 'w', payload: 'x' }, username: 'u', password: 'p' };
    const body = bodyOf(version, fields);
    const cuts = Array.from({ length: body.length }, (_, length) => packet(0x10, body.subarray(0, length)));
    for (const bytes of cuts) {
      const client = await wire.open(version);
      client.send(bytes);
      await client.closed();
      expect(client.received.filter((answer) => !('code' in answer) || answer.code === 0)).toEqual([]);
    }
  });

  it.for([1, 2, 4, 8, 15])('is refused with the flags %i in its first byte [MQTT-2.2.2-2]', async (flags, { wire }) => {
    const client = await wire.open(version);
    client.send(packet(0x10 | flags, bodyOf(version, { clientId: wire.id() })));
    await client.closed();
    expect(client.received.filter((answer) => !('code' in answer) || answer.code === 0)).toEqual([]);
  });

  it.for([
    ['U+0000', 'a\0b'],
    ['a byte that is no UTF-8', byte(0x61, 0xff)],
    ['an overlong form', byte(0xc0, 0x80)],
    ['a surrogate', byte(0xed, 0xa0, 0x80)],
    ['a character that is cut off', byte(0x61, 0xe2, 0x82)],
  ] as const)('is refused with %s in the client identifier [MQTT-3.1.3-4] [MQTT-1.5.3-1] [MQTT-1.5.3-2]', async ([, clientId], { wire }) => {
    const client = await wire.open(version);
    client.send(connect({ clientId }));
    await client.closed();
    expect(client.received.filter((answer) => !('code' in answer) || answer.code === 0)).toEqual([]);
  });

  it.for([
    ['one letter', 'Z'],
    ['23 letters and digits [MQTT-3.1.3-5]', '0123456789abcdefghijABC'],
    ['200 letters', 'x'.repeat(200)],
    ['letters of the world', 'Zähler-温度-🌡'],
    ['spaces, slashes and wildcards', 'a b/+/#/$x'],
  ] as const)('is accepted with a client identifier of %s', async ([, clientId], { wire }) => {
    await wire.connect(version, { clientId });
  });

  it('is accepted with an empty client identifier and a clean session, by several clients at once [MQTT-3.1.3-6] [MQTT-3.1.3-7]', async ({ wire }) => {
    const one = await wire.connect(version, { clientId: '' });
    const other = await wire.connect(version, { clientId: '' });
    await other.ping();
    await one.ping();
  });

  it('takes every packet that follows it in the same write, before CONNACK is out', async ({ wire }) => {
    const client = await wire.open(version);
    const topic = wire.topic();
    client.send(connect({ clientId: wire.id() }), subscribe(1, [[topic, 1]]), publish(topic, { qos: 1, id: 2, payload: 'early' }), pingreq());
    expect((await client.take('connack')).code).toBe(0);
    expect((await client.take('suback')).codes).toEqual([1]);
    expect((await client.take('puback')).id).toBe(2);
    expect(await client.receive()).toMatchObject({ payload: 'early' });
    await client.take('pingresp');
    expect(client.received[0]?.type).toBe('connack');
  });

  it('and all that follows may come byte by byte', async ({ wire }) => {
    const client = await wire.open(version);
    const topic = wire.topic();
    for (const part of [connect({ clientId: wire.id() }), subscribe(1, [[topic, 2]]), publish(topic, { qos: 1, id: 2, payload: 'slow' }), pingreq()])
      for (const one of typeof part === 'function' ? part(version) : part) {
        client.send(byte(one));
        await new Promise((resolve) => setImmediate(resolve));
      }
    expect((await client.take('connack')).code).toBe(0);
    expect((await client.take('suback')).codes).toEqual([2]);
    expect(await client.receive()).toMatchObject({ payload: 'slow', qos: 1 });
    await client.take('pingresp');
  });

  it('that is refused leaves nothing open, and nothing after it is looked at [MQTT-3.1.4-5]', async ({ wire }) => {
    const topic = wire.topic();
    const listener = await wire.connect(version);
    await listener.subscribe(topic);
    const client = await wire.open(version);
    client.send(connect({ clientId: wire.id(), flags: 0x03 }), publish(topic, { payload: 'smuggled' }));
    await client.closed();
    await listener.publish(topic, 'fence');
    expect((await listener.receive()).payload).toBe('fence');
  });

  it('with a client identifier in use ends the older connection [MQTT-3.1.4-2]', async ({ wire }) => {
    const older = await wire.connect(version, { clientId: wire.id() });
    const newer = await wire.connect(version, { clientId: wire.id() });
    await older.refused(0x8e);
    await newer.ping();
  });

  it('with a client identifier in use, twenty times in a row, leaves the last one', async ({ wire }) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => wire.open(version)));
    for (const client of clients) client.send(connect({ clientId: wire.id() }));
    const answers = await Promise.all(
      clients.map((client) =>
        client.take('connack').then(
          ({ code }) => code,
          () => null,
        ),
      ),
    );
    expect(answers).toContain(0);
    await waitUntil(() => clients.filter(({ isClosed }) => !isClosed).length === 1, 'one is left');
  });

  it('with fields as long as can be is accepted: will, user name and password of 65,535 bytes each', async ({ wire }) => {
    const longest = 'x'.repeat(65_535);
    const witness = await wire.connect(version);
    await witness.subscribe(wire.topic());
    const client = await wire.connect(version, { will: { topic: wire.topic(), payload: longest }, username: longest, password: longest });
    await client.drop();
    expect((await witness.receive()).payload).toBe(longest);
  });

  it('with user name and password is accepted where nobody asks for them', async ({ wire }) => {
    await wire.connect(version, { username: 'anybody', password: byte(0, 0xff, 1) });
    await wire.connect(version, { username: '', password: '' });
  });
});

describe.concurrent('CONNECT in MQTT 3.1.1', () => {
  it('is refused with 0x02 when the client identifier is empty and the session not clean, and closed [MQTT-3.1.3-8] [MQTT-3.2.2-4]', async ({ wire }) => {
    const client = await wire.open(4);
    client.send(connect({ clientId: '', clean: false }));
    expect(await client.take('connack')).toMatchObject({ code: 2, sessionPresent: false });
    await client.closed();
  });

  it('is refused when it has a password and no user name [MQTT-3.1.2-22]', async ({ wire }) => {
    const client = await wire.open(4);
    client.send(connect({ clientId: wire.id(), password: 'p' }));
    await client.closed();
    expect(client.received.filter((answer) => !('code' in answer) || answer.code === 0)).toEqual([]);
  });
});

describe.concurrent('CONNECT of MQTT 3.1', () => {
  it('is accepted, and messages flow [MQTT 3.1 section 3.1]', async ({ wire }) => {
    const client = await wire.connect(3, { clientId: wire.id().slice(-23) });
    await client.subscribe([wire.topic(), 2]);
    await client.publish(wire.topic(), 'old', { qos: 2 });
    expect(await client.receive()).toMatchObject({ payload: 'old', qos: 2 });
  });

  it('is refused with 0x02 when the client identifier is empty [MQTT 3.1 section 3.1]', async ({ wire }) => {
    const client = await wire.open(3);
    client.send(connect({ clientId: '' }));
    expect((await client.take('connack')).code).toBe(2);
    await client.closed();
  });

  it('keeps a session, without a word about it in CONNACK', async ({ wire }) => {
    const fields = { clientId: wire.id('kept').slice(-23), clean: false };
    const first = await wire.connect(3, fields);
    await first.subscribe([wire.topic(), 1]);
    await first.end();
    const sender = await wire.connect(4);
    await sender.publish(wire.topic(), 'waited', { qos: 1 });
    const second = await wire.connect(3, fields);
    expect(await second.receive()).toMatchObject({ payload: 'waited' });
  });
});

describe.concurrent('A protocol level that nobody speaks', () => {
  it.for([0, 1, 2, 6, 127, 255])('%i is refused with 0x01, or 0x84 in the form of MQTT 5, and closed [MQTT-3.1.2-2]', async (level, { wire }) => {
    const client = await wire.open(4);
    const bytes: Buffer[] = [];
    client.stream.on('data', (chunk: Buffer) => bytes.push(chunk));
    client.send(connect({ clientId: wire.id(), level }));
    await waitUntil(() => client.isClosed, 'the connection is closed');
    expect(Buffer.concat(bytes).toString('hex')).toMatch(/^(20020001$|20..0084)/);
  });

  it.for([
    ['MQIsdp', 4],
    ['MQIsdp', 5],
    ['MQTT', 3],
  ] as const)('%s with level %i is refused', async ([protocolName, level], { wire }) => {
    const client = await wire.open(4);
    client.send(connect({ protocolName, level, clientId: wire.id() }));
    await waitUntil(() => client.isClosed, 'the connection is closed');
    expect(client.received.filter((answer) => answer.type === 'connack' && answer.code === 0)).toEqual([]);
  });
});
