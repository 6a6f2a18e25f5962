import { describe, expect } from 'vitest';
import { conformance, time } from '../../../../helpers/conformance.ts';
import { options, publish, subscribe } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();

describe.concurrent.each(BOTH)('A retained message in %s', (_name, version) => {
  it.for([0, 1, 2] as const)(
    'of QoS %i is there for who subscribes later, with RETAIN 1 [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]',
    async (qos, { wire }) => {
      const sender = await wire.connect(version);
      await sender.publish(wire.topic(), 'kept', { qos, retain: true });
      await sender.end();
      const client = await wire.connect(version);
      await client.subscribe([wire.topic(), 2]);
      expect(await client.receive()).toMatchObject({ topic: wire.topic(), payload: 'kept', qos, retain: true, dup: false });
    },
  );

  it.for([0, 1] as const)('of QoS %i is there for who subscribes in the same breath', async (qos, { wire }) => {
    const client = await wire.connect(version);
    client.send(publish(wire.topic(), { qos, payload: 'kept', retain: true, ...(qos > 0 ? { id: 1 } : {}) }), subscribe(2, [[wire.topic(), 0]]));
    expect(await client.receive()).toMatchObject({ payload: 'kept' });
  });

  it('reaches who subscribes while it is published: as the one kind or the other', async ({ wire }) => {
    const sender = await wire.connect(version);
    const client = await wire.connect(version);
    for (let round = 0; round < 30; round++) {
      const topic = wire.topic(`${round}`);
      sender.send(publish(topic, { payload: String(round), retain: true }));
      client.send(subscribe(round + 1, [topic]));
      expect((await client.receive()).payload).toBe(String(round));
    }
  });

  it('comes with the QoS of the subscription when that is lower', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.publish(wire.topic(), 'kept', { qos: 2, retain: true });
    await client.subscribe([wire.topic(), 1]);
    expect(await client.receive()).toMatchObject({ qos: 1, retain: true });
  });

  it('reaches those who are subscribed already like any other, with RETAIN 0 [MQTT-3.3.1-9]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 1]);
    await client.publish(wire.topic(), 'live', { qos: 1, retain: true });
    expect(await client.receive()).toMatchObject({ payload: 'live', retain: false });
  });

  it('is replaced by the next one, of any QoS [MQTT-3.3.1-7]', async ({ wire }) => {
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'first', { qos: 2, retain: true });
    await sender.publish(wire.topic(), 'second', { qos: 0, retain: true });
    await sender.publish(wire.topic('fence'), 'x', { qos: 1 });
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 2]);
    expect(await client.receive()).toMatchObject({ payload: 'second', qos: 0, retain: true });
    await client.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await client.receive()).payload).toBe('fence');
  });

  it('is removed by one without payload, which those who are subscribed receive [MQTT-3.3.1-10] [MQTT-3.3.1-11]', async ({ wire }) => {
    const witness = await wire.connect(version);
    await witness.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await sender.publish(wire.topic(), '', { qos: 1, retain: true });
    expect((await witness.receiveMany(2)).map(({ payload, retain }) => [payload, retain])).toEqual([
      ['kept', false],
      ['', false],
    ]);
    const late = await wire.connect(version);
    await late.subscribe([wire.topic(), 1]);
    await late.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await late.receive()).payload).toBe('fence');
  });

  it('stays when one without RETAIN follows, with or without payload [MQTT-3.3.1-12]', async ({ wire }) => {
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await sender.publish(wire.topic(), 'passing', { qos: 1 });
    await sender.publish(wire.topic(), '', { qos: 1 });
    const client = await wire.connect(version);
    await client.subscribe(wire.topic());
    expect(await client.receive()).toMatchObject({ payload: 'kept', retain: true });
  });

  it('is found by wildcards, $ excepted', async ({ wire }) => {
    const sender = await wire.connect(version);
    const own = wire.topic('').slice(0, -1);
    for (const topic of [`${own}/a`, `${own}/b/c`, `${own}/b/d`, own, `${own}/`, `/${own}`, `$${own}/b/c`])
      await sender.publish(topic, topic, { qos: 1, retain: true });
    const found = async (filter: string) => {
      const client = await wire.connect(version);
      await client.subscribe(filter);
      await client.ping();
      await sender.publish(filter.replaceAll(/[+#]/g, 'x'), 'fence', { qos: 1 });
      const topics: string[] = [];
      for (let message = await client.receive(); message.payload !== 'fence'; message = await client.receive()) {
        expect(message.retain).toBe(true);
        topics.push(message.topic.replace(own, 'p'));
      }
      return topics.sort();
    };
    expect(await found(`${own}/#`)).toEqual(['p', 'p/', 'p/a', 'p/b/c', 'p/b/d']);
    expect(await found(`${own}/+`)).toEqual(['p/', 'p/a']);
    expect(await found(`${own}/+/c`)).toEqual(['p/b/c']);
    expect(await found(`${own}/b/+`)).toEqual(['p/b/c', 'p/b/d']);
    expect(await found(`+/${own}`)).toEqual(['/p']);
    expect(await found(`$${own}/#`)).toEqual(['$p/b/c']);
  });

  it('comes again when the subscription is made again [MQTT-3.8.4-3]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    for (let round = 0; round < 3; round++) {
      await client.subscribe([wire.topic(), 1]);
      expect(await client.receive()).toMatchObject({ payload: 'kept', retain: true });
    }
  });

  it('comes once for each filter that is subscribed, in MQTT 5 too [section 3.3.1.3]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.publish(wire.topic('a'), 'kept', { qos: 1, retain: true });
    client.send(subscribe(1, [[wire.topic('a'), 1]]), subscribe(2, [[wire.topic('+'), 1]]));
    expect((await client.receiveMany(2)).map(({ payload, retain }) => [payload, retain])).toEqual([
      ['kept', true],
      ['kept', true],
    ]);
  });

  it('does not come when a session is found again, only when one subscribes', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, ...(version === 5 ? { properties: [['sessionExpiryInterval', 60]] as const } : {}) };
    const first = await wire.connect(version, fields);
    await first.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await first.subscribe([wire.topic(), 1]);
    await first.receive();
    await first.end();
    const second = await wire.connect(version, fields);
    await second.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await second.receive()).payload).toBe('fence');
  });

  it('outlives the session that sent it', async ({ wire }) => {
    const sender = await wire.connect(version, { clientId: wire.id('gone') });
    await sender.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await sender.drop();
    await (await wire.connect(version, { clientId: wire.id('gone') })).end();
    const client = await wire.connect(version);
    await client.subscribe(wire.topic());
    expect((await client.receive()).payload).toBe('kept');
  });

  it('is one of two hundred that a wildcard brings', async ({ wire }) => {
    const sender = await wire.connect(version);
    for (let index = 0; index < 200; index++) sender.send(publish(wire.topic(`${index}`), { payload: String(index), retain: true }));
    await sender.publish(wire.topic('a/last'), 'x', { qos: 1 });
    const client = await wire.connect(version);
    await client.subscribe([wire.topic('+'), 1]);
    expect(new Set((await client.receiveMany(200)).map(({ payload }) => payload)).size).toBe(200);
  });
});

