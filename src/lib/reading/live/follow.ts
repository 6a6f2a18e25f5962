import { formatAge } from '../../domain/duration.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { createRecentSet } from '../recent-set.ts';

/** What was dropped because we were too slow. */
export interface FollowGap {
  readonly dropped: number;
  readonly from: number;
  readonly to: number;
}

export type FollowEvent<Item> =
  | { readonly type: 'item'; readonly item: Item }
  | { readonly type: 'gap'; readonly gap: FollowGap }
  /** For people: what happened to the connection. */
  | { readonly type: 'notice'; readonly text: string };

/** What a stream of the hub sends, whatever it carries. */
export type FollowMessage<Item> =
  | { readonly type: 'hello'; readonly time: number }
  | { readonly type: 'items'; readonly items: readonly Item[] }
  | { readonly type: 'gap'; readonly dropped: number; readonly from: number; readonly to: number }
  | { readonly type: 'bye'; readonly code: string; readonly reason: string };

/** Knows where the stored part begins: at the start, and behind what was seen when a connection was lost. */
export interface Stored<Item> {
  /** The stream is open, its clock at `time`: what is stored comes first, the oldest first. null: nothing is wanted. */
  opened(time: number, signal: AbortSignal): AsyncIterable<Item> | null | Promise<AsyncIterable<Item> | null>;
  seen(item: Item): void;
  /** By the hub's clock, the last sign of life was then. */
  lost(lastSign: number): void;
}

export interface FollowOptions<Item> {
  readonly signal: AbortSignal;
  /** The hub's stream: ends when the signal aborts, throws `unreachable` or `timed_out` when the connection is lost. */
  connect(signal: AbortSignal): AsyncIterable<FollowMessage<Item>>;
  readonly stored: Stored<Item>;
  /** Tells one that comes a second time. */
  keyOf(item: Item): string;
  timeOf(item: Item): number;
  /** What is said when the connection is back: what follows now. */
  readonly backAgain: string;
  /** Waits; ends early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

const PAUSE_FIRST_MS = 500;
const PAUSE_LONGEST_MS = 30_000;
/** Live items that wait while stored ones are read; beyond it the oldest are dropped and told as a gap. */
const WAITING_MAX = 100_000;
const KEYS_MAX = 200_000;

/** Worth another try: the hub may come back. Everything else (no permission, wrong filter) will not change by waiting. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'timed_out', 'stopping', 'overloaded', 'internal', 'limit_reached']);

/**
 * What is stored, then what is live, each once and without a hole between. The stream is opened first and what it brings waits while the
 * stored part is read; what comes on both ways is told by its key. After a lost connection the same is done again.
 */
export async function* follow<Item>(options: FollowOptions<Item>): AsyncGenerator<FollowEvent<Item>> {
  const { signal, stored, keyOf } = options;
  const known = createRecentSet(KEYS_MAX);
  let lostAt: number | null = null;
  let attempts = 0;
  const isNew = (item: Item): boolean => {
    stored.seen(item);
    return known.add(keyOf(item));
  };
  while (!signal.aborted) {
    const connection = new Connection(options, signal);
    let reason = 'the hub ended it';
    try {
      const hello = await connection.opened();
      if (hello === null) return;
      attempts = 0;
      if (lostAt !== null) {
        yield { type: 'notice', text: `Connected again after ${formatAge(options.now() - lostAt)}. ${options.backAgain}` };
        lostAt = null;
      }
      const first = hello.type === 'hello' ? await stored.opened(hello.time, signal) : null;
      if (first !== null) for await (const item of first) if (isNew(item)) yield { type: 'item', item };
      for await (const message of connection.messages(hello)) {
        if (message.type === 'items') {
          for (const item of message.items) if (isNew(item)) yield { type: 'item', item };
        } else if (message.type === 'gap') {
          yield { type: 'gap', gap: { dropped: message.dropped, from: message.from, to: message.to } };
        } else if (message.type === 'bye') {
          if (!PASSING.has(message.code))
            throw new MusterError('not_logged_in', `The hub ended the stream: ${message.reason}.`, { details: { code: message.code } });
          reason = message.reason;
        }
      }
      if (signal.aborted) return;
    } catch (error: unknown) {
      if (signal.aborted) return;
      if (!(error instanceof MusterError) || !PASSING.has(error.code)) throw error;
      // The first connection must succeed: a wrong URL should be told at once, not tried for ever.
      if (lostAt === null && !connection.wasOpen) throw error;
      reason = messageOf(error);
    } finally {
      connection.close();
    }
    if (connection.wasOpen) {
      lostAt ??= options.now();
      stored.lost(connection.lastSign);
    }
    attempts += 1;
    const pauseMs = Math.min(PAUSE_LONGEST_MS, PAUSE_FIRST_MS * 2 ** (attempts - 1));
    yield {
      type: 'notice',
      text: `${connection.wasOpen ? 'The connection was lost' : 'Still no connection'} (${reason.replace(/\.$/, '')}). Trying again in ${formatAge(Math.max(1000, pauseMs))}.`,
    };
    await options.pause(pauseMs, signal);
  }
}

/** One connection to the stream. It is read all the time, so that the hub has no reason to drop while what is stored is read. */
class Connection<Item> {
  wasOpen = false;
  /** The hub's clock at the last message. */
  lastSign = 0;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timeOf: (item: Item) => number;
  readonly #waiting: FollowMessage<Item>[] = [];
  #waitingItems = 0;
  #clockAheadMs = 0;
  #ended: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(options: FollowOptions<Item>, outer: AbortSignal) {
    this.#outer = outer;
    this.#timeOf = options.timeOf;
    if (outer.aborted) this.#abort.abort();
    outer.addEventListener('abort', this.#cancel, { once: true });
    void this.#pump(options);
  }

