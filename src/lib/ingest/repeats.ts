import type { MessageMark } from '../storage/commit-log.ts';
import { type Batch, NONE } from './batch.ts';
import type { InboundMessage } from './inbound-message.ts';
import { type MessageKey, messageKey, type RecentMessages, type Remembered } from './recent-messages.ts';

/**
 * Which messages are remembered, and which are known again. Values with times of their own need none of this: the same point and time is the same
 * sample, however often it is sent. Remembered are messages whose values got their times from the hub, and those under a key
 * of their sender's (`onePayload`).
 */
export interface Repeats {
  /**
   * `key-reused`: its key stands for another payload. A promise: one like it is under way; ask again when it resolves. To be followed by `begin` without
   * waiting for anything, or two repeats could both be new.
   */
  recognize(message: InboundMessage): 'new' | 'key-reused' | NonNullable<Remembered> | Promise<void>;
  /** The message is on its way to the disk; what is to be remembered goes with it. */
  begin(batch: Batch): Begun;
  settle(begun: Begun): void;
  forget(begun: Begun): void;
}

/** What is remembered of a message on its way, and where. */
export interface Begun {
  readonly marks: readonly MessageMark[];
  readonly places: readonly number[];
}

export const NOT_REMEMBERED: Begun = { marks: NONE, places: NONE };

export function createRepeats(recent: RecentMessages): Repeats {
  return {
    recognize({ origin, payload, device, receivedAt }) {
      if (origin === undefined) return 'new';
      const message = messageKey(origin, payload, device.id);
      const known = recent.find(message, receivedAt);
      if (known !== undefined) return known ?? recent.settled(message);
      if (!origin.onePayload) return 'new';
      const key = messageKey(origin, null);
      const used = recent.find(key, receivedAt);
      if (used === null) return recent.settled(key);
      return used === undefined ? 'new' : 'key-reused';
    },
    begin({ message: { origin, payload, device, receivedAt }, samples, rejectedCount, hubTimed }) {
      if (origin === undefined || !(hubTimed || origin.onePayload)) return NOT_REMEMBERED;
      const mark = markOf(messageKey(origin, payload, device.id), samples.length, rejectedCount);
      const place = recent.begin(mark, receivedAt);
      if (!origin.onePayload) return { marks: [mark], places: [place] };
      const key = markOf(messageKey(origin, null), samples.length, rejectedCount);
      return { marks: [mark, key], places: [place, recent.begin(key, receivedAt)] };
    },
    settle({ marks, places }) {
      for (let index = 0; index < marks.length; index += 1) {
        const mark = marks[index];
        if (mark) recent.settle(mark, places[index]);
      }
    },
    forget({ marks, places }) {
      for (let index = 0; index < marks.length; index += 1) {
        const mark = marks[index];
        if (mark) recent.forget(mark, places[index]);
      }
    },
  };
}

function markOf({ keyHigh, keyLow }: MessageKey, accepted: number, rejected: number): MessageMark {
  return { keyHigh, keyLow, accepted, rejected };
}
