import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { connect, puback, pubcomp, publish, pubrec, pubrel } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();
const LEVELS = [0, 1, 2] as const;
const PAIRS = LEVELS.flatMap((published) => LEVELS.map((subscribed) => [published, subscribed] as const));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe.concurrent.each(BOTH)('Delivery in %s', (_name, version) => {
  it.for(PAIRS)('of QoS %i to a subscription of QoS %i has the lower of both [MQTT-3.8.4-6] [MQTT-3.8.4-8]', async ([published, subscribed], { wire }) => {
    const listener = await wire.connect(version);
    expect((await listener.subscribe([wire.topic(), subscribed])).codes).toEqual([subscribed]);
    const sender = await wire.connect(version);
    expect(await sender.publish(wire.topic(), 'hello', { qos: published })).toBe(0);
    const message = await listener.receive();
    expect(message).toMatchObject({ topic: wire.topic(), payload: 'hello', qos: Math.min(published, subscribed), retain: false, dup: false });
    await sender.publish(wire.topic(), 'fence', { qos: published });
    expect((await listener.receive()).payload).toBe('fence');
  });

  it.for([
    ['nothing', Buffer.alloc(0)],
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
    ['127 bytes', Buffer.alloc(127, 1)],
    ['16,384 bytes', Buffer.alloc(16_384, 2)],
    ['300,000 bytes', Buffer.alloc(300_000, 3)],
  ] as const)('of a payload of %s leaves it as it is [section 3.3.3]', async ([, payload], { wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 1]);
    await client.publish(wire.topic(), payload, { qos: 1 });
    expect(Buffer.from((await client.receive()).payload, 'latin1').equals(payload)).toBe(true);
  });

  it.for([126, 127, 128, 129, 16_382, 16_383, 16_384, 16_385, 600_000])(
    'of a packet whose length is about %i, in pieces of every kind, leaves it as it is [section 2.2.3]',
    async (about, { wire }) => {
      const client = await wire.connect(version);
      await client.subscribe(wire.topic());
      const payload = Buffer.alloc(about - 2 - wire.topic().length - (version === 5 ? 1 : 0), 0x78);
      const bytes = publish(wire.topic(), { payload })(version);
      for (const piece of [1, 2, 3, 5, 1_000, 65_536]) {
        if (bytes.length / piece > 400) continue;
        for (let at = 0; at < bytes.length; at += piece) {
          client.send(bytes.subarray(at, at + piece));
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await client.receive()).payload.length).toBe(payload.length);
      }
    },
  );

  it.for([
    ['65,535 bytes', 'x'.repeat(65_500)],
    ['letters of the world', 'Zürich/温度/🌡'],
    ['a byte order mark, which is a character like others [MQTT-1.5.3-3]', '\uFEFFx'],
    ['spaces', ' a / b '],
    ['names of JavaScript', '__proto__/constructor'],
  ] as const)('goes to a topic of %s as it is [MQTT-4.7.3-4]', async ([, name], { wire }) => {
    const topic = name.length > 1_000 ? wire.topic('').padEnd(65_535, 'x') : wire.topic(name);
    const client = await wire.connect(version);
    expect((await client.subscribe(topic)).codes).toEqual([0]);
    await client.publish(topic, 'x');
    expect((await client.receive()).topic).toBe(topic);
  });

  it.for(LEVELS)('with QoS %i keeps the order of one sender [MQTT-4.6.0-5] [MQTT-4.6.0-6]', async (qos, { wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe([wire.topic(), qos]);
    const sender = await wire.connect(version, {});
    const receiving = listener.receiveMany(120);
    for (const payload of numbers(120)) await sender.publish(wire.topic(), payload, { qos });
    expect((await receiving).map(({ payload }) => payload)).toEqual(numbers(120));
  });

  it('of many messages in one write answers each of them, in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]', async ({ wire }) => {
    const client = await wire.connect(version);
    // The smallest receive maximum that brokers are known to give.
    const ids = numbers(20).map((_, index) => 100 + index);
    client.send(...ids.map((id) => publish(wire.topic(), { qos: 1, id })));
    expect((await client.takeMany('puback', 20)).map(({ id }) => id)).toEqual(ids);
    client.send(...ids.map((id) => publish(wire.topic(), { qos: 2, id })));
    expect((await client.takeMany('pubrec', 20)).map(({ id }) => id)).toEqual(ids);
    client.send(...ids.map((id) => pubrel(id)));
    expect((await client.takeMany('pubcomp', 20)).map(({ id }) => id)).toEqual(ids);
  });

  it('under identifiers of its own: client and server may use the same at the same time [section 2.3.1]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 2]);
    for (const id of [1, 2, 3]) client.send(publish(wire.topic(), { qos: 2, id, payload: String(id) }));
    for (const id of [1, 2, 3]) expect((await client.take('pubrec')).id).toBe(id);
    client.send(pubrel(1), pubrel(2), pubrel(3));
    for (const id of [1, 2, 3]) expect((await client.take('pubcomp')).id).toBe(id);
    const messages = await client.takeMany('publish', 3);
    expect(messages.map(({ payload }) => payload)).toEqual(['1', '2', '3']);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(3);
    for (const { id } of messages) client.send(pubrec(id));
    for (const { id } of messages) expect((await client.take('pubrel')).id).toBe(id);
    for (const { id } of messages) client.send(pubcomp(id));
    await client.ping();
  });

  it('under identifiers that no unacknowledged message has [MQTT-2.3.1-4]', async ({ wire }) => {
    const listener = await wire.connect(version, version === 5 ? { properties: [['receiveMaximum', 10]] } : {});
    await listener.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(version);
    for (const payload of numbers(5)) await sender.publish(wire.topic(), payload, { qos: 1 });
    const held = await listener.takeMany('publish', 5);
    for (let round = 0; round < 20; round++) {
      await sender.publish(wire.topic(), 'more', { qos: 1 });
      expect(held.map(({ id }) => id)).not.toContain((await listener.receive()).id);
    }
    // Acknowledged in any order.
    for (const { id } of held.reverse()) listener.send(puback(id));
    await sender.publish(wire.topic(), 'last', { qos: 1 });
    expect((await listener.receive()).payload).toBe('last');
  });

  it('takes an identifier again as soon as it is free [MQTT-2.3.1-3]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 0]);
    for (const payload of numbers(5)) await client.publish(wire.topic(), payload, { qos: 2, id: 7 });
    for (const payload of numbers(5)) await client.publish(wire.topic(), payload, { qos: 1, id: 7 });
    expect((await client.receiveMany(10)).map(({ payload }) => payload)).toEqual([...numbers(5), ...numbers(5)]);
    await client.publish(wire.topic(), 'largest', { qos: 2, id: 65_535 });
    expect((await client.receive()).payload).toBe('largest');
  });

  it('of QoS 2 happens once, also when PUBLISH and PUBREL are sent again [MQTT-4.3.3-2]', async ({ wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe([wire.topic(), 2]);
    const sender = await wire.connect(version);
    sender.send(publish(wire.topic(), { qos: 2, id: 9, payload: 'once' }));
    expect(await sender.take('pubrec')).toMatchObject({ id: 9 });
    sender.send(publish(wire.topic(), { qos: 2, id: 9, payload: 'once', dup: true }));
    const repeated = await sender.take('pubrec');
    expect(repeated.id).toBe(9);
    expect(repeated.code).toBeLessThan(0x80);
    sender.send(pubrel(9));
    expect(await sender.take('pubcomp')).toMatchObject({ id: 9, code: 0 });
    sender.send(pubrel(9));
    expect((await sender.take('pubcomp')).id).toBe(9);
    await sender.publish(wire.topic(), 'fence', { qos: 2, id: 9 });
    expect((await listener.receiveMany(2)).map(({ payload }) => payload)).toEqual(['once', 'fence']);
    expect(listener.left('publish')).toEqual([]);
  });

  it('of QoS 2 ends when PUBREL comes with PUBLISH in one write, and the identifier is free again', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 0]);
    for (const payload of numbers(3)) {
      client.send(publish(wire.topic(), { qos: 2, id: 5, payload }), pubrel(5));
      expect((await client.take('pubrec')).id).toBe(5);
      expect((await client.take('pubcomp')).id).toBe(5);
    }
    expect((await client.receiveMany(3)).map(({ payload }) => payload)).toEqual(numbers(3));
  });

  it.for(LEVELS)('of a message of QoS %i that comes with DISCONNECT in one write happens', async (qos, { wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe([wire.topic(), qos]);
    const sender = await wire.connect(version);
    const id = qos === 0 ? {} : { id: 1 };
    sender.send(publish(wire.topic(), { qos, payload: 'last words', ...id }), ...(qos === 2 ? [pubrel(1)] : []), Buffer.from([0xe0, 0]));
    await sender.closed();
    expect((await listener.receive()).payload).toBe('last words');
  });

  it('does not pass DUP of the sender on [MQTT-3.3.1-3]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 2]);
    for (const qos of [1, 2] as const) {
      await client.publish(wire.topic(), 'x', { qos, dup: true });
      expect((await client.receive()).dup).toBe(false);
    }
  });

  it('of QoS 2 repeats PUBREL when PUBREC comes again [MQTT-4.3.3-1]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 2]);
    await client.publish(wire.topic(), 'x', { qos: 2 });
    const { id } = await client.take('publish');
    client.send(pubrec(id));
    expect(await client.take('pubrel')).toMatchObject({ id, code: 0 });
    client.send(pubrec(id));
    expect((await client.take('pubrel')).id).toBe(id);
    client.send(pubcomp(id));
    await client.ping();
    expect(client.left('publish')).toEqual([]);
  });

  it('goes on after acknowledgements of identifiers that are not in use [section 4.4]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 2]);
    client.send(puback(4_711), pubcomp(4_712));
    client.send(pubrel(4_713));
    // 0x92: packet identifier not found.
    expect(await client.take('pubcomp')).toMatchObject({ id: 4_713, code: version === 5 ? 0x92 : 0 });
    client.send(pubrec(4_714));
    const pubrelOfNothing = await client.take('pubrel');
    expect(pubrelOfNothing).toMatchObject({ id: 4_714, code: version === 5 ? 0x92 : 0 });
    await client.publish(wire.topic(), 'still here', { qos: 2 });
    expect((await client.receive()).payload).toBe('still here');
  });

  it('goes on after an acknowledgement of the wrong kind', async ({ wire }) => {
    const client = await wire.connect(version, version === 5 ? { properties: [['receiveMaximum', 20]] } : {});
    await client.subscribe([
      [wire.topic('one'), 1],
      [wire.topic('two'), 2],
    ]);
    await client.publish(wire.topic('one'), 'x', { qos: 1 });
    const one = await client.take('publish');
    client.send(puback(one.id), puback(one.id));
    await client.publish(wire.topic('two'), 'y', { qos: 2 });
    const two = await client.take('publish');
    client.send(pubcomp(two.id));
    const next = await wire.connect(version);
    await next.subscribe([wire.topic('two'), 1]);
    await next.publish(wire.topic('two'), 'z', { qos: 1 });
    expect((await next.receive()).payload).toBe('z');
  });

  it('reaches the one who sent it, when it is subscribed [section 4.7]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 1]);
    await client.publish(wire.topic(), 'mine', { qos: 1 });
    expect((await client.receive()).payload).toBe('mine');
  });

  it('reaches a hundred subscribers', async ({ wire }) => {
    const listeners = await Promise.all(numbers(100).map(() => wire.connect(version)));
    await Promise.all(listeners.map((listener) => listener.subscribe([wire.topic(), 1])));
    await (await wire.connect(version)).publish(wire.topic(), 'all', { qos: 1 });
    expect((await Promise.all(listeners.map((listener) => listener.receive()))).map(({ payload }) => payload)).toEqual(listeners.map(() => 'all'));
  });

  it('reaches clients of the other version', async ({ wire }) => {
    const other = await wire.connect(version === 5 ? 4 : 5);
    await other.subscribe([wire.topic(), 2]);
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'across', { qos: 2 });
    expect(await other.receive()).toMatchObject({ payload: 'across', qos: 2 });
  });

  it('answers PINGREQ with PINGRESP [MQTT-3.12.4-1]', async ({ wire }) => {
    const client = await wire.connect(version);
    for (let round = 0; round < 50; round++) await client.ping();
  });

  it('ends with DISCONNECT: the server closes and looks at nothing that follows [MQTT-3.14.4-1]', async ({ wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe(wire.topic());
    const client = await wire.connect(version);
    client.send(Buffer.from([0xe0, 0]), publish(wire.topic(), { payload: 'too late' }), connect({ clientId: wire.id() }));
    await client.closed();
    await listener.publish(wire.topic(), 'fence');
    expect((await listener.receive()).payload).toBe('fence');
    expect(client.received.map(({ type }) => type)).toEqual(['connack']);
  });
});

