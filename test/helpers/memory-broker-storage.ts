import type {
  BrokerChange,
  BrokerStorage,
  StoredBroker,
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredWill,
} from '../../src/lib/storage/broker-state.ts';

interface Commit {
  readonly changes: readonly BrokerChange[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a broker has on disk, without a disk. */
export interface MemoryBrokerStorage extends BrokerStorage {
  /** What is on disk now. */
  readonly stored: StoredBroker;
  /** Changes of all commits so far, written or not. */
  readonly changes: BrokerChange[];
  /** Commits wait for `write` from now on. */
  hold(): void;
  /** Writes the oldest so many commits that wait, all by default. */
  write(count?: number): void;
  /** The next commits fail. */
  fail(error: Error | null): void;
  /** Commits that wait. */
  readonly waiting: number;
  /** The hub dies: what was not written is lost, and nothing more is written. */
  crash(): void;
}

/** `from`: what an earlier hub left on its disk. */
export function memoryBrokerStorage(from?: StoredBroker): MemoryBrokerStorage {
  const sessions = new Map<number, StoredSession>();
  const subscriptions = new Map<string, StoredSubscription>();
  const messages = new Map<number, StoredMessage>();
  const deliveries = new Map<string, StoredDelivery>();
  const incoming = new Map<string, { session: number; packetId: number }>();
  const retained = new Map<string, StoredMessage>();
  const wills = new Map<string, StoredWill>();
  const all: BrokerChange[] = [];
  const waiting: Commit[] = [];
  let held = false;
  let failure: Error | null = null;

  function apply(change: BrokerChange): void {
    switch (change.kind) {
      case 'put-session':
        sessions.set(change.session.key, change.session);
        return;
      case 'remove-session':
        sessions.delete(change.session);
        for (const part of [subscriptions, deliveries, incoming]) for (const [key, { session }] of part) if (session === change.session) part.delete(key);
        return;
      case 'put-subscription':
        subscriptions.set(`${change.subscription.session} ${change.subscription.filter}`, change.subscription);
        return;
      case 'remove-subscription':
        subscriptions.delete(`${change.session} ${change.filter}`);
        return;
      case 'put-message':
        messages.set(change.message.key, copied(change.message));
        return;
      case 'remove-message':
        messages.delete(change.message);
        return;
      case 'put-delivery':
        deliveries.set(`${change.delivery.session} ${change.delivery.sequence}`, change.delivery);
        return;
      case 'remove-delivery':
        deliveries.delete(`${change.session} ${change.sequence}`);
        return;
      case 'put-incoming':
        incoming.set(`${change.session} ${change.packetId}`, { session: change.session, packetId: change.packetId });
        return;
      case 'remove-incoming':
        incoming.delete(`${change.session} ${change.packetId}`);
        return;
      case 'put-retained':
        retained.set(change.message.topic, copied(change.message));
        return;
      case 'remove-retained':
        retained.delete(change.topic);
        return;
      case 'put-will':
        wills.set(change.will.session, change.will);
        return;
      case 'remove-will':
        wills.delete(change.session);
    }
  }

  function finish({ changes, resolve, reject }: Commit): void {
    if (failure !== null) {
      reject(failure);
      return;
    }
    for (const change of changes) apply(change);
    resolve();
  }

  for (const session of from?.sessions ?? []) apply({ kind: 'put-session', session });
  for (const subscription of from?.subscriptions ?? []) apply({ kind: 'put-subscription', subscription });
  for (const message of from?.messages ?? []) apply({ kind: 'put-message', message });
  for (const delivery of from?.deliveries ?? []) apply({ kind: 'put-delivery', delivery });
  for (const { session, packetId } of from?.incoming ?? []) apply({ kind: 'put-incoming', session, packetId });
  for (const message of from?.retained ?? []) apply({ kind: 'put-retained', message });
  for (const will of from?.wills ?? []) apply({ kind: 'put-will', will });

  const storage: MemoryBrokerStorage = {
    get stored() {
      return {
        sessions: [...sessions.values()],
        subscriptions: [...subscriptions.values()],
        messages: [...messages.values()],
        deliveries: [...deliveries.values()].sort((a, b) => a.session - b.session || a.sequence - b.sequence),
        incoming: [...incoming.values()],
        retained: [...retained.values()],
        wills: [...wills.values()],
      };
    },
    changes: all,
    get waiting() {
      return waiting.length;
    },
    load: () => Promise.resolve(storage.stored),
    commit(changes) {
      all.push(...changes);
      return new Promise((resolve, reject) => {
        const commit: Commit = { changes: [...changes], resolve, reject };
        if (held) waiting.push(commit);
        else setImmediate(() => finish(commit));
      });
    },
    hold() {
      held = true;
    },
    write(count = waiting.length) {
      for (const commit of waiting.splice(0, count)) finish(commit);
    },
    fail(error) {
      failure = error;
    },
    crash() {
      held = false;
      failure = new Error('the hub is dead');
      for (const { reject } of waiting.splice(0)) reject(failure);
    },
  };
  return storage;
}

/** Payloads are windows on what was read; a disk keeps its own. */
function copied(message: StoredMessage): StoredMessage {
  return { ...message, payload: Uint8Array.from(message.payload), properties: message.properties && Uint8Array.from(message.properties) };
}
