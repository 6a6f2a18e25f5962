import { describe, expect } from 'vitest';
import { type Connected, conformance, type Wire } from '../../../../helpers/conformance.ts';
import { options, pubrec, subscribe } from '../../../../helpers/mqtt-packets.ts';
import { isForeign } from '../../../../helpers/wire-client.ts';

const it = conformance();
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

async function members(wire: Wire, count: number, qos: 0 | 1 | 2 = 1, group = 'g'): Promise<Connected[]> {
  const clients = await Promise.all(numbers(count).map(() => wire.connect(5)));
  for (const client of clients) expect((await client.subscribe([`$share/${group}/${wire.topic()}`, qos])).codes).toEqual([qos]);
  return clients;
}

/** All that a member hears until the fence, which every member hears on a topic of its own. */
async function heard(wire: Wire, clients: readonly Connected[]): Promise<string[][]> {
  const fence = wire.topic('fence');
  for (const client of clients) await client.subscribe([fence, 1]);
  await (await wire.connect(5)).publish(fence, 'fence', { qos: 1 });
  return Promise.all(
    clients.map(async (client) => {
      const payloads: string[] = [];
      for (let message = await client.receive(); message.topic !== fence; message = await client.receive()) payloads.push(message.payload);
      return payloads;
    }),
  );
}

