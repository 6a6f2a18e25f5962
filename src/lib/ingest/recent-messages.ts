import type { MessageMark } from '../storage/commit-log.ts';
import type { MessageOrigin } from './inbound-message.ts';

/** What tells a message from others: a hash in two halves. The low half is that of its sender and id alone. */
export type MessageKey = Pick<MessageMark, 'keyHigh' | 'keyLow'>;

/** What became of a message that is remembered; null: it is on its way to the disk. */
export type Remembered = { readonly accepted: number; readonly rejected: number } | null;

/**
 * The messages of the last while whose senders may send them twice. Bounded by age and by count: what is older, or too many, is forgotten,
 * and a repeat of it is a new message. Times in ms since 1970.
 */
export interface RecentMessages {
  /** undefined: not known, or its id has been used for another message since: then nobody sends it again. */
  find(key: MessageKey, now: number): Remembered | undefined;
  /** It is on its way to the disk. Returns the place that `settle` finds it by. */
  begin(key: MessageKey, now: number): number;
  /** It is on disk. `place` spares a look-up; it may have moved since. */
  settle(mark: MessageMark, place?: number): void;
  /** It is not on disk, and will not be. `place` as in `settle`: another one may have begun with the same key. */
  forget(key: MessageKey, place?: number): void;
  /** Resolves when a message that is on its way has arrived, or failed. */
  settled(key: MessageKey): Promise<void>;
  readonly count: number;
}

/** Numbers of one remembered message, in columns of equal length: it takes 28 bytes and nothing of the garbage collector's time. */
interface Slots {
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly accepted: Uint32Array;
  readonly rejected: Uint32Array;
  readonly at: Float64Array;
  /** The slot behind this one in its chain, or NONE. */
  readonly next: Int32Array;
  /** Where a chain begins, by the low bits of the key. */
  readonly heads: Int32Array;
}

const NONE = -1;
const UNDER_WAY = 0xffff_ffff;
const FIRST_CAPACITY = 1024;

/** The marks of one commit of a former run of the hub. */
export interface CommittedMarks {
  readonly committedAt: number;
  readonly marks: readonly MessageMark[];
}

/** `countMax`: a power of two, 1,024 or more. `former`: oldest first. */
export function createRecentMessages(ageMaxMs: number, countMax: number, former: readonly CommittedMarks[] = []): RecentMessages {
  let slots = slotsOf(FIRST_CAPACITY);
  /** A ring: `count` slots from `first` on, oldest first. */
  let first = 0;
  let count = 0;
  const waiting = new Map<number, (() => void)[]>();

  const recent: RecentMessages = {
    find(key, at) {
      const slot = newestOf(key);
      if (slot === NONE || slots.high[slot] !== key.keyHigh || (slots.at[slot] ?? 0) < at - ageMaxMs) return undefined;
      const accepted = slots.accepted[slot] ?? 0;
      return accepted === UNDER_WAY ? null : { accepted, rejected: slots.rejected[slot] ?? 0 };
    },
    begin: (key, at) => add(key, UNDER_WAY, 0, at),
    settle(mark, place = NONE) {
      const slot = isUnderWay(place, mark) ? place : slotOf(mark);
      if (slot !== NONE) {
        slots.accepted[slot] = mark.accepted;
        slots.rejected[slot] = mark.rejected;
      }
      wake(mark);
    },
    forget(key, place = NONE) {
      const slot = isUnderWay(place, key) ? place : slotOf(key);
      if (slot !== NONE) unlink(slot);
      wake(key);
    },
    settled: (key) => new Promise((resolve) => waiting.set(key.keyLow, [...(waiting.get(key.keyLow) ?? []), resolve])),
    get count() {
      return count;
    },
  };
  for (const { committedAt, marks } of former) for (const mark of marks) add(mark, mark.accepted, mark.rejected, committedAt);
  return recent;

  function add({ keyHigh, keyLow }: MessageKey, accepted: number, rejected: number, at: number): number {
    const capacity = slots.high.length;
    while (count > 0 && (slots.at[first] ?? 0) < at - ageMaxMs) drop();
    if (count === capacity) {
      if (capacity < countMax) grow();
      else drop();
    }
    // Its id stands for another message now. That keeps the chains short, too: some senders have one id for everything.
    const earlier = newestOf({ keyLow });
    if (earlier !== NONE) unlink(earlier);
    const slot = (first + count) & (slots.high.length - 1);
    slots.high[slot] = keyHigh;
    slots.low[slot] = keyLow;
    slots.accepted[slot] = accepted;
    slots.rejected[slot] = rejected;
    slots.at[slot] = at;
    link(slot);
    count += 1;
    return slot;
  }

  function isUnderWay(slot: number, { keyHigh, keyLow }: MessageKey): boolean {
    return slots.low[slot] === keyLow && slots.high[slot] === keyHigh && slots.accepted[slot] === UNDER_WAY;
  }

  function slotOf(key: MessageKey): number {
    const slot = newestOf(key);
    return slot !== NONE && slots.high[slot] === key.keyHigh ? slot : NONE;
  }

  /** Of this sender and id; the others are in no chain. */
  function newestOf({ keyLow }: Pick<MessageKey, 'keyLow'>): number {
    let slot = slots.heads[chainOf(keyLow)] ?? NONE;
    while (slot !== NONE && slots.low[slot] !== keyLow) slot = slots.next[slot] ?? NONE;
    return slot;
  }

  function chainOf(keyLow: number): number {
    return keyLow & (slots.heads.length - 1);
  }

  function link(slot: number): void {
    const chain = chainOf(slots.low[slot] ?? 0);
    slots.next[slot] = slots.heads[chain] ?? NONE;
    slots.heads[chain] = slot;
  }

  function unlink(slot: number): void {
    const chain = chainOf(slots.low[slot] ?? 0);
    let before = NONE;
    for (let each = slots.heads[chain] ?? NONE; each !== NONE; each = slots.next[each] ?? NONE) {
      if (each === slot) {
        if (before === NONE) slots.heads[chain] = slots.next[slot] ?? NONE;
        else slots.next[before] = slots.next[slot] ?? NONE;
        return;
      }
      before = each;
    }
  }

  function drop(): void {
    unlink(first);
    first = (first + 1) & (slots.high.length - 1);
    count -= 1;
  }

  function grow(): void {
    const old = slots;
    const mask = old.high.length - 1;
    const linked = old.heads.reduce((set, head) => {
      for (let slot = head; slot !== NONE; slot = old.next[slot] ?? NONE) set[slot] = 1;
      return set;
    }, new Uint8Array(old.high.length));
    slots = slotsOf(old.high.length * 2);
    for (let index = 0; index < count; index += 1) {
      const from = (first + index) & mask;
      for (const name of ['high', 'low', 'accepted', 'rejected', 'at'] as const) slots[name][index] = old[name][from] ?? 0;
      // What was forgotten, or has a successor, keeps its place in the ring, and is in no chain.
      if (linked[from] === 1) link(index);
    }
    first = 0;
  }

  function wake({ keyLow }: MessageKey): void {
    if (waiting.size === 0) return;
    const woken = waiting.get(keyLow);
    waiting.delete(keyLow);
    for (const resolve of woken ?? []) resolve();
  }
}

