import type { SampleItem, StreamMessage } from '../../api/schema/samples.ts';
import { formatAge } from '../../domain/duration.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { createRecentKeys } from './recent-keys.ts';

/** Samples that were dropped because we were too slow. */
export interface FollowGap {
  readonly dropped: number;
  readonly from: number;
  readonly to: number;
}

export type FollowEvent =
  | { readonly type: 'sample'; readonly sample: SampleItem }
  | { readonly type: 'gap'; readonly gap: FollowGap }
  /** For people: what happened to the connection. */
  | { readonly type: 'notice'; readonly text: string };

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** The hub's stream: ends when the signal aborts, throws `unreachable` or `timed_out` when the connection is lost. */
  connect(signal: AbortSignal): AsyncIterable<StreamMessage>;
  /** What is stored of the same points from this time on (ms), oldest first. */
  readStored(from: number, signal: AbortSignal): AsyncIterable<SampleItem>;
  /** Stored samples from this time on come first; null: only what is new. */
  readonly since: number | null;
  /** Waits; ends early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

const PAUSE_FIRST_MS = 500;
const PAUSE_LONGEST_MS = 30_000;
/** Live samples that wait while stored ones are read; beyond it the oldest are dropped and told as a gap. */
const WAITING_MAX = 100_000;
const KEYS_MAX = 200_000;
/** After a lost connection the stored samples are read from so much before the last sign of life: they arrive a little out of order. */
const OVERLAP_MS = 10_000;

/** Worth another try: the hub may come back. Everything else (no permission, wrong filter) will not change by waiting. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'timed_out', 'stopping', 'overloaded', 'internal', 'limit_reached']);

/**
 * Stored samples, then live ones, each once and without a hole between. The stream is opened first and its samples wait while the
 * stored ones are read; what comes on both ways is told by its key. After a lost connection the same is done again from the last
 * sign of life on.
 */
export async function* followSamples(options: FollowOptions): AsyncGenerator<FollowEvent> {
  const { signal } = options;
  const seen = createRecentKeys(KEYS_MAX);
  let readFrom = options.since;
  /** What is older was not asked for. */
  let earliest = options.since;
  let lostAt: number | null = null;
  let attempts = 0;
  while (!signal.aborted) {
    const connection = new Connection(options, signal);
    let reason = 'the hub ended it';
    try {
      const hello = await connection.opened();
      if (hello === null) return;
      attempts = 0;
      if (hello.type === 'hello') earliest ??= hello.time;
      if (lostAt !== null) {
        yield {
          type: 'notice',
          text: `Connected again after ${formatAge(options.now() - lostAt)}. Samples stored meanwhile follow; late ones with older times may be missing.`,
        };
        lostAt = null;
      }
      if (readFrom !== null) {
        for await (const sample of options.readStored(readFrom, signal)) {
          if (seen.add(sample)) yield { type: 'sample', sample };
        }
        readFrom = null;
      }
      for await (const message of connection.messages()) {
        if (message.type === 'samples') {
          for (const sample of message.samples) if (seen.add(sample)) yield { type: 'sample', sample };
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
      readFrom = Math.min(readFrom ?? Number.POSITIVE_INFINITY, Math.max(connection.lastSign - OVERLAP_MS, earliest ?? 0));
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

/** One connection to the stream. It is read all the time, so that the hub has no reason to drop while stored samples are read. */
class Connection {
  wasOpen = false;
  /** The hub's clock at the last message. */
  lastSign = 0;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #waiting: StreamMessage[] = [];
  #waitingSamples = 0;
  #clockAheadMs = 0;
  #ended: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(options: FollowOptions, outer: AbortSignal) {
    this.#outer = outer;
    if (outer.aborted) this.#abort.abort();
    outer.addEventListener('abort', this.#cancel, { once: true });
    void this.#pump(options);
  }

  readonly #cancel = (): void => this.#abort.abort();

  async #pump(options: FollowOptions): Promise<void> {
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

  #put(message: StreamMessage): void {
    this.#waiting.push(message);
    if (message.type === 'samples') this.#waitingSamples += message.samples.length;
    while (this.#waitingSamples > WAITING_MAX) this.#dropOldest();
    this.#wake();
  }

  #dropOldest(): void {
    const index = this.#waiting.findIndex((message) => message.type === 'samples');
    const oldest = this.#waiting[index];
    if (oldest?.type !== 'samples') return;
    const times = oldest.samples.map((sample) => sample.time);
    const dropped = { type: 'gap', dropped: times.length, from: Math.min(...times), to: Math.max(...times) } as const;
    const before = this.#waiting[index - 1];
    this.#waitingSamples -= times.length;
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

  async #next(): Promise<StreamMessage | null> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        if (message.type === 'samples') this.#waitingSamples -= message.samples.length;
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
  async opened(): Promise<StreamMessage | null> {
    return this.#next();
  }

  async *messages(): AsyncGenerator<StreamMessage> {
    for (let message = await this.#next(); message !== null; message = await this.#next()) yield message;
  }

  close(): void {
    this.#outer.removeEventListener('abort', this.#cancel);
    this.#abort.abort();
  }
}
