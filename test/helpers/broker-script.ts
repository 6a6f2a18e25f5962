import { createHash } from 'node:crypto';
import type {
  BrokerChange,
  StoredBroker,
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredWill,
} from '../../src/lib/storage/broker-state.ts';

/** What the changes of a broker lead to, kept in memory as plainly as can be. */
export class BrokerModel {
  readonly sessions = new Map<number, StoredSession>();
  readonly subscriptions = new Map<string, StoredSubscription>();
  readonly messages = new Map<number, StoredMessage>();
  readonly deliveries = new Map<string, StoredDelivery>();
  readonly incoming = new Map<string, { session: number; packetId: number }>();
  readonly retained = new Map<string, StoredMessage>();
  readonly wills = new Map<string, StoredWill>();

  apply(change: BrokerChange): void {
    switch (change.kind) {
      case 'put-session':
        return void this.sessions.set(change.session.key, change.session);
      case 'remove-session':
        this.sessions.delete(change.session);
        for (const own of [this.subscriptions, this.deliveries, this.incoming]) {
          for (const [key, { session }] of own) if (session === change.session) own.delete(key);
        }
        return;
      case 'put-subscription':
        return void this.subscriptions.set(`${change.subscription.session} ${change.subscription.filter}`, change.subscription);
      case 'remove-subscription':
        return void this.subscriptions.delete(`${change.session} ${change.filter}`);
      case 'put-message':
        return void this.messages.set(change.message.key, change.message);
      case 'remove-message':
        return void this.messages.delete(change.message);
      case 'put-delivery':
        return void this.deliveries.set(`${change.delivery.session} ${change.delivery.sequence}`, change.delivery);
      case 'remove-delivery':
        return void this.deliveries.delete(`${change.session} ${change.sequence}`);
      case 'put-incoming':
        return void this.incoming.set(`${change.session} ${change.packetId}`, { session: change.session, packetId: change.packetId });
      case 'remove-incoming':
        return void this.incoming.delete(`${change.session} ${change.packetId}`);
      case 'put-retained':
        return void this.retained.set(change.message.topic, change.message);
      case 'remove-retained':
        return void this.retained.delete(change.topic);
      case 'put-will':
        return void this.wills.set(change.will.session, change.will);
      case 'remove-will':
        return void this.wills.delete(change.session);
    }
  }

  /** In an order of its own: compare with `ordered`. */
  state(): StoredBroker {
    const { sessions, subscriptions, messages, deliveries, incoming, retained, wills } = this;
    return ordered({
      sessions: [...sessions.values()],
      subscriptions: [...subscriptions.values()],
      messages: [...messages.values()],
      deliveries: [...deliveries.values()],
      incoming: [...incoming.values()],
      retained: [...retained.values()],
      wills: [...wills.values()],
    });
  }
}

/** The same state, everything by its key, so that two can be compared. */
export function ordered(state: StoredBroker): StoredBroker {
  const by = <Part>(parts: readonly Part[], keyOf: (part: Part) => string) => [...parts].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(plain);
  return {
    sessions: by(state.sessions, ({ key }) => String(key)),
    subscriptions: by(state.subscriptions, ({ session, filter }) => `${session} ${filter}`),
    messages: by(state.messages, ({ key }) => String(key)),
    deliveries: by(state.deliveries, ({ session, sequence }) => `${session} ${sequence}`),
    incoming: by(state.incoming, ({ session, packetId }) => `${session} ${packetId}`),
    retained: by(state.retained, ({ topic }) => topic),
    wills: by(state.wills, ({ session }) => session),
  };
}

/** Bytes as their digest: millions of them are slow to compare one by one. */
function plain<Part>(part: Part): Part {
  return Object.fromEntries(
    Object.entries(part as Record<string, unknown>).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? `${value.length} ${createHash('sha256').update(value).digest('hex')}` : value,
    ]),
  ) as Part;
}

/** What a broker may do next: two numbers choose what, and of which. */
export interface BrokerStep {
  readonly action: number;
  readonly pick: number;
}

const TEXTS = ['', 'a', 'zwei/drei', 'ü/€/𝕏', `long/${'x'.repeat(300)}`];
const ACTIONS = 14;

/** Makes the changes of a broker that does as the steps say, as a broker makes them: keys rise, and what nobody waits for goes. */
export class ScriptedBroker {
  readonly model = new BrokerModel();
  readonly #payloadBytes: number;
  #nextKey = 1;
  #nextSequence = 1;

  constructor(payloadBytes: number) {
    this.#payloadBytes = payloadBytes;
  }

  /** The changes of one step, which belong into one commit. The model has them already. */
  step({ action, pick }: BrokerStep): readonly BrokerChange[] {
    const changes = this.#changes(action % ACTIONS, pick);
    for (const change of changes) this.model.apply(change);
    return changes;
  }