describe.concurrent('Delivery in MQTT 5', () => {
  it.for([1, 2] as const)('with QoS %i says when nobody was there: 0x10 [section 3.4.2.1]', async (qos, { wire }) => {
    const client = await wire.connect(5);
    expect(await client.publish(wire.topic('nobody'), 'x', { qos })).toBe(0x10);
    await client.subscribe(wire.topic('somebody'));
    expect(await client.publish(wire.topic('somebody'), 'x', { qos })).toBe(0);
  });

  it('of QoS 2 ends when the receiver refuses in PUBREC: the identifier is free and no PUBREL follows [MQTT-4.3.3-4]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['receiveMaximum', 1]] });
    await client.subscribe([wire.topic(), 2]);
    await client.publish(wire.topic(), 'no', { qos: 2 });
    client.send(pubrec((await client.take('publish')).id, 0x97));
    await client.publish(wire.topic(), 'yes', { qos: 2 });
    expect((await client.receive()).payload).toBe('yes');
    expect(client.received.filter(({ type }) => type === 'pubrel')).toHaveLength(1);
  });

  it('of QoS 1 ends when the receiver refuses in PUBACK', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['receiveMaximum', 1]] });
    await client.subscribe([wire.topic(), 1]);
    await client.publish(wire.topic(), 'no', { qos: 1 });
    client.send(puback((await client.take('publish')).id, 0x80, [['reasonString', 'no room']]));
    await client.publish(wire.topic(), 'yes', { qos: 1 });
    expect((await client.receive()).payload).toBe('yes');
  });

  it('passes everything on that the sender says of the payload, user properties in order [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]', async ({
    wire,
  }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 1]);
    const pairs = [
      ['b', '2'],
      ['a', '1'],
      ['b', '2'],
      ['', ''],
      ['ключ', '値'],
    ] as const;
    await client.publish(wire.topic(), '{}', {
      qos: 1,
      properties: [
        ['payloadFormatIndicator', 1],
        ['contentType', 'application/json; x="ü"'],
        ['responseTopic', 'answers/here'],
        ['correlationData', Buffer.from([0, 255, 1])],
        ...pairs.map((pair) => ['userProperty', pair] as const),
      ],
    });
    expect((await client.receive()).properties).toEqual({
      payloadFormatIndicator: 1,
      contentType: 'application/json; x="ü"',
      responseTopic: 'answers/here',
      correlationData: Buffer.from([0, 255, 1]),
      userProperty: pairs,
    });
  });

  it('passes large properties on: a hundred pairs of a hundred bytes, and 60,000 bytes in one', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 1]);
    const pairs = numbers(100).map((number) => [number, 'v'.repeat(100)] as const);
    await client.publish(wire.topic(), 'x', { qos: 1, properties: pairs.map((pair) => ['userProperty', pair] as const) });
    expect((await client.receive()).properties.userProperty).toEqual(pairs);
    await client.publish(wire.topic(), 'x', { qos: 1, properties: [['correlationData', Buffer.alloc(60_000, 7)]] });
    expect((await client.receive()).properties.correlationData).toEqual(Buffer.alloc(60_000, 7));
  });

  it('passes them to nobody of an older version', async ({ wire }) => {
    const older = await wire.connect(4);
    await older.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'plain', {
      qos: 1,
      properties: [
        ['userProperty', ['a', 'b']],
        ['contentType', 'text/plain'],
      ],
    });
    expect(await older.receive()).toMatchObject({ payload: 'plain', properties: {} });
  });

  it('does not send a message again while the connection lasts [MQTT-4.4.0-1]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 1]);
    await client.publish(wire.topic(), 'unanswered', { qos: 1 });
    await client.take('publish');
    for (let round = 0; round < 30; round++) await client.publish(wire.topic(), 'more', { qos: 1 }).then(() => client.receive());
    expect(client.received.filter((packet) => packet.type === 'publish' && packet.payload === 'unanswered')).toHaveLength(1);
  });
});
