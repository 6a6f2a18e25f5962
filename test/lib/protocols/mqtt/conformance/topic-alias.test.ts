import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { isForeign } from '../../../../helpers/wire-client.ts';

const it = conformance();

// A server need not use topic aliases; ours does as soon as a client takes some.
describe.skipIf(isForeign).concurrent('Topic aliases towards a client', () => {
  it('stand for its first topics; the topic is left out from the second message on [section 3.3.2.3.4]', async ({ wire }) => {
    const client = await wire.connect(5, { properties: [['topicAliasMaximum', 2]] });
    await client.subscribe([wire.topic('#'), 2]);
    const sender = await wire.connect(5);
    const sent = [
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['a', 1],
      ['b', 2],
      ['c', 0],
      ['a', 2],
    ] as const;
    const received = [];
    for (const [name, qos] of sent) {
      await sender.publish(wire.topic(name), name, { qos, properties: [['contentType', 'text/plain']] });
      received.push(await client.receive());
    }
    expect(received.map(({ topic, payload, qos, properties }) => [topic, properties.topicAlias ?? 0, payload, qos])).toEqual([
      [wire.topic('a'), 1, 'a', 0],
      [wire.topic('b'), 2, 'b', 1],
      [wire.topic('c'), 0, 'c', 2],
      ['', 1, 'a', 1],
      ['', 2, 'b', 2],
      [wire.topic('c'), 0, 'c', 0],
      ['', 1, 'a', 2],
    ]);
    expect(received.every(({ properties }) => properties.contentType === 'text/plain')).toBe(true);
  });

  it('are not used for a client that takes none [MQTT-3.1.2-27]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), 1]);
    for (const payload of ['one', 'two']) {
      await client.publish(wire.topic(), payload, { qos: 1 });
      const { topic, properties } = await client.receive();
      expect([topic, properties.topicAlias]).toEqual([wire.topic(), undefined]);
    }
  });

  it('are gone with their connection: what comes again has its topic [MQTT-3.3.2-7]', async ({ wire }) => {
    const fields = { clientId: wire.id(), clean: false, properties: [['sessionExpiryInterval', 60] as const, ['topicAliasMaximum', 5] as const] };
    const first = await wire.connect(5, fields);
    await first.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(5);
    for (const payload of ['one', 'two']) await sender.publish(wire.topic(), payload, { qos: 1 });
    expect((await first.takeMany('publish', 2)).map(({ topic }) => topic)).toEqual([wire.topic(), '']);
    await first.drop();
    const second = await wire.connect(5, fields);
    expect((await second.receiveMany(2)).map(({ topic }) => topic)).toEqual([wire.topic(), '']);
  });

  it('are left out when the packet would be too large with one [MQTT-3.1.2-24]', async ({ wire }) => {
    const topic = wire.topic();
    const exact = 2 + 2 + topic.length + 1 + 20;
    const client = await wire.connect(5, { properties: [['topicAliasMaximum', 5] as const, ['maximumPacketSize', exact] as const] });
    await client.subscribe([topic, 0]);
    for (const payload of ['x'.repeat(20), 'y']) await (await wire.connect(5)).publish(topic, payload, { qos: 0 });
    const [large, small] = await client.takeMany('publish', 2);
    expect([large?.payload, large?.topic, large?.properties.topicAlias]).toEqual(['x'.repeat(20), topic, undefined]);
    expect([small?.payload, small?.topic, small?.properties.topicAlias]).toEqual(['y', topic, 1]);
  });
});