  #changes(action: number, pick: number): BrokerChange[] {
    const { model } = this;
    const session = chosen(model.sessions, pick);
    const delivery = chosen(model.deliveries, pick);
    const text = TEXTS[pick % TEXTS.length] ?? '';
    switch (action) {
      case 0: {
        const key = this.#nextKey++;
        return [
          {
            kind: 'put-session',
            session: { key, id: `${text}-${key}`, principal: '{"kind":"open"}', expirySeconds: pick % 3 === 0 ? Infinity : pick, leftAt: null },
          },
        ];
      }
      case 1:
        return session ? [{ kind: 'put-session', session: { ...session, leftAt: 1_763_785_200_000 + pick } }] : [];
      case 2: {
        if (!session || pick % 3 !== 0) return [];
        const waiting = [...model.deliveries.values()].filter((each) => each.session === session.key).map(({ message }) => message);
        return [
          { kind: 'remove-session', session: session.key },
          ...waiting.flatMap((message) => this.#unlessWaited(message, (each) => each.session !== session.key)),
        ];
      }
      case 3:
        return session
          ? [{ kind: 'put-subscription', subscription: { session: session.key, filter: `#${text}`, options: pick % 64, identifier: pick % 2 ? pick : null } }]
          : [];
      case 4:
        return session ? [{ kind: 'remove-subscription', session: session.key, filter: `#${text}` }] : [];
      case 5:
      case 6:
      case 7:
        return this.#publish(pick, text);
      case 8:
        return delivery
          ? [{ kind: 'put-delivery', delivery: { ...delivery, packetId: 1 + (pick % 65_535), released: delivery.qos === 2 && pick % 2 === 1 } }]
          : [];
      case 9:
      case 10: {
        if (!delivery) return [];
        const left = this.#unlessWaited(delivery.message, (each) => each !== delivery);
        return [{ kind: 'remove-delivery', session: delivery.session, sequence: delivery.sequence }, ...left];
      }
      case 11:
        return session ? [{ kind: pick % 2 ? 'put-incoming' : 'remove-incoming', session: session.key, packetId: 1 + (pick % 5) }] : [];
      case 12:
        return pick % 3 === 0 ? [{ kind: 'remove-retained', topic: `t${text}` }] : [{ kind: 'put-retained', message: this.#message(`t${text}`, pick) }];
      default: {
        if (pick % 3 === 0) return [{ kind: 'remove-will', session: `s${text}` }];
        const { topic, payload, properties, qos } = this.#message(text, pick);
        const times = { messageExpirySeconds: pick % 2 ? pick : null, delaySeconds: pick, dueAt: pick % 4 ? pick : null };
        return [{ kind: 'put-will', will: { session: `s${text}`, principal: '{}', topic, payload, properties, qos, retain: pick % 2 === 0, ...times } }];
      }
    }
  }

  #publish(pick: number, text: string): BrokerChange[] {
    const sessions = [...this.model.sessions.keys()].filter((key) => (key + pick) % 3 !== 0);
    if (sessions.length === 0) return [];
    const message = this.#message(text, pick);
    return [
      { kind: 'put-message', message },
      ...sessions.map((session): BrokerChange => {
        const rest = {
          qos: pick % 2 ? 1 : 2,
          retain: pick % 7 === 0,
          subscriptionIdentifiers: pick % 4 ? [] : [1, pick],
          packetId: null,
          released: false,
        } as const;
        return { kind: 'put-delivery', delivery: { session, sequence: this.#nextSequence++, message: message.key, ...rest } };
      }),
    ];
  }

  #message(topic: string, pick: number): StoredMessage {
    const payload = new Uint8Array(pick % this.#payloadBytes).fill(pick);
    const properties = pick % 3 ? null : Uint8Array.of(1, 2, pick % 256);
    const qos = pick % 3 === 0 ? 0 : pick % 3 === 1 ? 1 : 2;
    return {
      key: this.#nextKey++,
      topic,
      payload,
      qos,
      retain: pick % 2 === 0,
      properties,
      sender: pick % 2 ? 'me' : null,
      arrivedAt: pick,
      expiresAt: pick % 5 ? null : pick,
    };
  }

  /** Its removal, when no other delivery needs it. */
  #unlessWaited(message: number, isOther: (delivery: StoredDelivery) => boolean): BrokerChange[] {
    const waited = [...this.model.deliveries.values()].some((each) => each.message === message && isOther(each));
    return waited ? [] : [{ kind: 'remove-message', message }];
  }
}

function chosen<Value>(values: ReadonlyMap<unknown, Value>, pick: number): Value | undefined {
  return [...values.values()][pick % Math.max(1, values.size)];
}

/** Steps that are the same for the same seed, without an end. */
export function* brokerSteps(seed: number): Generator<BrokerStep, never, undefined> {
  let state = seed >>> 0;
  const next = () => {
    // Numerical Recipes' linear congruential generator; its low bits are poor.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (;;) yield { action: next(), pick: next() };
}
