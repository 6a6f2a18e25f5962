import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { options, publish, subscribe, unsubscribe } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();

describe.concurrent.each(BOTH)('SUBSCRIBE in %s', (_name, version) => {
  it('is answered by one SUBACK with its identifier and a code for each filter, in order [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.9.3-1]', async ({
    wire,
  }) => {
    const client = await wire.connect(version);
    client.send(
      subscribe(4_321, [
        [wire.topic('a'), 2],
        [wire.topic('b'), 0],
        [wire.topic('c'), 1],
        [wire.topic('d'), 2],
      ]),
    );
    expect(await client.take('suback')).toMatchObject({ id: 4_321, codes: [2, 0, 1, 2] });
  });

  it('with a hundred filters is taken as a hundred SUBSCRIBE would be [MQTT-3.8.4-4]', async ({ wire }) => {
    const client = await wire.connect(version);
    const filters = Array.from({ length: 100 }, (_, index) => [wire.topic(`${index}`), index % 3] as const);
    expect((await client.subscribe(filters)).codes).toEqual(filters.map(([, qos]) => qos));
    await client.publish(wire.topic('99'), 'x', { qos: 2 });
    expect((await client.receive()).qos).toBe(0);
  });

  it('with the same filter again replaces the subscription: one message, the new QoS [MQTT-3.8.4-3]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic(), 0]);
    expect((await client.subscribe([wire.topic(), 2])).codes).toEqual([2]);
    await client.publish(wire.topic(), 'one', { qos: 2 });
    await client.publish(wire.topic(), 'two', { qos: 2 });
    expect((await client.receiveMany(2)).map(({ payload, qos }) => [payload, qos])).toEqual([
      ['one', 2],
      ['two', 2],
    ]);
  });

  it('with the same filter twice in one packet leaves the last one', async ({ wire }) => {
    const client = await wire.connect(version);
    expect(
      (
        await client.subscribe([
          [wire.topic(), 2],
          [wire.topic(), 1],
        ])
      ).codes,
    ).toEqual([2, 1]);
    await client.publish(wire.topic(), 'one', { qos: 2 });
    expect((await client.receive()).qos).toBe(1);
    await client.publish(wire.topic(), 'fence', { qos: 2 });
    expect((await client.receive()).payload).toBe('fence');
  });

  it('with filters that overlap brings a message once or once for each, with the highest QoS among them [MQTT-3.3.5-1]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([
      [wire.topic('#'), 1],
      [wire.topic('+/b'), 2],
      [wire.topic('a/b'), 0],
    ]);
    await client.publish(wire.topic('a/b'), 'x', { qos: 2 });
    await client.publish(wire.topic('fence'), 'fence', { qos: 2 });
    const heard: number[] = [];
    for (let message = await client.receive(); message.payload !== 'fence'; message = await client.receive()) heard.push(message.qos);
    expect(Math.max(...heard)).toBe(2);
    expect([1, 3]).toContain(heard.length);
  });

  it('counts before its answer: what is published after SUBACK arrives', async ({ wire }) => {
    const client = await wire.connect(version);
    const sender = await wire.connect(version);
    for (let round = 0; round < 20; round++) {
      const topic = wire.topic(`${round}`);
      await client.subscribe([topic, 1]);
      sender.send(publish(topic, { payload: String(round) }));
      expect((await client.receive()).payload).toBe(String(round));
    }
  });

  it('ends with UNSUBSCRIBE, of exactly the same filter [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-4]', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([
      [wire.topic('a'), 1],
      [wire.topic('+'), 1],
      [wire.topic('b'), 1],
    ]);
    client.send(unsubscribe(77, [wire.topic('+'), wire.topic('a')]));
    const answer = await client.take('unsuback');
    expect(answer).toMatchObject({ id: 77, codes: version === 5 ? [0, 0] : [] });
    await client.publish(wire.topic('a'), 'unheard', { qos: 1 });
    await client.publish(wire.topic('b'), 'fence', { qos: 1 });
    expect((await client.receive()).payload).toBe('fence');
    await client.subscribe([wire.topic('#'), 1]);
    await client.unsubscribe(wire.topic('+'), wire.topic('c'), wire.topic(''));
    await client.publish(wire.topic('c'), 'still', { qos: 1 });
    expect((await client.receive()).payload).toBe('still');
  });

  it('that never was is no trouble for UNSUBSCRIBE: UNSUBACK all the same [MQTT-3.10.4-5]', async ({ wire }) => {
    const client = await wire.connect(version);
    const answer = await client.unsubscribe(wire.topic('never'), wire.topic('+'));
    expect(answer.codes).toEqual(version === 5 ? [0x11, 0x11] : []);
  });

  it('and UNSUBSCRIBE a thousand times over leaves one subscription', async ({ wire }) => {
    const client = await wire.connect(version);
    for (let round = 0; round < 300; round++) client.send(subscribe(1, [wire.topic()]), unsubscribe(2, [wire.topic()]));
    client.send(subscribe(3, [[wire.topic(), 1]]));
    await client.takeMany('suback', 301);
    await client.publish(wire.topic(), 'one', { qos: 1 });
    await client.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await client.receiveMany(2)).map(({ payload }) => payload)).toEqual(['one', 'fence']);
  });
});