describe.concurrent('Retain handling of MQTT 5', () => {
  it('0 brings them with every SUBSCRIBE [MQTT-3.3.1-9]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    for (let round = 0; round < 2; round++) {
      await client.subscribe([wire.topic(), options(1, { retainHandling: 0 })]);
      expect((await client.receive()).retain).toBe(true);
    }
  });

  it('1 brings them with a new subscription only [MQTT-3.3.1-10]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await client.subscribe([wire.topic(), options(1, { retainHandling: 1 })]);
    expect((await client.receive()).payload).toBe('kept');
    await client.subscribe([wire.topic(), options(1, { retainHandling: 1 })]);
    await client.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await client.receive()).payload).toBe('fence');
    await client.unsubscribe(wire.topic());
    await client.subscribe([wire.topic(), options(1, { retainHandling: 1 })]);
    expect(await client.receive()).toMatchObject({ payload: 'kept', retain: true });
  });

  it('2 brings none [MQTT-3.3.1-11]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    await client.subscribe([wire.topic(), options(1, { retainHandling: 2 })]);
    await client.publish(wire.topic(), 'fence', { qos: 1 });
    expect(await client.receive()).toMatchObject({ payload: 'fence', retain: false });
  });

  it('is of each filter in a packet', async ({ wire }) => {
    const client = await wire.connect(5);
    for (const name of ['a', 'b', 'c']) await client.publish(wire.topic(name), name, { qos: 1, retain: true });
    await client.subscribe([
      [wire.topic('a'), options(1, { retainHandling: 2 })],
      [wire.topic('b'), options(1, { retainHandling: 0 })],
      [wire.topic('c'), options(1, { retainHandling: 1 })],
    ]);
    expect((await client.receiveMany(2)).map(({ payload }) => payload).sort()).toEqual(['b', 'c']);
    await client.publish(wire.topic('a'), 'fence', { qos: 1 });
    expect((await client.receive()).payload).toBe('fence');
  });

  it('and retain as published: retained ones have RETAIN 1 either way [MQTT-3.3.1-8]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true });
    for (const retainAsPublished of [true, false]) {
      await client.subscribe([wire.topic(), options(1, { retainAsPublished })]);
      expect((await client.receive()).retain).toBe(true);
    }
  });

  it('keeps the properties of a message, user properties in order', async ({ wire }) => {
    const client = await wire.connect(5);
    const properties = [
      ['contentType', 'text/plain'],
      ['userProperty', ['b', '1']],
      ['userProperty', ['a', '2']],
      ['correlationData', Buffer.from([1, 2])],
      ['responseTopic', 'r'],
      ['payloadFormatIndicator', 1],
    ] as const;
    await client.publish(wire.topic(), 'kept', { qos: 1, retain: true, properties });
    await client.subscribe([wire.topic(), 1]);
    expect((await client.receive()).properties).toEqual({
      contentType: 'text/plain',
      userProperty: [
        ['b', '1'],
        ['a', '2'],
      ],
      correlationData: Buffer.from([1, 2]),
      responseTopic: 'r',
      payloadFormatIndicator: 1,
    });
  });
});

