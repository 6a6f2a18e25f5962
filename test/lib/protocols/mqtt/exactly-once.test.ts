import fc from 'fast-check';
import type { Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { type MemoryBrokerStorage, memoryBrokerStorage } from '../../../helpers/memory-broker-storage.ts';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, publishPacket, type RawMqtt } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

/**
 * Clients that keep their side of MQTT's promises, over connections that break and hubs that die. What a hub had not written when it died is
 * lost; whatever it acknowledged must arrive nevertheless, and with QoS 2 once.
 */
type Step =
  | { readonly do: 'publish'; readonly qos: 1 | 2; readonly count: number }
  | { readonly do: 'cut'; readonly who: number }
  | { readonly do: 'mute'; readonly who: number }
  | { readonly do: 'hold' }
  | { readonly do: 'write'; readonly count: number }
  /** With so many commits written in its last moment, whose answers nobody gets. */
  | { readonly do: 'crash'; readonly written: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('publish' as const), qos: fc.constantFrom(1 as const, 2 as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mute' as const), who: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'hold' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), written: fc.nat(3) }) },
);

interface World {
  hub: MqttHub;
  storage: MemoryBrokerStorage;
}

async function connected(world: World, clientId: string, version: 4 | 5): Promise<RawMqtt> {
  const client = await openRawMqtt(world.hub.port, version);
  client.send(connectPacket('anybody', { protocolVersion: version, clientId, clean: false, properties: { sessionExpiryInterval: 1000, receiveMaximum: 5 } }));
  // A held disk holds CONNACK of a new session.
  await waitUntil(() => {
    if (world.storage.waiting > 0) world.storage.write();
    return client.received.some(({ cmd }) => cmd === 'connack');
  }, 'CONNACK');
  return client;
}

/** Hands over what has come and what comes, each once. */
function follow(client: RawMqtt, take: (packet: Packet) => void): void {
  let taken = 0;
  const takeAll = () => {
    for (; taken < client.received.length; taken++) take(client.received[taken] as Packet);
  };
  client.socket.on('data', takeAll);
  takeAll();
}

/** Sends again until it is acknowledged, under the same identifier. */
class Sender {
  readonly #world: World;
  #client: RawMqtt | null = null;
  #nextId = 0;
  #count = 0;
  /** In order: those not acknowledged, and those of QoS 2 that are (PUBREC) but not completed. */
  readonly #open = new Map<number, { readonly payload: string; readonly qos: 1 | 2; released: boolean }>();
  readonly acknowledged: { readonly payload: string; readonly qos: 1 | 2 }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get isDone(): boolean {
    return this.#open.size === 0;
  }

  async connect(): Promise<void> {
    const client = await connected(this.#world, 'sender', 4);
    this.#client = client;
    follow(client, (packet) => this.#client === client && this.#take(packet));
    for (const [id, { payload, qos, released }] of this.#open) {
      if (released) client.send({ cmd: 'pubrel', messageId: id });
      else client.send(publishPacket('t/x', qos, id, payload, { dup: true }));
    }
  }

  publish(qos: 1 | 2): void {
    do this.#nextId = (this.#nextId % 20) + 1;
    while (this.#open.has(this.#nextId));
    const payload = `${qos} ${++this.#count}`;
    this.#open.set(this.#nextId, { payload, qos, released: false });
    this.#client?.send(publishPacket('t/x', qos, this.#nextId, payload));
  }

  get hasRoom(): boolean {
    return this.#open.size < 15;
  }

  cut(): void {
    this.#client?.socket.destroy();
    this.#client = null;
  }

  #take(packet: Packet): void {
    if (!('messageId' in packet) || packet.messageId === undefined) return;
    const sent = this.#open.get(packet.messageId);
    if (packet.cmd === 'puback' && sent) {
      this.acknowledged.push(sent);
      this.#open.delete(packet.messageId);
    } else if (packet.cmd === 'pubrec') {
      if (sent && !sent.released) {
        sent.released = true;
        this.acknowledged.push(sent);
      }
      this.#client?.send({ cmd: 'pubrel', messageId: packet.messageId });
    } else if (packet.cmd === 'pubcomp' && sent?.released) this.#open.delete(packet.messageId);
  }
}

/** Hands a QoS 2 message on when it comes, and knows its identifier until PUBREL, over all connections. */
class Receiver {
  readonly #world: World;
  readonly #name: string;
  readonly #version: 4 | 5;
  #client: RawMqtt | null = null;
  readonly #known = new Set<number>();
  isMute = false;
  #unanswered: Packet[] = [];
  readonly heard: string[] = [];

  constructor(world: World, name: string, version: 4 | 5) {
    this.#world = world;
    this.#name = name;
    this.#version = version;
  }

  async connect(): Promise<void> {
    this.#unanswered = [];
    const client = await connected(this.#world, this.#name, this.#version);
    this.#client = client;
    follow(client, (packet) => this.#client === client && this.#take(packet));
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos: 2 }] });
    await waitUntil(() => {
      if (this.#world.storage.waiting > 0) this.#world.storage.write();
      return client.received.some(({ cmd }) => cmd === 'suback');
    }, 'SUBACK');
  }

  cut(): void {
    this.#client?.socket.destroy();
    this.#client = null;
  }

  speak(): void {
    this.isMute = false;
    for (const packet of this.#unanswered.splice(0)) this.#client?.send(packet);
  }

  #take(packet: Packet): void {
    if (packet.cmd === 'publish') {
      const messageId = packet.messageId ?? 0;
      if (packet.qos === 1) {
        this.heard.push(String(packet.payload));
        this.#answer({ cmd: 'puback', messageId });
      } else {
        if (!this.#known.has(messageId)) this.heard.push(String(packet.payload));
        this.#known.add(messageId);
        this.#answer({ cmd: 'pubrec', messageId });
      }
    } else if (packet.cmd === 'pubrel') {
      const messageId = packet.messageId ?? 0;
      this.#known.delete(messageId);
      this.#answer({ cmd: 'pubcomp', messageId });
    }
  }

  #answer(packet: Packet): void {
    if (this.isMute) this.#unanswered.push(packet);
    else this.#client?.send(packet);
  }
}

async function newHub(storage: MemoryBrokerStorage): Promise<MqttHub> {
  return startMqttHub({ settings: { 'mqtt.open': true, 'mqtt.receive-maximum': 10 }, storage });
}

it('nothing acknowledged is lost and QoS 2 arrives once, whatever breaks and dies', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const storage = memoryBrokerStorage();
      const world: World = { hub: await newHub(storage), storage };
      const sender = new Sender(world);
      const receivers = [new Receiver(world, 'four', 4), new Receiver(world, 'five', 5)];
      const clients = [sender, ...receivers];
      for (const client of [...receivers, sender]) await client.connect();
      for (const next of steps) {
        if (next.do === 'publish') for (let count = 0; count < next.count && sender.hasRoom; count++) sender.publish(next.qos);
        else if (next.do === 'hold') world.storage.hold();
        else if (next.do === 'write') world.storage.write(next.count);
        else if (next.do === 'mute') {
          const receiver = receivers[next.who - 1];
          if (receiver?.isMute) receiver.speak();
          else if (receiver) receiver.isMute = true;
        } else if (next.do === 'cut') {
          const client = clients[next.who];
          client?.cut();
          await client?.connect();
        } else {
          for (const client of clients) client.cut();
          world.storage.write(next.written);
          const disk = memoryBrokerStorage(world.storage.stored);
          world.storage.crash();
          await world.hub.protocol.stop();
          world.storage = disk;
          world.hub = await newHub(disk);
          for (const client of clients) await client.connect();
        }
        // Some of it happens, some of it is under way when the next step comes.
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const receiver of receivers) receiver.speak();
      const last = () => {
        world.storage.write();
        return sender.isDone;
      };
      await waitUntil(last, 'everything is acknowledged');
      await waitUntil(() => {
        world.storage.write();
        return world.hub.protocol.counters().queuedMessages === 0;
      }, 'everything is delivered');
      for (const { heard } of receivers) {
        expect([...new Set(heard)].sort()).toEqual(sender.acknowledged.map(({ payload }) => payload).sort());
        const twice = heard.filter((payload) => payload.startsWith('2'));
        expect(new Set(twice).size).toBe(twice.length);
      }
      await waitUntil(() => {
        world.storage.write();
        const { deliveries, messages, incoming } = world.storage.stored;
        return deliveries.length + messages.length + incoming.length === 0;
      }, 'nothing is left on disk');
      await world.hub.protocol.stop();
    }),
    { numRuns: 20 },
  );
});