describe.concurrent('A shared subscription', () => {
  it.for([0, 1, 2] as const)('with QoS %i gives every message to one member, and each member some [section 4.8.2]', async (qos, { wire }) => {
    const clients = await members(wire, 3, qos);
    const sender = await wire.connect(5);
    for (const payload of numbers(30)) await sender.publish(wire.topic(), payload, { qos });
    const lists = await heard(wire, clients);
    expect(lists.flat().sort()).toEqual(numbers(30).sort());
    expect(lists.every((list) => list.length > 0)).toBe(true);
  });

  it('of another name, or a plain one, has its own copy', async ({ wire }) => {
    const [one] = await members(wire, 1, 1, 'one');
    const [other] = await members(wire, 1, 1, 'other');
    const plain = await wire.connect(5);
    await plain.subscribe([wire.topic(), 1]);
    await plain.publish(wire.topic(), 'x', { qos: 1 });
    for (const client of [one, other, plain]) expect((await client?.receive())?.payload).toBe('x');
  });

  it('beside a plain one of the same client brings both', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([
      [`$share/g/${wire.topic()}`, 1],
      [wire.topic(), 1],
    ]);
    await client.publish(wire.topic(), 'x', { qos: 1 });
    expect((await client.receiveMany(2)).map(({ payload }) => payload)).toEqual(['x', 'x']);
  });

  it('goes on with those who stay when a member leaves, by UNSUBSCRIBE, DISCONNECT or a lost connection', async ({ wire }) => {
    const [first, second, third, last] = await members(wire, 4);
    expect((await first?.unsubscribe(`$share/g/${wire.topic()}`))?.codes).toEqual([0]);
    await second?.end();
    await third?.drop();
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos: 1 });
    expect((await last?.receiveMany(10))?.map(({ payload }) => payload)).toEqual(numbers(10));
    expect(first?.left('publish')).toEqual([]);
  });

  it('takes a member that comes back', async ({ wire }) => {
    const [stays] = await members(wire, 1);
    const [comes] = await members(wire, 1);
    await comes?.unsubscribe(`$share/g/${wire.topic()}`);
    await comes?.subscribe([`$share/g/${wire.topic()}`, 1]);
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos: 1 });
    const lists = await heard(
      wire,
      [stays, comes].filter((client) => client !== undefined),
    );
    expect(lists.flat().sort()).toEqual(numbers(10));
    expect(lists.every((list) => list.length > 0)).toBe(true);
  });

  it('has wildcards like any other', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([`$share/g/${wire.topic('+/b/#')}`, 1]);
    await client.publish(wire.topic('a/x/c'), 'no', { qos: 1 });
    await client.publish(wire.topic('a/b/c'), 'yes', { qos: 1 });
    expect((await client.receive()).payload).toBe('yes');
  });

  it('brings no retained messages when it begins [section 4.8.2]', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.publish(wire.topic(), 'retained', { qos: 1, retain: true });
    await client.subscribe([`$share/g/${wire.topic()}`, 1]);
    await client.publish(wire.topic(), 'live', { qos: 1 });
    expect((await client.receive()).payload).toBe('live');
  });

  it('has a QoS of its own for each member', async ({ wire }) => {
    const clients = [await wire.connect(5), await wire.connect(5)];
    for (const [qos, client] of clients.entries()) await client.subscribe([`$share/g/${wire.topic()}`, qos]);
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos: 2 });
    await heard(wire, clients);
    for (const [qos, client] of clients.entries()) {
      const found = client.received.filter((packet) => packet.type === 'publish' && packet.topic === wire.topic());
      expect(found.length).toBeGreaterThan(0);
      expect(found.every((packet) => packet.type === 'publish' && packet.qos === qos)).toBe(true);
    }
  });

  it('carries the subscription identifier of the member', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([`$share/g/${wire.topic()}`, 1], [['subscriptionIdentifier', 3]]);
    await client.publish(wire.topic(), 'x', { qos: 1 });
    expect((await client.receive()).properties.subscriptionIdentifier).toEqual([3]);
  });

  it('that is no local is a protocol error [MQTT-3.8.3-4]', async ({ wire }) => {
    const client = await wire.connect(5);
    client.send(subscribe(1, [[`$share/g/${wire.topic()}`, options(1, { noLocal: true })]]));
    await client.refused(0x82);
  });

  it.for(['$share/', '$share/g', '$share/g/', '$share//a', '$share/g+/a', '$share/+/a', '$share/#/a', '$share/#', '$share/g/a#', '$share/g/a/#/b'])(
    'written as %s is refused [MQTT-4.8.2-1] [MQTT-4.8.2-2]',
    async (filter, { wire }) => {
      const client = await wire.connect(5);
      client.send(subscribe(1, [[filter, 1]]));
      const answer = await client.take('suback').catch(() => null);
      if (answer) expect(answer.codes).toEqual([0x8f]);
      else await client.refused(0x8f, 0x81, 0x82);
    },
  );

  it('keeps what a member had and did not acknowledge: for that member, or for another [section 4.8.2]', async ({ wire }) => {
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const client = await wire.connect(5, fields);
    await client.subscribe([`$share/g/${wire.topic()}`, 2]);
    const sender = await wire.connect(5);
    await sender.publish(wire.topic(), 'half', { qos: 2 });
    client.send(pubrec((await client.take('publish')).id));
    await client.take('pubrel');
    await sender.publish(wire.topic(), 'whole', { qos: 2 });
    await client.take('publish');
    await client.drop();
    const again = await wire.connect(5, fields);
    expect((await again.take('pubrel')).id).toBeGreaterThan(0);
    expect(await again.take('publish')).toMatchObject({ payload: 'whole', dup: true });
  });

  // The specification leaves it open; messages that somebody can take now should not wait.
  it.skipIf(isForeign)('goes to members that are there rather than to one that is away', async ({ wire }) => {
    const away = await wire.connect(5, { clientId: wire.id('away'), properties: [['sessionExpiryInterval', 60]] });
    await away.subscribe([`$share/g/${wire.topic()}`, 1]);
    const [there] = await members(wire, 1);
    await away.end();
    const sender = await wire.connect(5);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload, { qos: 1 });
    expect((await there?.receiveMany(10))?.map(({ payload }) => payload)).toEqual(numbers(10));
  });

  it('waits for a member when all are away', async ({ wire }) => {
    const fields = { clientId: wire.id('away'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const away = await wire.connect(5, fields);
    await away.subscribe([`$share/g/${wire.topic()}`, 1]);
    await away.end();
    await (await wire.connect(5)).publish(wire.topic(), 'waited', { qos: 1 });
    expect((await (await wire.connect(5, fields)).receive()).payload).toBe('waited');
  });

  it('is open to clients of MQTT 3.1.1 too, who ask with the same filter', async ({ wire }) => {
    const clients = [await wire.connect(4), await wire.connect(4)];
    for (const client of clients) expect((await client.subscribe([`$share/g/${wire.topic()}`, 0])).codes).toEqual([0]);
    const sender = await wire.connect(4);
    for (const payload of numbers(10)) await sender.publish(wire.topic(), payload);
    expect((await heard(wire, clients)).flat().sort()).toEqual(numbers(10));
  });
});
