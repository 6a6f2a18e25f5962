import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { describe, expect } from 'vitest';
import { conformance, time, type Wire } from '../../../../helpers/conformance.ts';
import {
  byte,
  connect,
  disconnect,
  packet,
  pingreq,
  puback,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
  type Version,
} from '../../../../helpers/mqtt-packets.ts';
import { waitUntil } from '../../../../helpers/wait-until.ts';
import { isForeign } from '../../../../helpers/wire-client.ts';

/** What has broken brokers before, as published: each of these once ended, filled or fooled one. One after the other: they measure memory. */
const it = conformance();
const MEGABYTE = 1_048_576;

function residentBytes(wire: Wire): number {
  const pages = Number(readFileSync(`/proc/${wire.hub().pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4_096;
}

/** That it is the same process, and answers. */
async function isWell(wire: Wire): Promise<void> {
  const client = await wire.connect(5);
  await client.subscribe([wire.topic('well'), 1]);
  await client.publish(wire.topic('well'), 'well', { qos: 2 });
  expect((await client.receive()).payload).toBe('well');
  expect((await fetch(`${wire.hub().url}/health/live`)).status).toBe(200);
}

describe.skipIf(isForeign)('What has broken brokers before', () => {
  it('memory taken on an announced length: 268 MB announced on 200 connections take none, and are cut', async ({ wire }) => {
    const before = residentBytes(wire);
    const announced = byte(0x10, 0xff, 0xff, 0xff, 0x7f);
    const strangers = await Promise.all(Array.from({ length: 100 }, () => wire.open(4)));
    for (const client of strangers) client.send(announced);
    const guests = await Promise.all(Array.from({ length: 100 }, (_, index) => wire.connect(index % 2 === 0 ? 4 : 5)));
    for (const client of guests) client.send(byte(0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61, 0, 1));
    for (const client of [...strangers, ...guests]) await client.closed();
    expect(residentBytes(wire) - before).toBeLessThan(100 * MEGABYTE);
    await isWell(wire);
  });

  it('memory taken on an announced length: a megabyte each, as allowed, on 300 connections that then say nothing', async ({ wire }) => {
    const before = residentBytes(wire);
    const clients = await Promise.all(Array.from({ length: 300 }, () => wire.connect(4)));
    for (const client of clients) client.send(byte(0x30, 0x80, 0x80, 0x3f, 0, 1, 0x61));
    await isWell(wire);
    expect(residentBytes(wire) - before).toBeLessThan(100 * MEGABYTE);
  });

  it('lengths inside a packet: text, properties and payloads that announce more than there is', async ({ wire }) => {
    const cut: readonly ((version: Version) => Buffer)[] = [
      () => packet(0x30, byte(0xff, 0xff)),
      () => packet(0x82, byte(0, 1, 0xff, 0xff, 0xff, 0x7f)),
      () => packet(0xa2, byte(0, 1, 0xff, 0xff)),
      () => packet(0x30, byte(0, 1, 0x61, 0xff, 0xff, 0xff, 0x7f)),
      () => packet(0x40, byte(0, 1, 0, 0xff, 0xff, 0xff, 0x7f)),
      () => packet(0xe0, byte(0, 0xff, 0xff, 0xff, 0x7f)),
    ];
    for (const bytes of cut) {
      const client = await wire.connect(5);
      client.send(bytes);
      await client.refused(0x81, 0x82);
    }
    await isWell(wire);
  });

  it('QoS 2 identifiers that are never released: 70,000 messages without PUBREL take no memory to speak of', async ({ wire }) => {
    const before = residentBytes(wire);
    const client = await wire.connect(4, { clientId: wire.id('leak') });
    for (let round = 0; round < 70; round++)
      client.send(
        ...Array.from({ length: 1_000 }, (_, index) => publish('a', { qos: 2, id: ((round * 1_000 + index) % 65_535) + 1, payload: 'x'.repeat(50) })),
      );
    // It may stop reading, or end the connection; both are bounds.
    await waitUntil(() => client.isClosed || client.received.length > 1, 'the broker reacts');
    await isWell(wire);
    expect(residentBytes(wire) - before).toBeLessThan(150 * MEGABYTE);
    client.destroy();
    const again = await wire.connect(4, { clientId: wire.id('leak') });
    for (let id = 1; id <= 300; id++) expect(await again.publish(wire.topic(), 'x', { qos: 2, id })).toBe(0);
  });

  it('QoS 2 identifiers that are never released: the same one sent 2,000 times is one message', async ({ wire }) => {
    const client = await wire.connect(4);
    const listener = await wire.connect(4);
    await listener.subscribe([wire.topic(), 0]);
    for (let round = 0; round < 20 && !client.isClosed; round++)
      client.send(...Array.from({ length: 100 }, () => publish(wire.topic(), { qos: 2, id: 1, payload: 'x', dup: round > 0 })));
    await client.take('pubrec');
    await listener.publish(wire.topic(), 'fence', { qos: 0 });
    const heard: string[] = [];
    while (heard.at(-1) !== 'fence') heard.push((await listener.receive()).payload);
    expect(heard.filter((payload) => payload === 'x').length).toBeLessThanOrEqual(1);
  });

  it('identifiers of the broker come round: 70,000 messages of QoS 1 to one client, who never acknowledges the third', { timeout: 90_000 }, async ({
    wire,
  }) => {
    const client = await wire.connect(4);
    await client.subscribe([wire.topic(), 1]);
    const sender = await wire.connect(4);
    let received = 0;
    let last = 0;
    let isInOrder = true;
    let held = 0;
    let isFree = true;
    client.stream.on('data', () => {
      while (received < client.received.length) {
        const one = client.received[received++];
        if (one?.type !== 'publish') continue;
        if (last === 3) held = one.id;
        else client.send(puback(one.id));
        isFree &&= last <= 3 || one.id !== held;
        isInOrder &&= Number(one.payload) === last;
        last++;
      }
    });
    for (let sent = 0; sent < 70_000; sent += 100) {
      sender.send(
        ...Array.from({ length: 100 }, (_, index) => publish(wire.topic(), { qos: 1, id: ((sent + index) % 65_535) + 1, payload: String(sent + index) })),
      );
      // Not faster than the receiver, whose queue has its bounds.
      await waitUntil(() => sender.received.length >= sent + 101 && last > sent - 300, 'acknowledged', 10_000);
    }
    await waitUntil(() => last === 70_000, 'everything is delivered', 10_000);
    expect({ isInOrder, isFree }).toEqual({ isInOrder: true, isFree: true });
  });

  it('a refused CONNECT left open: the connection ends though the client keeps its side of it open', async ({ wire }) => {
    const { hostname, port } = new URL(wire.hub().mqttUrl);
    const socket = connectSocket({ host: hostname, port: Number(port), allowHalfOpen: true });
    let isEnded = false;
    let isBroken = false;
    socket.on('end', () => {
      isEnded = true;
    });
    socket.on('error', () => {
      isBroken = true;
    });
    socket.resume();
    socket.write(connect({ clientId: '', clean: false })(4));
    await waitUntil(() => isEnded, 'the hub ends its side');
    await waitUntil(() => {
      if (!isBroken) socket.write('more');
      return isBroken;
    }, 'the hub closes the whole connection');
    socket.destroy();
  });

  it('keep-alive of 0 and of 18 hours, many connections: they come and go', async ({ wire }) => {
    for (const keepAlive of [0, 65_535]) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => wire.connect(5, { keepAlive })));
      for (const client of clients) client.destroy();
    }
    await isWell(wire);
  });

  it('an uncaught parse error ending the process: packets with some bytes changed, 800 times', { timeout: 60_000 }, async ({ wire }) => {
    const random = mulberry32(20_261_122);
    const whole: readonly ((version: Version) => Buffer)[] = [
      connect({
        clientId: 'fuzz',
        will: { topic: 'w', payload: 'x', properties: [['willDelayInterval', 1]] },
        username: 'u',
        password: 'p',
        properties: [['userProperty', ['a', 'b']]],
      }),
      publish('a/b', {
        qos: 2,
        id: 1,
        payload: 'x',
        properties: [
          ['topicAlias', 1],
          ['contentType', 'c'],
        ],
      }),
      subscribe(2, [
        ['a/+', 1],
        ['$share/g/#', 2],
      ]),
      unsubscribe(3, ['a/+', '$share/g/#']),
      () => puback(1),
      () => pubrec(1),
      () => pubrel(1),
      () => pingreq(),
      () => disconnect(),
    ];
    for (let round = 0; round < 80; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const version: Version = index % 2 === 0 ? 4 : 5;
          const bytes = Buffer.concat([
            ...(random() < 0.8 ? [connect({ clientId: `fuzz${index}` })(version)] : []),
            ...Array.from({ length: 4 }, () => whole[Math.floor(random() * whole.length)]?.(version) ?? byte()),
          ]);
          for (let change = 0; change < 3; change++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
          const { hostname, port } = new URL(wire.hub().mqttUrl);
          const socket = connectSocket(Number(port), hostname);
          socket.on('error', () => {});
          socket.resume();
          await new Promise<void>((resolve) => {
            socket.once('close', () => resolve());
            socket.end(bytes);
          });
        }),
      );
    }
    await isWell(wire);
  });

  it('topics beginning with $: what clients send there is no word of the broker', async ({ wire }) => {
    const client = await wire.connect(5);
    const listener = await wire.connect(5);
    await listener.subscribe(['#', '+/#', '$SYS/#', wire.topic('fence')]);
    for (const topic of ['$SYS/broker/version', '$share/g/a', '$queue/a', '$CONTROL/x', '$', '$x']) client.send(publish(topic, { payload: 'forged' }));
    await time(200);
    await (await wire.connect(5)).publish(wire.topic('fence'), 'fence');
    for (let message = await listener.receive(); message.payload !== 'fence'; message = await listener.receive()) expect(message.payload).not.toBe('forged');
  });

  it('a client that takes nothing: 200 MB for it are not kept', { timeout: 60_000 }, async ({ wire }) => {
    const slow = await wire.connect(4);
    await slow.subscribe([wire.topic(), 0]);
    slow.stream.pause();
    const before = residentBytes(wire);
    const sender = await wire.connect(4);
    for (let round = 0; round < 50; round++) {
      sender.send(...Array.from({ length: 8 }, () => publish(wire.topic(), { payload: Buffer.alloc(500_000, 0x78) })));
      await sender.ping();
    }
    expect(residentBytes(wire) - before).toBeLessThan(120 * MEGABYTE);
    await isWell(wire);
  });
});

/** A small generator of random numbers with a seed, so that a failure can be seen again. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
