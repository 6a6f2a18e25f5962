import mqtt, { type MqttClient } from 'mqtt';
import { createRandom, type Random, seedFor } from '../../../src/lib/simulation/random.ts';
import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import { comesTrue, pause } from '../waiting.ts';

export interface Said {
  readonly id: string;
  readonly state: 'applied' | 'rejected';
  readonly reason?: string;
  readonly result?: unknown;
}

/** What a device made of a command; it keeps that for good, as a device should. */
export interface Decision {
  /** What was asked: the same of two ids is the same thing done twice. */
  readonly what: string;
  /** null: it never says anything. */
  readonly said: Said | null;
  /** ms since 1970 when the hub acknowledged the answer; null: it has not. */
  acknowledgedAt: number | null;
  times: number;
}

/** A device that comes and goes, does each command once, rejects some, answers some late, twice, contrary, or never. */
export interface AskedDevice {
  readonly id: string;
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Comes and goes from now on, or with `stays` only comes. */
  begin(): void;
  stays(): void;
  readonly isThere: () => boolean;
  stop(): Promise<void>;
}

const STAYS_MS_MAX = 1_200;
const AWAY_MS_MAX = 600;
const RETRY_MS = 50;
const SILENT = 0.06;
const REJECTS = 0.35;
const LOSES_POWER = 0.1;
const DAWDLES = 0.25;
const TWICE = 0.4;
const CONTRARY = 0.5;

export interface AskedDeviceOptions {
  readonly id: string;
  readonly hub: HubProcess;
  readonly credentials: Credentials;
  /** Its session outlives the connection. */
  readonly lasting: boolean;
  readonly seed: number;
  readonly findings: Findings;
}

interface Asked {
  readonly id: string;
  readonly kind: 'set' | 'call';
  readonly args?: unknown;
  readonly values?: unknown;
}

export function createAskedDevice({ id, hub, credentials, lasting, seed, findings }: AskedDeviceOptions): AskedDevice {
  const random = createRandom(seedFor(seed, id));
  const decisions = new Map<string, Decision & { readonly kind: string }>();
  const done = new Map<string, string>();
  let client: MqttClient | null = null;
  let subscribed = false;
  let [staying, stopped] = [false, false];
  let loop: Promise<void> = Promise.resolve();

  const publish = (connection: MqttClient, kind: string, said: Said, acknowledged: () => void) =>
    void connection.publish(`devices/${id}/${kind}/result`, JSON.stringify(said), { qos: 1 }, (error) => {
      if (!error) acknowledged();
    });

  function answer(connection: MqttClient, decision: Decision & { readonly kind: string }, habits: Random | null): void {
    const { said, kind } = decision;
    if (said === null) return;
    publish(connection, kind, said, () => {
      const isFirst = decision.acknowledgedAt === null;
      decision.acknowledgedAt ??= Date.now();
      // Whoever has been heard changes nothing by saying something else.
      if (isFirst && habits !== null && habits() < CONTRARY) publish(connection, kind, contraryTo(said), () => undefined);
    });
    if (habits !== null && habits() < TWICE) publish(connection, kind, said, () => undefined);
  }

  function heard(connection: MqttClient, asked: Asked): void {
    const known = decisions.get(asked.id);
    if (known !== undefined) {
      known.times += 1;
      if (known.acknowledgedAt !== null) findings.add('a device was asked again what it had answered', `${id}: ${asked.id}`);
      else answer(connection, known, null);
      return;
    }
    const what = `${asked.kind} ${JSON.stringify(asked.args ?? asked.values)}`;
    const before = done.get(what);
    if (before !== undefined) findings.add('a device was asked the same thing under two ids', `${id}: ${what}: ${before}, ${asked.id}`);
    done.set(what, asked.id);
    const decision = { kind: asked.kind, what, said: decided(asked, what), acknowledgedAt: null, times: 1 };
    decisions.set(asked.id, decision);
    const mood = random();
    if (staying) answer(connection, decision, random);
    // Before the PUBACK: the hub does not know that it has it.
    else if (mood < LOSES_POWER) connection.stream.destroy();
    else if (mood >= LOSES_POWER + DAWDLES) answer(connection, decision, random);
  }

  function decided({ id: command, args, values }: Asked, what: string): Said | null {
    const choose = createRandom(seedFor(seed, what));
    // A job waits for everybody's answer.
    if (choose() < SILENT && typeof args !== 'string') return null;
    if (choose() < REJECTS) return { id: command, state: 'rejected', reason: `no ${what}` };
    return { id: command, state: 'applied', ...(values === undefined && { result: args }) };
  }

  async function visit(): Promise<void> {
    const connection = mqtt.connect(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      ...{ username: credentials.username, password: credentials.password, clientId: id, protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 5_000 },
      clean: !lasting,
      ...(lasting && { properties: { sessionExpiryInterval: 3_600 } }),
    });
    client = connection;
    let closed = false;
    connection.on('error', () => undefined);
    connection.once('close', () => (closed = true));
    connection.on('message', (_topic, payload) => heard(connection, JSON.parse(payload.toString()) as Asked));
    connection.once('connect', () => {
      const topics = ['set', 'call'].map((kind) => `devices/${id}/${kind}`);
      connection.subscribe(topics, { qos: 1 }, (error) => (subscribed = !error && !closed));
      for (const decision of decisions.values()) if (decision.acknowledgedAt === null) answer(connection, decision, null);
    });
    const until = performance.now() + random() * STAYS_MS_MAX;
    await comesTrue(() => closed || stopped || (!staying && performance.now() > until), Number.POSITIVE_INFINITY, 10);
    subscribed = false;
    await connection.endAsync(true).catch(() => undefined);
  }

  return {
    id,
    decisions,
    begin() {
      loop = (async () => {
        while (!stopped) {
          if (hub.isRunning()) await visit();
          await pause(staying ? RETRY_MS : random() * AWAY_MS_MAX);
        }
      })();
    },
    stays() {
      staying = true;
    },
    isThere: () => subscribed,
    async stop() {
      stopped = true;
      client?.end(true);
      await loop;
    },
  };
}

function contraryTo({ id, state }: Said): Said {
  return state === 'applied' ? { id, state: 'rejected', reason: 'changed its mind' } : { id, state: 'applied' };
}