  readonly #cancel = (): void => this.#abort.abort();

  async #pump(options: FollowOptions<Item>): Promise<void> {
    let error: unknown = null;
    try {
      for await (const message of options.connect(this.#abort.signal)) {
        if (message.type === 'hello') {
          this.wasOpen = true;
          this.#clockAheadMs = message.time - options.now();
        }
        this.lastSign = options.now() + this.#clockAheadMs;
        this.#put(message);
      }
    } catch (caught: unknown) {
      error = caught;
    }
    this.#ended = { error };
    this.#wake();
  }

  #put(message: FollowMessage<Item>): void {
    this.#waiting.push(message);
    if (message.type === 'items') this.#waitingItems += message.items.length;
    while (this.#waitingItems > WAITING_MAX) this.#dropOldest();
    this.#wake();
  }

  #dropOldest(): void {
    const index = this.#waiting.findIndex((message) => message.type === 'items');
    const oldest = this.#waiting[index];
    if (oldest?.type !== 'items') return;
    const times = oldest.items.map((item) => this.#timeOf(item));
    const dropped = { type: 'gap', dropped: times.length, from: Math.min(...times), to: Math.max(...times) } as const;
    const before = this.#waiting[index - 1];
    this.#waitingItems -= times.length;
    if (before?.type === 'gap') {
      const merged = {
        type: 'gap',
        dropped: before.dropped + dropped.dropped,
        from: Math.min(before.from, dropped.from),
        to: Math.max(before.to, dropped.to),
      } as const;
      this.#waiting.splice(index - 1, 2, merged);
    } else this.#waiting[index] = dropped;
  }

  async #next(): Promise<FollowMessage<Item> | null> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        if (message.type === 'items') this.#waitingItems -= message.items.length;
        return message;
      }
      if (this.#ended !== null) {
        if (this.#ended.error !== null) throw this.#ended.error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when the hub has greeted: from then on nothing passes unseen. Null when it ended before. */
  async opened(): Promise<FollowMessage<Item> | null> {
    return this.#next();
  }

  /** From the first one on, which is at hand. */
  async *messages(first: FollowMessage<Item>): AsyncGenerator<FollowMessage<Item>> {
    for (let message: FollowMessage<Item> | null = first; message !== null; message = await this.#next()) yield message;
  }

  close(): void {
    this.#outer.removeEventListener('abort', this.#cancel);
    this.#abort.abort();
  }
}