describe.concurrent('Subscription options of MQTT 5', () => {
  it('no local: own messages do not come back, those of others do [MQTT-3.8.3-3]', async ({ wire }) => {
    const client = await wire.connect(5);
    const other = await wire.connect(5);
    await client.subscribe([
      [wire.topic(), options(1, { noLocal: true })],
      [wire.topic('fence'), 1],
    ]);
    await client.publish(wire.topic(), 'own', { qos: 1 });
    await client.publish(wire.topic('fence'), 'fence', { qos: 1 });
    expect((await client.receive()).payload).toBe('fence');
    await other.publish(wire.topic(), 'of another', { qos: 1 });
    expect((await client.receive()).payload).toBe('of another');
  });

  it('no local is of one subscription: another one that matches brings the message', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([
      [wire.topic('a'), options(1, { noLocal: true })],
      [wire.topic('+'), 1],
    ]);
    await client.publish(wire.topic('a'), 'own', { qos: 1 });
    expect((await client.receive()).payload).toBe('own');
  });

  it('no local can be taken back by subscribing again', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic(), options(1, { noLocal: true })]);
    await client.subscribe([wire.topic(), options(1)]);
    await client.publish(wire.topic(), 'own', { qos: 1 });
    expect((await client.receive()).payload).toBe('own');
  });

  it('no local holds for the session, over a reconnect', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const client = await wire.connect(5, fields);
    await client.subscribe([
      [wire.topic(), options(1, { noLocal: true })],
      [wire.topic('fence'), 1],
    ]);
    await client.end();
    const again = await wire.connect(5, fields);
    await again.publish(wire.topic(), 'own', { qos: 1 });
    await again.publish(wire.topic('fence'), 'fence', { qos: 1 });
    expect((await again.receive()).payload).toBe('fence');
  });

  it('retain as published: the flag as it was sent; without it 0 [MQTT-3.3.1-12] [MQTT-3.3.1-13]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic('#'), options(1, { retainAsPublished: true })]);
    const plain = await wire.connect(5);
    await plain.subscribe([wire.topic('#'), options(1)]);
    await client.publish(wire.topic('a'), 'retained', { qos: 1, retain: true });
    await client.publish(wire.topic('a'), 'not', { qos: 1 });
    await client.publish(wire.topic('a'), '', { qos: 1, retain: true });
    expect((await client.receiveMany(3)).map(({ retain }) => retain)).toEqual([true, false, true]);
    expect((await plain.receiveMany(3)).map(({ retain }) => retain)).toEqual([false, false, false]);
  });

  it('subscription identifier: of the subscription that a message came by [MQTT-3.3.4-3]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic('a'), 1], [['subscriptionIdentifier', 1]]);
    await client.subscribe([wire.topic('b'), 1], [['subscriptionIdentifier', 128]]);
    await client.subscribe([wire.topic('c'), 1]);
    for (const name of ['a', 'b', 'c']) await client.publish(wire.topic(name), name, { qos: 1 });
    expect((await client.receiveMany(3)).map(({ properties }) => properties.subscriptionIdentifier)).toEqual([[1], [128], undefined]);
  });

  it('subscription identifier: of all of them when several match, in one message or in one each [MQTT-3.3.4-4] [MQTT-3.3.4-5]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic('a/+'), 1], [['subscriptionIdentifier', 7]]);
    await client.subscribe([wire.topic('a/b'), 2], [['subscriptionIdentifier', 268_435_455]]);
    await client.subscribe([wire.topic('#'), 0]);
    await client.publish(wire.topic('a/b'), 'x', { qos: 2 });
    await client.publish(wire.topic('fence'), 'fence');
    const found: number[] = [];
    for (let message = await client.receive(); message.payload !== 'fence'; message = await client.receive())
      found.push(...(message.properties.subscriptionIdentifier ?? []));
    expect(found.sort((a, b) => a - b)).toEqual([7, 268_435_455]);
  });

  it('subscription identifier: one for all filters of a packet, replaced and removed by subscribing again [MQTT-3.8.4-3]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe(
      [
        [wire.topic('a'), 1],
        [wire.topic('b'), 1],
      ],
      [['subscriptionIdentifier', 5]],
    );
    await client.subscribe([wire.topic('a'), 1], [['subscriptionIdentifier', 6]]);
    await client.publish(wire.topic('a'), 'a', { qos: 1 });
    await client.publish(wire.topic('b'), 'b', { qos: 1 });
    await client.subscribe([wire.topic('b'), 1]);
    await client.publish(wire.topic('b'), 'b', { qos: 1 });
    expect((await client.receiveMany(3)).map(({ properties }) => properties.subscriptionIdentifier)).toEqual([[6], [5], undefined]);
  });

  it('subscription identifier: on retained messages, and after a reconnect', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const client = await wire.connect(5, fields);
    await client.publish(wire.topic(), 'retained', { qos: 1, retain: true });
    await client.subscribe([wire.topic(), 1], [['subscriptionIdentifier', 9]]);
    expect((await client.receive()).properties.subscriptionIdentifier).toEqual([9]);
    await client.end();
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'away', { qos: 1 });
    const again = await wire.connect(5, fields);
    await sender.publish(wire.topic(), 'back', { qos: 1 });
    expect((await again.receiveMany(2)).map(({ payload, properties }) => [payload, properties.subscriptionIdentifier])).toEqual([
      ['away', [9]],
      ['back', [9]],
    ]);
  });

  it('user properties are taken with SUBSCRIBE and UNSUBSCRIBE', async ({ wire }) => {
    const client = await wire.connect(5);
    expect(
      (
        await client.subscribe(wire.topic(), [
          ['userProperty', ['a', 'b']],
          ['userProperty', ['a', 'b']],
        ])
      ).codes,
    ).toEqual([0]);
    client.send(unsubscribe(9, [wire.topic()], [['userProperty', ['a', 'b']]]));
    expect((await client.take('unsuback')).codes).toEqual([0]);
  });
});
