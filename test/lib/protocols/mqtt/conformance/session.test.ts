import { describe, expect } from 'vitest';
import { conformance, time, type Wire } from '../../../../helpers/conformance.ts';
import { type ConnectFields, puback, pubcomp, publish, pubrec, pubrel, subscribe, unsubscribe, type Version } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** A session that outlives its connection. */
function kept(wire: Wire, version: Version, more: ConnectFields = {}): ConnectFields {
  return { clientId: wire.id('kept'), clean: false, ...(version === 5 ? { properties: [['sessionExpiryInterval', 600]] } : {}), ...more };
}

describe.concurrent.each(BOTH)('A session in %s', (_name, version) => {
  it('is found again, with its subscriptions [MQTT-3.1.2-4] [MQTT-3.2.2-2]', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    expect(first.connack.sessionPresent).toBe(false);
    await first.subscribe([
      [wire.topic('a'), 1],
      [wire.topic('b/+'), 2],
    ]);
    await first.end();
    const second = await wire.connect(version, kept(wire, version));
    expect(second.connack.sessionPresent).toBe(true);
    await second.publish(wire.topic('a'), 'a', { qos: 2 });
    await second.publish(wire.topic('b/x'), 'b', { qos: 2 });
    expect((await second.receiveMany(2)).map(({ qos }) => qos)).toEqual([1, 2]);
  });

  it('ends with its connection when it was clean [MQTT-3.1.2-6]', async ({ wire }) => {
    const first = await wire.connect(version, { clientId: wire.id('kept') });
    await first.subscribe([wire.topic(), 1]);
    await first.end();
    const second = await wire.connect(version, kept(wire, version));
    expect(second.connack.sessionPresent).toBe(false);
    await second.publish(wire.topic(), 'nobody', { qos: 1 });
    await second.subscribe([wire.topic(), 1]);
    await second.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await second.receive()).payload).toBe('fence');
  });

  it('is thrown away by a clean one, with all that waited [MQTT-3.1.2-6] [MQTT-3.2.2-1]', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 1]);
    await first.end();
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'waiting', { qos: 1 });
    const clean = await wire.connect(version, { clientId: wire.id('kept') });
    expect(clean.connack.sessionPresent).toBe(false);
    await sender.publish(wire.topic(), 'unheard', { qos: 1 });
    await clean.ping();
    expect(clean.left('publish')).toEqual([]);
    await clean.end();
    const third = await wire.connect(version, kept(wire, version));
    expect(third.connack.sessionPresent).toBe(false);
    await third.ping();
    expect(third.left('publish')).toEqual([]);
  });

  it('collects messages of QoS 1 and 2 while its client is away, in order, each once [MQTT-3.1.2-5]', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 2]);
    await first.end();
    const sender = await wire.connect(version);
    for (const payload of numbers(60)) await sender.publish(wire.topic(), payload, { qos: Number(payload) % 2 === 0 ? 1 : 2 });
    const second = await wire.connect(version, kept(wire, version));
    const messages = await second.receiveMany(60);
    expect(messages.map(({ payload }) => payload)).toEqual(numbers(60));
    expect(messages.some(({ dup }) => dup)).toBe(false);
    await sender.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await second.receive()).payload).toBe('fence');
    await second.end();
    const third = await wire.connect(version, kept(wire, version));
    await third.ping();
    expect(third.left('publish')).toEqual([]);
  });

  it.for([1, 2] as const)(
    'sends unacknowledged messages of QoS %i again: the same identifiers, the same order, DUP [MQTT-4.4.0-1] [MQTT-3.3.1-1]',
    async (qos, { wire }) => {
      const first = await wire.connect(version, kept(wire, version));
      await first.subscribe([wire.topic(), qos]);
      const sender = await wire.connect(version);
      for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos });
      const sent = await first.takeMany('publish', 10);
      await first.drop();
      const second = await wire.connect(version, kept(wire, version));
      const again = await second.receiveMany(10);
      expect(again.map(({ payload, id }) => [payload, id])).toEqual(sent.map(({ payload, id }) => [payload, id]));
      expect(again.map(({ dup }) => dup)).toEqual(sent.map(() => true));
      await sender.publish(wire.topic(), 'fence', { qos });
      expect(await second.receive()).toMatchObject({ payload: 'fence', dup: false });
    },
  );

  it('sends only those again that were not acknowledged, before those that came since', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(version);
    for (const payload of numbers(4)) await sender.publish(wire.topic(), payload, { qos: 1 });
    const sent = await first.takeMany('publish', 4);
    first.send(puback(sent[1]?.id ?? 0), puback(sent[3]?.id ?? 0));
    await first.ping();
    await first.drop();
    await sender.publish(wire.topic(), 'since', { qos: 1 });
    const second = await wire.connect(version, kept(wire, version));
    expect((await second.receiveMany(3)).map(({ payload, dup }) => [payload, dup])).toEqual([
      ['0', true],
      ['2', true],
      ['since', false],
    ]);
  });

  it('sends PUBREL again, not PUBLISH, for what the client has [MQTT-4.4.0-1] [MQTT-4.3.3-1]', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 2]);
    await (await wire.connect(version)).publish(wire.topic(), 'once', { qos: 2 });
    const { id } = await first.take('publish');
    first.send(pubrec(id));
    await first.take('pubrel');
    await first.drop();
    const second = await wire.connect(version, kept(wire, version));
    expect(await second.take('pubrel')).toMatchObject({ id, code: 0 });
    await second.drop();
    const third = await wire.connect(version, kept(wire, version));
    expect((await third.take('pubrel')).id).toBe(id);
    third.send(pubcomp(id));
    await third.ping();
    await third.drop();
    const fourth = await wire.connect(version, kept(wire, version));
    await fourth.ping();
    expect([second, third, fourth].map((client) => client.received.filter(({ type }) => type === 'publish'))).toEqual([[], [], []]);
    expect(fourth.left('pubrel')).toEqual([]);
  });

  it('remembers the messages of QoS 2 that it took, so that the client may send them again [MQTT-4.3.3-2]', async ({ wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe([wire.topic(), 2]);
    const first = await wire.connect(version, kept(wire, version));
    first.send(publish(wire.topic(), { qos: 2, id: 55, payload: 'once' }));
    await first.take('pubrec');
    await first.drop();
    const second = await wire.connect(version, kept(wire, version));
    second.send(publish(wire.topic(), { qos: 2, id: 55, payload: 'once', dup: true }));
    const repeated = await second.take('pubrec');
    expect(repeated.id).toBe(55);
    expect(repeated.code).toBeLessThan(0x80);
    await second.drop();
    const third = await wire.connect(version, kept(wire, version));
    third.send(pubrel(55));
    expect(await third.take('pubcomp')).toMatchObject({ id: 55, code: 0 });
    await third.publish(wire.topic(), 'fence', { qos: 2, id: 55 });
    expect((await listener.receiveMany(2)).map(({ payload }) => payload)).toEqual(['once', 'fence']);
  });

  it('forgets the messages of QoS 2 that it took, when a clean one follows', async ({ wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe([wire.topic(), 2]);
    const first = await wire.connect(version, kept(wire, version));
    first.send(publish(wire.topic(), { qos: 2, id: 5, payload: 'old' }));
    await first.take('pubrec');
    first.send(pubrel(5));
    await first.take('pubcomp');
    first.send(publish(wire.topic('unheard'), { qos: 2, id: 5, payload: 'half' }));
    await first.take('pubrec');
    await first.drop();
    const clean = await wire.connect(version, { clientId: wire.id('kept') });
    await clean.publish(wire.topic(), 'new', { qos: 2, id: 5 });
    expect((await listener.receiveMany(2)).map(({ payload }) => payload)).toEqual(['old', 'new']);
  });

  it('frees an identifier of QoS 2 when PUBREL comes with PUBLISH in one write', async ({ wire }) => {
    const client = await wire.connect(version, kept(wire, version));
    await client.subscribe([wire.topic(), 1]);
    for (const payload of numbers(3)) {
      client.send(publish(wire.topic(), { qos: 2, id: 5, payload }), pubrel(5));
      expect((await client.take('pubrec')).id).toBe(5);
      expect((await client.take('pubcomp')).id).toBe(5);
      expect((await client.receive()).payload).toBe(payload);
    }
  });

  it('takes subscriptions and their end in the order in which they come, all in one write', async ({ wire }) => {
    const client = await wire.connect(version, kept(wire, version));
    const sends = Array.from({ length: 20 }, () => [subscribe(1, [[wire.topic(), 1]]), unsubscribe(2, [wire.topic()])]).flat();
    client.send(
      ...sends,
      publish(wire.topic(), { qos: 1, id: 9, payload: 'unheard' }),
      subscribe(3, [[wire.topic(), 2]]),
      publish(wire.topic(), { qos: 1, id: 10, payload: 'heard' }),
    );
    expect((await client.receive()).payload).toBe('heard');
    await client.takeMany('suback', 21);
    await client.takeMany('unsuback', 20);
    await client.end();
    const again = await wire.connect(version, kept(wire, version));
    await again.publish(wire.topic(), 'once', { qos: 2 });
    expect(await again.receive()).toMatchObject({ payload: 'once', qos: 2 });
  });

  it('goes on with the connection that takes it over [MQTT-3.1.4-2]', async ({ wire }) => {
    const older = await wire.connect(version, kept(wire, version));
    await older.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'unacknowledged', { qos: 1 });
    const { id } = await older.take('publish');
    const newer = await wire.connect(version, kept(wire, version));
    await older.refused(0x8e);
    expect(newer.connack.sessionPresent).toBe(true);
    expect(await newer.receive()).toMatchObject({ payload: 'unacknowledged', dup: true, id });
    await sender.publish(wire.topic(), 'next', { qos: 1 });
    expect((await newer.receive()).payload).toBe('next');
  });

  it('that was clean is not inherited by who takes its connection over', async ({ wire }) => {
    const older = await wire.connect(version, { clientId: wire.id('kept') });
    await older.subscribe([wire.topic(), 1]);
    const newer = await wire.connect(version, kept(wire, version));
    await older.closed();
    expect(newer.connack.sessionPresent).toBe(false);
    await newer.publish(wire.topic(), 'unheard', { qos: 1 });
    await newer.subscribe([wire.topic(), 1]);
    await newer.publish(wire.topic(), 'fence', { qos: 1 });
    expect((await newer.receive()).payload).toBe('fence');
  });

  it('that is kept ends when a clean connection takes it over, and when that one leaves nothing is left', async ({ wire }) => {
    const older = await wire.connect(version, kept(wire, version));
    await older.subscribe([wire.topic(), 1]);
    const clean = await wire.connect(version, { clientId: wire.id('kept') });
    await older.closed();
    await clean.publish(wire.topic(), 'unheard', { qos: 1 });
    await clean.ping();
    expect(clean.left('publish')).toEqual([]);
    await clean.drop();
    expect((await wire.connect(version, kept(wire, version))).connack.sessionPresent).toBe(false);
  });

  it('gets nothing that it unsubscribed from while away, and keeps what was on its way [MQTT-3.10.4-3]', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 2]);
    const sender = await wire.connect(version);
    await sender.publish(wire.topic(), 'on its way', { qos: 2 });
    await first.take('publish');
    await first.unsubscribe(wire.topic());
    await sender.publish(wire.topic(), 'unheard', { qos: 2 });
    await first.drop();
    const second = await wire.connect(version, kept(wire, version));
    expect(await second.receive()).toMatchObject({ payload: 'on its way', dup: true });
    await second.subscribe([wire.topic(), 2]);
    await sender.publish(wire.topic(), 'fence', { qos: 2 });
    expect((await second.receive()).payload).toBe('fence');
  });

  it('is found by a client of the other version', async ({ wire }) => {
    const first = await wire.connect(version, kept(wire, version));
    await first.subscribe([wire.topic(), 1]);
    await first.end();
    await (await wire.connect(version)).publish(wire.topic(), 'waited', { qos: 1 });
    const other = version === 5 ? 4 : 5;
    const second = await wire.connect(other, kept(wire, other));
    expect(second.connack.sessionPresent).toBe(true);
    expect((await second.receive()).payload).toBe('waited');
  });

  it('is one of many: each gets its own', async ({ wire }) => {
    const names = numbers(20);
    for (const name of names) {
      const client = await wire.connect(version, kept(wire, version, { clientId: wire.id(name) }));
      await client.subscribe([wire.topic(name), 1]);
      await client.end();
    }
    const sender = await wire.connect(version);
    for (const name of names) await sender.publish(wire.topic(name), name, { qos: 1 });
    for (const name of names) {
      const client = await wire.connect(version, kept(wire, version, { clientId: wire.id(name) }));
      expect((await client.receive()).payload).toBe(name);
    }
  });

  it('takes its time: a client that acknowledges late gets everything', async ({ wire }) => {
    const client = await wire.connect(version, kept(wire, version));
    await client.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(version);
    for (const payload of numbers(130)) await sender.publish(wire.topic(), payload, { qos: 1 });
    expect((await client.receiveMany(130)).map(({ payload }) => payload)).toEqual(numbers(130));
  });
});

