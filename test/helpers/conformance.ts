import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, test as base, beforeAll } from 'vitest';
import { startHub, type TestHub } from './hub.ts';
import type { ConnectFields, Version } from './mqtt-packets.ts';
import { connect } from './mqtt-packets.ts';
import type { AnswerOf } from './mqtt-reader.ts';
import { FOREIGN_BROKER, isForeign, openSocket, WireClient } from './wire-client.ts';

/** Limits that are the hub's own choice are out of the way of what the specification allows. */
const SETTINGS = { 'mqtt.topic-levels-max': 100, 'mqtt.client-id-bytes-max': 65_535 };

export type Connected = WireClient & { readonly connack: AnswerOf<'connack'> };

export interface Wire {
  /** A topic of this test alone; the same name gives the same topic. */
  topic(name?: string): string;
  /** A client identifier of this test alone. */
  id(name?: string): string;
  /** A connection on which nothing is said yet. */
  open(version?: Version): Promise<WireClient>;
  /** The hub under test; what needs it is left out for foreign brokers. */
  hub(): TestHub;
  /** A client that was accepted. Without a client identifier it gets one of this test. */
  connect(version?: Version, fields?: ConnectFields): Promise<Connected>;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  /** Null when a foreign broker is judged. */
  readonly hub: TestHub | null;
}

/** The tests of one file, against one broker. Clients are cut at the end of their test. A hub is open to everybody, or asks for credentials. */
export function conformance(settings: Record<string, string | number> = {}, access: 'open' | 'closed' = 'open') {
  let broker: Broker | null = null;
  beforeAll(async () => {
    broker = await startBroker(settings, access);
  });
  afterAll(async () => {
    await broker?.hub?.stop('SIGKILL');
    if (broker?.hub) await rm(dirname(broker.hub.dataDirectory), { recursive: true, force: true });
  });
  return base.extend<{ wire: Wire }>({
    wire: async ({ task }, use) => {
      if (broker === null) throw new Error('the broker has not been started');
      const { host, port, hub } = broker;
      const clients: WireClient[] = [];
      const own = `${task.id.replaceAll(/\W/g, '')}-${randomBytes(3).toString('hex')}`;
      let unnamed = 0;
      const open = async (version: Version = 4) => {
        const client = new WireClient(await openSocket(host, port), version);
        clients.push(client);
        return client;
      };
      await use({
        topic: (name = 't') => `${own}/${name}`,
        id: (name = 'c') => `${own}-${name}`,
        open,
        hub() {
          if (hub === null) throw new Error('this test is for a hub');
          return hub;
        },
        async connect(version = 4, fields = {}) {
          const client = await open(version);
          unnamed++;
          client.send(connect({ clientId: `${own}-unnamed-${unnamed}`, ...fields }));
          const connack = await client.take('connack');
          if (connack.code !== 0) throw new Error(`refused with ${connack.code}`);
          return Object.assign(client, { connack });
        },
      });
      for (const client of clients) client.destroy();
    },
  });
}

async function startBroker(settings: Record<string, string | number>, access: 'open' | 'closed'): Promise<Broker> {
  if (isForeign) {
    const [host = '', port = ''] = FOREIGN_BROKER.split(':');
    return { host, port: Number(port), hub: null };
  }
  const all = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const hub = await startHub([...(access === 'open' ? ['--mqtt-open'] : []), '--log-level', 'error', ...all], { keep: true });
  const { hostname, port } = new URL(hub.mqttUrl);
  return { host: hostname, port: Number(port), hub };
}

/** For what happens after a time, on a broker whose clock nobody can turn. */
export function time(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
