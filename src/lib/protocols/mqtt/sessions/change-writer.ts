import type { BrokerChange, BrokerStorage } from '../../../storage/broker-state.ts';
import { type Delivery, toStoredDelivery } from './outbox.ts';

/** What nobody waits for is written with the next commit, or after this. */
const LATER_MS = 20;
const RETRY_MS = 1_000;
/** Beyond it, changes that could not be written are given up: after a crash, something is delivered again. */
const RETRIED_MAX = 100_000;

interface Written {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The way of broker state to the disk. Changes of one turn of the event loop share a commit, and the order in which they
 * were made is the order in which they are written: what travels with a message (`alongside`) must be preceded by `flush`.
 */
export class ChangeWriter {
  readonly #storage: Pick<BrokerStorage, 'commit'>;
  readonly #onTrouble: (error: unknown) => void;
  /** Whether a change that is tried again still means something. */
  readonly #isCurrent: (change: BrokerChange) => boolean;
  #batch: BrokerChange[] = [];
  /** Those of the batch that nobody waits for. */
  #lazy: BrokerChange[] = [];
  #written: Written | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failing = false;
  /** Sent deliveries, by their session, whose packet identifier is not noted on disk. */
  readonly #sent = new Map<Delivery, number>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(storage: Pick<BrokerStorage, 'commit'>, isCurrent: (change: BrokerChange) => boolean, onTrouble: (error: unknown) => void) {
    this.#storage = storage;
    this.#isCurrent = isCurrent;
    this.#onTrouble = onTrouble;
  }

  /** Written some time soon; tried again if it fails. */
  later(change: BrokerChange): void {
    this.#batch.push(change);
    this.#lazy.push(change);
    this.#schedule();
  }

  /** Resolves once they are on disk. They share their fate with others of the same turn. */
  durable(changes: readonly BrokerChange[]): Promise<void> {
    for (const change of changes) this.#batch.push(change);
    if (this.#written === null) {
      this.#written = newWritten();
      setImmediate(() => this.flush());
    }
    return this.#written.promise;
  }

  /** It went out: worth a note, unless it is acknowledged first. */
  sent(session: number, delivery: Delivery): void {
    this.#sent.set(delivery, session);
    this.#schedule();
  }

  unsent(delivery: Delivery): void {
    this.#sent.delete(delivery);
  }

  /** Hands over what has gathered, now. */
  flush(): void {
    for (const [delivery, session] of this.#sent) {
      const change: BrokerChange = { kind: 'put-delivery', delivery: toStoredDelivery(session, delivery) };
      this.#batch.push(change);
      this.#lazy.push(change);
    }
    this.#sent.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch.length === 0) return;
    const changes = this.#batch;
    const lazy = this.#lazy;
    const written = this.#written;
    this.#batch = [];
    this.#lazy = [];
    this.#written = null;
    const done: Promise<void> = this.#commit(changes).then(
      () => {
        this.#failing = false;
        this.#underWay.delete(done);
        written?.resolve();
      },
      (error: unknown) => {
        this.#underWay.delete(done);
        this.#retry(lazy);
        if (!this.#failing) this.#onTrouble(error);
        this.#failing = true;
        written?.reject(error);
      },
    );
    this.#underWay.add(done);
  }

  /** Everything is on disk, or could not be written. */
  async settle(): Promise<void> {
    this.flush();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #commit(changes: readonly BrokerChange[]): Promise<void> {
    try {
      return this.#storage.commit(changes);
    } catch (error: unknown) {
      return Promise.reject(error);
    }
  }

  /** Before anything newer, so that the order stays. */
  #retry(lazy: readonly BrokerChange[]): void {
    const current = lazy.filter((change) => this.#isCurrent(change));
    if (current.length === 0 || this.#lazy.length + current.length > RETRIED_MAX) return;
    this.#batch = [...current, ...this.#batch];
    this.#lazy = [...current, ...this.#lazy];
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null || this.#written !== null) return;
    this.#timer = setTimeout(() => this.flush(), this.#failing ? RETRY_MS : LATER_MS);
    this.#timer.unref();
  }
}

function newWritten(): Written {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  // Whoever waits hears of it; nobody has to.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