describe.concurrent.each(BOTH)('A session in %s whose client comes and goes while messages are sent', (_name, version) => {
  it.for([1, 2] as const)('loses nothing of QoS %i, keeps the order, and of QoS 2 gives each once [MQTT-4.3.2-2] [MQTT-4.3.3-1]', async (qos, { wire }) => {
    const fields = kept(wire, version);
    const first = await wire.connect(version, fields);
    await first.subscribe([wire.topic(), qos]);
    const sender = await wire.connect(version);
    const sending = (async () => {
      for (const payload of numbers(90)) await sender.publish(wire.topic(), payload, { qos });
    })();
    const heard: string[] = [];
    const unreleased = new Set<number>();
    let client = first;
    for (let round = 0; !heard.includes('89'); round++) {
      const until = client.received.length + 20;
      while (!(heard.includes('89') && client.left('publish').length === 0) && client.received.length < until) {
        const [packet] = [...client.left('pubrel'), ...client.left('publish')];
        if (packet === undefined) {
          await new Promise((resolve) => setImmediate(resolve));
          continue;
        }
        await client.take(packet.type);
        if (packet.type === 'pubrel') {
          unreleased.delete(packet.id);
          client.send(pubcomp(packet.id));
        } else if (qos === 1) {
          if (heard.at(-1) !== packet.payload && !(packet.dup && heard.includes(packet.payload))) heard.push(packet.payload);
          client.send(puback(packet.id));
        } else {
          if (!unreleased.has(packet.id)) heard.push(packet.payload);
          unreleased.add(packet.id);
          client.send(pubrec(packet.id));
        }
      }
      if (round % 2 === 0) await client.drop();
      client = await wire.connect(version, fields);
      expect(client.connack.sessionPresent).toBe(true);
    }
    await sending;
    expect(heard).toEqual(numbers(90));
  });
});

