import type { SampleItem, StreamMessage } from '../../api/schema/samples.ts';
import { type FollowEvent, type FollowMessage, follow } from './follow.ts';

export interface FollowSamplesOptions {
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

/** After a lost connection the stored samples are read from so much before the last sign of life: they arrive a little out of order. */
const OVERLAP_MS = 10_000;

/** Stored samples, then live ones, each once and without a hole between. */
export function followSamples({ signal, connect, readStored, since, pause, now }: FollowSamplesOptions): AsyncGenerator<FollowEvent<SampleItem>> {
  let readFrom = since;
  /** What is older was not asked for. */
  let earliest = since;
  return follow<SampleItem>({
    signal,
    connect: (given) => messagesOf(connect(given)),
    stored: {
      opened(time, given) {
        earliest ??= time;
        return readFrom === null ? null : read(readFrom, given);
      },
      seen: () => undefined,
      lost(lastSign) {
        readFrom = Math.min(readFrom ?? Number.POSITIVE_INFINITY, Math.max(lastSign - OVERLAP_MS, earliest ?? 0));
      },
    },
    keyOf: sampleKey,
    timeOf: ({ time }) => time,
    backAgain: 'Samples stored meanwhile follow; late ones with older times may be missing.',
    pause,
    now,
  });

  async function* read(from: number, given: AbortSignal): AsyncGenerator<SampleItem> {
    yield* readStored(from, given);
    readFrom = null;
  }
}

/** (device, point, time) is unique in the hub; the value is part of the key because a later write of the same time is news. */
function sampleKey(sample: SampleItem): string {
  return `${sample.device} ${sample.point} ${sample.time} ${JSON.stringify(sample.value)}`;
}

async function* messagesOf(messages: AsyncIterable<StreamMessage>): AsyncGenerator<FollowMessage<SampleItem>> {
  for await (const message of messages) yield message.type === 'samples' ? { type: 'items', items: message.samples } : message;
}
