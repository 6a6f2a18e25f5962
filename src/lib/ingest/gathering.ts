/** A disk that is faster than this is never waited for. */
const SLOW_DISK_MS = 4;
/** Smaller groups are not worth a wait. */
const MESSAGES_MIN = 64;
/** Of the time that the disk takes. */
const FIRST_LOOK = 1 / 4;
const HELD_MAX = 1 / 2;
const LOOK_EVERY_MS = 1;
/** What comes so much faster than it did is the answer to acknowledgements. */
const BURST = 2;
const SKIPPED_MAX = 64;

/**
 * When the next group of messages is to be sent. At once, as a rule: what comes while the disk is busy makes the group after it. But senders that wait for
 * their acknowledgements answer them with their next messages, all together. On a slow disk, a small group sent just before those come makes
 * them wait for two turns of the disk instead of one. So a group is held there for as long as messages come much faster than on average, for
 * half of the disk's time at most; and where that is not how messages come, it is seldom tried.
 */
export interface Gathering {
  /** A group of `messages` is on disk, `elapsedMs` after it was sent. Calls `send` now or a little later. */
  answered(messages: number, elapsedMs: number): void;
  /** It will call `send` soon. */
  readonly isHolding: boolean;
}

/** `waiting`: messages in the group that is open. `clock`: ms. */
export function createGathering(send: () => void, waiting: () => number, clock: () => number = () => performance.now()): Gathering {
  let answeredAt = clock();
  let timer: NodeJS.Timeout | null = null;
  /** Groups that are sent at once before a wait is tried again, and how many the next time. */
  let skip = 0;
  let skipNext = 1;

  return {
    answered(messages, elapsedMs) {
      const now = clock();
      const perMs = messages / Math.max(now - answeredAt, 0.1);
      answeredAt = now;
      if (elapsedMs < SLOW_DISK_MS || messages < MESSAGES_MIN || skip > 0) {
        skip = Math.max(0, skip - 1);
        send();
        return;
      }
      hold(now, elapsedMs, perMs);
    },
    get isHolding() {
      return timer !== null;
    },
  };

  function hold(from: number, elapsedMs: number, perMs: number): void {
    if (timer !== null) clearTimeout(timer);
    let seen = waiting();
    let seenAt = from;
    let isFirst = true;
    const look = () => {
      const now = clock();
      const count = waiting();
      const isBurst = count - seen > BURST * perMs * (now - seenAt);
      if (isFirst) {
        skipNext = isBurst ? 1 : Math.min(skipNext * 2, SKIPPED_MAX);
        skip = isBurst ? 0 : skipNext;
      }
      isFirst = false;
      seen = count;
      seenAt = now;
      if (isBurst && now - from < elapsedMs * HELD_MAX) timer = setTimeout(look, LOOK_EVERY_MS);
      else {
        timer = null;
        send();
      }
    };
    timer = setTimeout(look, Math.max(LOOK_EVERY_MS, elapsedMs * FIRST_LOOK));
  }
}