describe.concurrent('The end of a session in MQTT 5', () => {
  const sessionAfter = async (wire: Wire, first: ConnectFields, leave: (client: Awaited<ReturnType<Wire['connect']>>) => Promise<void>) => {
    const client = await wire.connect(5, { clientId: wire.id('kept'), ...first });
    await leave(client);
    return (await wire.connect(5, { clientId: wire.id('kept'), clean: false })).connack.sessionPresent;
  };

  it('comes with its connection when no expiry is asked for [section 3.1.2.11.2]', async ({ wire }) => {
    expect(await sessionAfter(wire, { clean: false }, (client) => client.end())).toBe(false);
  });

  it('comes with its connection when the expiry is 0', async ({ wire }) => {
    expect(await sessionAfter(wire, { clean: false, properties: [['sessionExpiryInterval', 0]] }, (client) => client.drop())).toBe(false);
  });

  it('waits for the expiry, also of a session that began clean [MQTT-3.1.2-23]', async ({ wire }) => {
    expect(await sessionAfter(wire, { clean: true, properties: [['sessionExpiryInterval', 100]] }, (client) => client.drop())).toBe(true);
  });

  it('does not come at all with the largest expiry, unless the server says so', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id('kept'), properties: [['sessionExpiryInterval', 0xffffffff]] });
    expect(client.connack.properties.sessionExpiryInterval ?? 0xffffffff).toBeGreaterThan(3_600);
    await client.end();
    expect((await wire.connect(5, { clientId: wire.id('kept'), clean: false })).connack.sessionPresent).toBe(true);
  });

  it('comes when the expiry is over, and not before', async ({ wire }) => {
    const left = async (name: string, seconds: number) => {
      const client = await wire.connect(5, { clientId: wire.id(name), properties: [['sessionExpiryInterval', seconds]] });
      await client.subscribe([wire.topic(), 1]);
      await client.end();
    };
    await left('short', 1);
    await left('long', 60);
    await time(2_500);
    expect((await wire.connect(5, { clientId: wire.id('short'), clean: false })).connack.sessionPresent).toBe(false);
    expect((await wire.connect(5, { clientId: wire.id('long'), clean: false })).connack.sessionPresent).toBe(true);
  });

  it('is counted from the end of the connection, not from its start', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id('kept'), properties: [['sessionExpiryInterval', 2]] });
    await time(2_500);
    await client.end();
    expect((await wire.connect(5, { clientId: wire.id('kept'), clean: false })).connack.sessionPresent).toBe(true);
  });

  it('can be changed in DISCONNECT, to now [section 3.14.2.2.2]', async ({ wire }) => {
    expect(await sessionAfter(wire, { properties: [['sessionExpiryInterval', 100]] }, (client) => client.end(0, [['sessionExpiryInterval', 0]]))).toBe(false);
  });

  it('can be changed in DISCONNECT, to later', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id('kept'), properties: [['sessionExpiryInterval', 1]] });
    await client.end(0, [['sessionExpiryInterval', 60]]);
    await time(2_500);
    expect((await wire.connect(5, { clientId: wire.id('kept'), clean: false })).connack.sessionPresent).toBe(true);
  });

  it('cannot be put off in DISCONNECT when it was 0: a protocol error [MQTT-3.14.2-2]', async ({ wire }) => {
    const client = await wire.connect(5, { clientId: wire.id('kept') });
    client.send(Buffer.from([0xe0, 7, 0, 5, 0x11, 0, 0, 0, 60]));
    await client.refused(0x82);
    expect((await wire.connect(5, { clientId: wire.id('kept'), clean: false })).connack.sessionPresent).toBe(false);
  });

  it('can be changed by the next CONNECT', async ({ wire }) => {
    expect(
      await sessionAfter(wire, { properties: [['sessionExpiryInterval', 100]] }, async (client) => {
        await client.end();
        const next = await wire.connect(5, { clientId: wire.id('kept'), clean: false });
        expect(next.connack.sessionPresent).toBe(true);
        await next.end();
      }),
    ).toBe(false);
  });

  it('comes with a clean start, whatever the expiry is [MQTT-3.1.2-4]', async ({ wire }) => {
    const fields: ConnectFields = { clientId: wire.id('kept'), properties: [['sessionExpiryInterval', 100]] };
    const first = await wire.connect(5, fields);
    await first.subscribe([wire.topic(), 1]);
    await first.end();
    const second = await wire.connect(5, fields);
    expect(second.connack.sessionPresent).toBe(false);
    await second.publish(wire.topic(), 'unheard', { qos: 1 });
    await second.ping();
    expect(second.left('publish')).toEqual([]);
  });
});
