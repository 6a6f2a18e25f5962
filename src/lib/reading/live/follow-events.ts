import type { EventItem, EventStreamMessage } from '../../api/schema/events.ts';
import { type FollowEvent, type FollowMessage, follow } from './follow.ts';

export interface FollowEventsOptions {
  readonly signal: AbortSignal;
  /** The hub's stream of events: ends when the signal aborts, throws `unreachable` or `timed_out` when the connection is lost. */
  connect(signal: AbortSignal): AsyncIterable<EventStreamMessage>;
  /** What is stored of the same events, oldest first: from a time on (ms), or behind an event. */
  readStored(from: { readonly since: number } | { readonly after: string }, signal: AbortSignal): AsyncIterable<EventItem>;
  /** The last event of the journal, whatever it is of; null: it is empty. */
  last(signal: AbortSignal): Promise<string | null>;
  /** Stored events from this time on come first; null: only what is new. */
  readonly since: number | null;
  /** Waits; ends early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

/** What is committed together may come in another order: after a lost connection reading begins behind an event that was seen so long before. */
const OVERLAP_MS = 10_000;
/** Before the first event of all: ids sort by it. */
const BEGINNING = '0';

/** Stored events, then live ones, each once and without a hole between. */
export function followEvents(options: FollowEventsOptions): AsyncGenerator<FollowEvent<EventItem>> {
  const { signal, connect, readStored, last, pause, now } = options;
  /** null: what was stored before is not wanted, or was read. */
  let since = options.since;
  /** All up to here was seen for sure; null: nothing was yet. */
  let anchor: string | null = null;
  let next: { readonly id: string; readonly at: number } | null = null;
  return follow<EventItem>({
    signal,
    connect: (given) => messagesOf(connect(given)),
    stored: {
      async opened(_time, given) {
        if (since !== null) return readFirst(since, given);
        if (anchor !== null) return readStored({ after: anchor }, given);
        anchor = (await last(given)) ?? BEGINNING;
        return null;
      },
      seen({ id }) {
        const at = now();
        if (next === null) next = { id, at };
        else if (at - next.at >= OVERLAP_MS) {
          anchor = next.id;
          next = { id, at };
        }
      },
      lost: () => undefined,
    },
    keyOf: ({ id }) => id,
    timeOf: ({ time }) => time,
    backAgain: 'Events recorded meanwhile follow.',
    pause,
    now,
  });

  async function* readFirst(from: number, given: AbortSignal): AsyncGenerator<EventItem> {
    // Whatever is recorded from here on comes live, or is behind this one.
    const before = (await last(given)) ?? BEGINNING;
    yield* readStored({ since: from }, given);
    since = null;
    anchor ??= before;
  }
}

async function* messagesOf(messages: AsyncIterable<EventStreamMessage>): AsyncGenerator<FollowMessage<EventItem>> {
  for await (const message of messages) yield message.type === 'events' ? { type: 'items', items: message.events } : message;
}
