import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { byte, connect, puback, pubcomp, publish, pubrec, pubrel, subscribe } from '../../../../helpers/mqtt-packets.ts';

const it = conformance();
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe.concurrent('Receive maximum of a client', () => {
  it.for([1, 2, 5] as const)('of %i is never exceeded, and the rest follows in order [MQTT-3.3.4-9]', async (receiveMaximum, { wire }) => {
    const client = await wire.connect(5, { properties: [['receiveMaximum', receiveMaximum]] });
    await client.subscribe([wire.topic(), 2]);
    const sender = await wire.connect(5);
    for (const payload of numbers(20)) await sender.publish(wire.topic(), payload, { qos: Number(payload) % 2 === 0 ? 1 : 2 });
    await client.ping();
    expect(client.left('publish')).toHaveLength(receiveMaximum);
    expect((await client.receiveMany(20)).map(({ payload }) => payload)).toEqual(numbers(20));
  });

  it('counts QoS 2 until PUBCOMP, not until PUBREC [section 4.9]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['receiveMaximum', 1]] });
    await client.subscribe([wire.topic(), 2]);
    const sender = await wire.connect(5);
    for (const payload of ['one', 'two']) await sender.publish(wire.topic(), payload, { qos: 2 });
    const { id } = await client.take('publish');
    client.send(pubrec(id));
    await client.take('pubrel');
    await client.ping();
    expect(client.left('publish')).toEqual([]);
    client.send(pubcomp(id));
    expect((await client.receive()).payload).toBe('two');
  });

  it('does not hold QoS 0, PINGRESP or acknowledgements up [MQTT-3.3.4-8]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['receiveMaximum', 1]] });
    await client.subscribe([
      [wire.topic('one'), 1],
      [wire.topic('zero'), 0],
    ]);
    await client.publish(wire.topic('one'), 'held', { qos: 1 });
    await client.publish(wire.topic('one'), 'held back', { qos: 1 });
    const { id } = await client.take('publish');
    await client.publish(wire.topic('zero'), 'free', { qos: 0 });
    expect((await client.take('publish')).payload).toBe('free');
    expect(await client.publish(wire.topic('elsewhere'), 'x', { qos: 2 })).toBeLessThan(0x80);
    await client.ping();
    client.send(puback(id));
    expect((await client.receive()).payload).toBe('held back');
  });

  it('holds after a reconnect for what was on its way, too', async ({ wire }) => {
    const fields = (receiveMaximum: number) => ({
      clientId: wire.id('kept'),
      clean: false,
      properties: [['sessionExpiryInterval', 60] as const, ['receiveMaximum', receiveMaximum] as const],
    });
    const first = await wire.connect(5, fields(10));
    await first.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos: 1 });
    await first.takeMany('publish', 10);
    await first.drop();
    const second = await wire.connect(5, fields(3));
    await second.ping();
    expect(second.left('publish')).toHaveLength(3);
    expect((await second.receiveMany(10)).map(({ payload }) => payload)).toEqual(numbers(10));
  });
});

describe.concurrent('Receive maximum of the server', () => {
  it('is its to enforce: one message more ends the connection with 0x93 [MQTT-3.3.4-7]', async ({ wire }) => {
    const client = await wire.connect(5);
    const receiveMaximum = Number(client.connack.properties.receiveMaximum ?? 65_535);
    for (let id = 1; id <= receiveMaximum; id++) client.send(publish(wire.topic(), { qos: 2, id }));
    await client.takeMany('pubrec', receiveMaximum);
    client.send(publish(wire.topic(), { qos: 2, id: receiveMaximum + 1 }));
    await client.refused(0x93);
  });

  it('has room again after PUBCOMP', async ({ wire }) => {
    const client = await wire.connect(5);
    const receiveMaximum = Number(client.connack.properties.receiveMaximum ?? 65_535);
    await client.subscribe([wire.topic('heard'), 0]);
    for (let round = 0; round < 3; round++) {
      for (let id = 1; id <= receiveMaximum; id++) client.send(publish(wire.topic('heard'), { qos: 2, id }));
      await client.takeMany('pubrec', receiveMaximum);
      for (let id = 1; id <= receiveMaximum; id++) client.send(pubrel(id));
      await client.takeMany('pubcomp', receiveMaximum);
    }
    await client.receiveMany(receiveMaximum * 3);
  });

  it('is not used up by messages that it refused or that went to nobody', async ({ wire }) => {
    const client = await wire.connect(5);
    const receiveMaximum = Number(client.connack.properties.receiveMaximum ?? 65_535);
    for (let count = 0; count < receiveMaximum * 2; count++) await client.publish(wire.topic(), 'x', { qos: count % 2 === 0 ? 1 : 2 });
  });
});