describe.concurrent('Message expiry', () => {
  const kept = (clientId: string) => ({ clientId, clean: false, properties: [['sessionExpiryInterval', 60]] as const });

  it('is passed on, less the time that the message waited [MQTT-3.3.2-5] [MQTT-3.3.2-6]', async ({ wire }) => {
    const client = await wire.connect(5, kept(wire.id('kept')));
    await client.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'now', { qos: 1, properties: [['messageExpiryInterval', 100]] });
    expect((await client.receive()).properties.messageExpiryInterval).toBe(100);
    await client.end();
    await sender.publish(wire.topic(), 'later', { qos: 1, properties: [['messageExpiryInterval', 100]] });
    await time(2_200);
    const left = (await (await wire.connect(5, kept(wire.id('kept')))).receive()).properties.messageExpiryInterval;
    expect(left).toBeGreaterThan(90);
    expect(left).toBeLessThan(99);
  });

  it('keeps a message that waited too long from being delivered', async ({ wire }) => {
    const client = await wire.connect(5, kept(wire.id('kept')));
    await client.subscribe([wire.topic(), 2]);
    await client.end();
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'short', { qos: 1, properties: [['messageExpiryInterval', 1]] });
    await sender.publish(wire.topic(), 'short', { qos: 2, properties: [['messageExpiryInterval', 1]] });
    await sender.publish(wire.topic(), 'long', { qos: 1, properties: [['messageExpiryInterval', 60]] });
    await sender.publish(wire.topic(), 'endless', { qos: 1 });
    await time(2_200);
    const again = await wire.connect(5, kept(wire.id('kept')));
    expect((await again.receiveMany(2)).map(({ payload }) => payload)).toEqual(['long', 'endless']);
    await again.ping();
    expect(again.left('publish')).toEqual([]);
  });

  it('removes a retained message, and counts for one that is not yet over', async ({ wire }) => {
    const sender = await wire.connect(5);
    await sender.publish(wire.topic('short'), 'short', { qos: 1, retain: true, properties: [['messageExpiryInterval', 1]] });
    await sender.publish(wire.topic('long'), 'long', { qos: 1, retain: true, properties: [['messageExpiryInterval', 60]] });
    await time(2_200);
    const client = await wire.connect(5);
    await client.subscribe([wire.topic('+'), 1]);
    const message = await client.receive();
    expect(message.payload).toBe('long');
    expect(message.properties.messageExpiryInterval).toBeLessThan(60);
    await client.ping();
    expect(client.left('publish')).toEqual([]);
  });

  it('holds for clients of MQTT 3.1.1 as well', async ({ wire }) => {
    const client = await wire.connect(4, { clientId: wire.id('kept'), clean: false });
    await client.subscribe([wire.topic(), 1]);
    await client.end();
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'short', { qos: 1, properties: [['messageExpiryInterval', 1]] });
    await sender.publish(wire.topic(), 'endless', { qos: 1 });
    await time(2_200);
    expect((await (await wire.connect(4, { clientId: wire.id('kept'), clean: false })).receive()).payload).toBe('endless');
  });
});