function slotsOf(capacity: number): Slots {
  return {
    high: new Int32Array(capacity),
    low: new Int32Array(capacity),
    accepted: new Uint32Array(capacity),
    rejected: new Uint32Array(capacity),
    at: new Float64Array(capacity),
    next: new Int32Array(capacity).fill(NONE),
    heads: new Int32Array(capacity).fill(NONE),
  };
}

/**
 * The key of a message; without a payload that of its id alone. Two multiplicative hashes side by side, four bytes at a step: messages are hashed
 * on the hot path. It withstands chance, not somebody who computes collisions; such a sender is authenticated, and what it can
 * reach is that a message is taken for a repeat.
 */
export function messageKey({ sender, id }: MessageOrigin, payload: Uint8Array | null, device = ''): MessageKey {
  let high = 0x2545f491;
  let low = 0x6c8e9cf5;
  const mix = (word: number) => {
    high = Math.imul(high ^ word, 0x9e3779b1);
    high = (high << 15) | (high >>> 17);
    low = Math.imul((low << 13) | (low >>> 19), 0x85ebca6b) ^ Math.imul(word, 0xc2b2ae35);
  };
  for (let index = 0; index < sender.length; index += 1) mix(sender.charCodeAt(index));
  mix(-1);
  if (typeof id === 'number') mix(id);
  else for (let index = 0; index < id.length; index += 1) mix(id.charCodeAt(index));
  // The number 49 is not the text "1", and a key is not a message under it.
  mix((typeof id === 'number' ? -2 : -4) - (payload === null ? 4 : 0));
  const keyLow = spread(low ^ (high << 9)) | 0;
  for (let index = 0; index < device.length; index += 1) mix(device.charCodeAt(index));
  if (payload !== null) {
    const whole = payload.length & ~3;
    for (let index = 0; index < whole; index += 4)
      mix((payload[index] ?? 0) | ((payload[index + 1] ?? 0) << 8) | ((payload[index + 2] ?? 0) << 16) | ((payload[index + 3] ?? 0) << 24));
    for (let index = whole; index < payload.length; index += 1) mix((payload[index] ?? 0) + 0x100);
    mix(payload.length);
    mix(-3);
  }
  return { keyHigh: spread(high ^ (low >>> 7)) | 0, keyLow };
}

/** Lets every bit of the input touch every bit of the result. */
function spread(hash: number): number {
  let word = hash ^ (hash >>> 16);
  word = Math.imul(word, 0x7feb352d);
  word ^= word >>> 15;
  word = Math.imul(word, 0x846ca68b);
  return word ^ (word >>> 16);
}