describe.concurrent('Maximum packet size', () => {
  it('of a client is kept: a larger message is left out, the next one comes [MQTT-3.1.2-24] [MQTT-3.1.2-25]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['maximumPacketSize', 200]] });
    await client.subscribe([[wire.topic(), 2]]);
    const sender = await wire.connect(5);
    for (const qos of [0, 1, 2] as const) await sender.publish(wire.topic(), 'x'.repeat(300), { qos });
    await sender.publish(wire.topic(), 'small', { qos: 1 });
    expect((await client.receive()).payload).toBe('small');
    await client.ping();
  });

  it('of a client counts the whole packet, to the byte', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['maximumPacketSize', 120]] });
    await client.subscribe([wire.topic(), 0]);
    const sender = await wire.connect(5);
    // First byte, length, length of the topic, length of the properties.
    const fits = 120 - 5 - Buffer.byteLength(wire.topic());
    await sender.publish(wire.topic(), 'x'.repeat(fits + 1), { qos: 0 });
    await sender.publish(wire.topic(), 'y'.repeat(fits), { qos: 0 });
    expect((await client.receive()).payload).toBe('y'.repeat(fits));
  });

  it('of a client leaves out what is retained or waited as well', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60] as const, ['maximumPacketSize', 200] as const] };
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'x'.repeat(300), { qos: 1, retain: true });
    const client = await wire.connect(5, fields);
    await client.subscribe([wire.topic(), 1]);
    await client.end();
    await sender.publish(wire.topic(), 'x'.repeat(300), { qos: 1 });
    await sender.publish(wire.topic(), 'small', { qos: 1 });
    expect((await (await wire.connect(5, fields)).receive()).payload).toBe('small');
  });

  it.for([20, 30, 40, 64, 100] as const)(
    'of a client of %i bytes holds for every packet, CONNACK among them [MQTT-3.1.2-24]',
    async (maximumPacketSize, { wire }) => {
      const client = await wire.open(5);
      client.send(connect({ clientId: '', properties: [['maximumPacketSize', maximumPacketSize]] }));
      // A CONNACK that does not fit cannot be sent; then the server cannot but close.
      const answer = await client.take('connack').catch(() => null);
      if (answer) {
        client.send(subscribe(1, ['a', '$share/x', 'b']), publish('a/b', { qos: 1, id: 2 }), pubrel(9), publish('a', { qos: 2, id: 3 }));
        client.send(byte(0x00, 0));
      }
      await client.closed();
      expect(client.largestBytes).toBeLessThanOrEqual(maximumPacketSize);
    },
  );

  it('of the server is its to enforce: 0x95, before the packet is there [MQTT-3.2.2-15]', async ({ wire, skip }) => {
    const client = await wire.connect(5);
    const size = client.connack.properties.maximumPacketSize;
    if (typeof size !== 'number') return skip('the broker has no limit');
    const announced = Buffer.from([0x30, 0x80 | ((size + 1) & 0x7f), 0x80 | (((size + 1) >> 7) & 0x7f), 0x80 | (((size + 1) >> 14) & 0x7f), (size + 1) >> 21]);
    client.send(announced);
    await client.refused(0x95);
  });
});

describe.concurrent('The last word of the server', () => {
  // A socket that is closed while bytes wait in it is reset, and the other side may never read what was sent before.
  it('arrives while the client goes on sending: 0x93', async ({ wire }) => {
    await Promise.all(
      numbers(10).map(async () => {
        const client = await wire.connect(5);
        const receiveMaximum = Number(client.connack.properties.receiveMaximum ?? 65_535);
        const payload = 'x'.repeat(1_000);
        for (let sent = 0; sent < receiveMaximum + 1_000; sent += 100)
          client.send(...numbers(100).map((_, index) => publish(wire.topic(), { qos: 2, id: ((sent + index) % 65_535) + 1, payload })));
        await client.refused(0x93);
      }),
    );
  });

  it('arrives while the client goes on sending: 0x95 for a packet of 20 MB', async ({ wire }) => {
    await Promise.all(
      numbers(5).map(async () => {
        const client = await wire.connect(5);
        client.send(publish(wire.topic(), { payload: Buffer.alloc(20_000_000) }));
        if (client.connack.properties.maximumPacketSize !== undefined) await client.refused(0x95);
      }),
    );
  });

  it('arrives while the client goes on sending: CONNACK 0x02 before 2 MB', async ({ wire }) => {
    await Promise.all(
      numbers(10).map(async () => {
        const client = await wire.open(4);
        client.send(connect({ clientId: '', clean: false }));
        for (let index = 0; index < 20; index++) client.send(publish(wire.topic(), { payload: Buffer.alloc(100_000) }));
        expect((await client.take('connack')).code).toBe(2);
        await client.closed();
      }),
    );
  });
});

describe.concurrent('Topic alias', () => {
  it('stands for its topic, can be mapped anew, and reaches subscribers as the topic [MQTT-3.3.2-9] [section 3.3.2.3.4]', async ({ wire }) => {
    const client = await wire.connect(5);
    expect(client.connack.properties.topicAliasMaximum).toBeGreaterThan(1);
    await client.subscribe([wire.topic('+'), 1]);
    await client.publish(wire.topic('a'), '1', { qos: 1, properties: [['topicAlias', 1]] });
    await client.publish('', '2', { qos: 1, properties: [['topicAlias', 1]] });
    await client.publish(wire.topic('b'), '3', { qos: 2, properties: [['topicAlias', 2]] });
    await client.publish('', '4', { qos: 0, properties: [['topicAlias', 1]] });
    await client.publish(wire.topic('c'), '5', { qos: 1, properties: [['topicAlias', 1]] });
    await client.publish('', '6', { qos: 2, properties: [['topicAlias', 1]] });
    await client.publish('', '7', { qos: 1, properties: [['topicAlias', 2]] });
    const messages = await client.receiveMany(7);
    expect(messages.map(({ topic, payload }) => [topic, payload])).toEqual(
      ['a', 'a', 'b', 'a', 'c', 'c', 'b'].map((name, index) => [wire.topic(name), String(index + 1)]),
    );
    expect(messages.every(({ properties }) => properties.topicAlias === undefined)).toBe(true);
  });

  it('as large as the server allows is taken; one larger ends the connection with 0x94 [MQTT-3.3.2-9]', async ({ wire }) => {
    const client = await wire.connect(5);
    const most = Number(client.connack.properties.topicAliasMaximum ?? 0);
    await client.publish(wire.topic(), 'x', { qos: 1, properties: [['topicAlias', most]] });
    client.send(publish(wire.topic(), { properties: [['topicAlias', most + 1]] }));
    await client.refused(0x94);
  });

  it('of 0 ends the connection [MQTT-3.3.2-8]', async ({ wire }) => {
    const client = await wire.connect(5);
    client.send(publish(wire.topic(), { properties: [['topicAlias', 0]] }));
    await client.refused(0x94, 0x82, 0x81);
  });

  it('that was never mapped ends the connection [section 3.3.2.3.4]', async ({ wire }) => {
    const client = await wire.connect(5);
    client.send(publish('', { properties: [['topicAlias', 1]] }));
    await client.refused(0x82, 0x94);
  });

  it('is of one connection, not of the session [MQTT-3.3.2-7]', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const first = await wire.connect(5, fields);
    await first.publish(wire.topic(), 'x', { qos: 1, properties: [['topicAlias', 1]] });
    await first.end();
    const second = await wire.connect(5, fields);
    second.send(publish('', { properties: [['topicAlias', 1]] }));
    await second.refused(0x82, 0x94);
  });

  it('is of one client, not of all', async ({ wire }) => {
    const one = await wire.connect(5);
    const other = await wire.connect(5);
    await one.subscribe([wire.topic('+'), 1]);
    await one.publish(wire.topic('one'), '1', { qos: 1, properties: [['topicAlias', 1]] });
    await other.publish(wire.topic('other'), '2', { qos: 1, properties: [['topicAlias', 1]] });
    await one.publish('', '3', { qos: 1, properties: [['topicAlias', 1]] });
    expect((await one.receiveMany(3)).map(({ topic }) => topic)).toEqual(['one', 'other', 'one'].map((name) => wire.topic(name)));
  });

  it('holds while a message of QoS 2 is sent again', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 2]);
    client.send(publish(wire.topic(), { qos: 2, id: 50, payload: 'x', properties: [['topicAlias', 1]] }));
    await client.take('pubrec');
    client.send(publish('', { qos: 2, id: 50, payload: 'x', dup: true, properties: [['topicAlias', 1]] }));
    await client.take('pubrec');
    client.send(pubrel(50));
    await client.take('pubcomp');
    expect((await client.receive()).topic).toBe(wire.topic());
  });

  it('of the server is used only as far as the client allows [MQTT-3.1.2-26] [MQTT-3.1.2-27]', async ({ wire }) => {
    const none = await wire.connect(5);
    const few = await wire.connect(5, { properties: [['topicAliasMaximum', 3]] });
    await none.subscribe([wire.topic('+'), 1]);
    await few.subscribe([wire.topic('+'), 1]);
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(`${Number(payload) % 5}`), payload, { qos: 1 });
    expect((await none.receiveMany(10)).every(({ properties }) => properties.topicAlias === undefined)).toBe(true);
    const known = new Map<unknown, string>();
    for (const { topic, payload, properties } of await few.receiveMany(10)) {
      const alias = properties.topicAlias;
      if (alias !== undefined) expect([1, 2, 3]).toContain(alias);
      if (topic !== '') known.set(alias, topic);
      expect(topic || known.get(alias)).toBe(wire.topic(`${Number(payload) % 5}`));
    }
  });
});

describe.concurrent('Request problem information', () => {
  it('0 keeps reason strings and user properties out of everything but PUBLISH, CONNACK and DISCONNECT [MQTT-3.1.2-29]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['requestProblemInformation', 0]] });
    client.send(subscribe(1, [['$share/g', 0]]));
    const answer = await client.take('suback').catch(() => null);
    if (answer) expect(answer.properties).toEqual({});
    const next = await wire.connect(5, { properties: [['requestProblemInformation', 0]] });
    next.send(pubrel(999), puback(998));
    expect((await next.take('pubcomp')).properties).toEqual({});
    await next.subscribe([wire.topic(), 1]);
    await next.publish(wire.topic(), 'x', { qos: 1, properties: [['userProperty', ['a', 'b']]] });
    expect((await next.receive()).properties.userProperty).toEqual([['a', 'b']]);
  });
});
