import { ChannelError, type ChannelSender } from '../channels/channel.ts';
import type { Channel, DeliveryState, OutboxEntry } from '../domain/notification.ts';
import { messageOf } from '../errors/muster-error.ts';
import { createAlarmOrder } from './alarm-order.ts';
import { backOffMs } from './back-off.ts';
import type { CompiledRoute } from './compile-route.ts';
import { createDelivery, type Delivery, timeOfId } from './delivery.ts';
import { createDueHeap } from './due-heap.ts';
import { createGatherings, type Gathering } from './gatherings.ts';
import { createGroupTimes } from './group-times.ts';
import { quietUntil } from './quiet-until.ts';
import type { Told } from './route-filter.ts';
import { createTokenBucket } from './token-bucket.ts';

/** What goes over the rate of its channel waits under this key; no group has it, theirs are JSON. */
const RATE_KEY = 'rate';
/** Told together at most; the rest goes into the next notification. */
const ENTRIES_MAX = 20_000;
/** A sender that keeps to no time at all is given up on. */
const ATTEMPT_MS_MAX = 120_000;
/** While a receiver fails, what is new is gathered, but not for longer than this. */
const GATHERED_MS_MAX = 60_000;
/** Of a large delivery, attempts that failed are noted in its first entry alone. */
const NOTED_ENTRIES_MAX = 100;
/** A clock that goes back by more than this was set. */
const SET_BACK_MS_MIN = 5_000;
/** Timers are no longer than this, so that a clock that was set is followed. */
const TIMER_MS_MAX = 1_000;

/** What a configured channel sends with. */
export interface ChannelLine {
  readonly channel: Channel;
  readonly ratePerMinute: number;
  readonly burst: number;
  readonly concurrency: number;
  /** Made when it is needed first. Rejects when the channel cannot be used as it is configured. */
  sender(): Promise<ChannelSender>;
  stop(): Promise<void>;
}

export interface QueuePorts {
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly chance: () => number;
  /** uuid v7 */
  readonly newId: () => string;
  readonly giveUpAfterMs: number;
  /** The groupInterval of a route. */
  readonly intervalOf: (entry: OutboxEntry) => number;
  /** Writes their delivery; resolves when it is on disk. */
  readonly decide: (entries: readonly OutboxEntry[]) => Promise<void>;
  /** Attempts that failed: written soon. */
  readonly tried: (entries: readonly OutboxEntry[], reason: string) => void;
  /** They wait no more: written soon. `said`: what the receiver answered. */
  readonly settled: (entries: readonly OutboxEntry[], delivery: string | null, attempts: number, said: string | null) => void;
}

/** How an entry begins its life. */
export type Plan = Pick<OutboxEntry, 'groupKey' | 'dueAt'> & { readonly alone: boolean };

/** Everything that waits for one channel. It never waits for another. */
export interface ChannelQueue {
  /** In memory and at once: does a change go by itself, or with others, and when? */
  plan(route: CompiledRoute, told: Told, now: number): Plan;
  /** These are on disk. */
  add(entries: readonly OutboxEntry[]): void;
  /** From before a restart: this was told. */
  recall(entry: OutboxEntry): void;
  /** Another configuration: what failed is tried again at once. */
  configure(line: ChannelLine): void;
  /** Nothing more goes out: what waits is dropped. */
  drop(reason: string): void;
  readonly waiting: number;
  readonly inFlight: number;
  readonly failing: boolean;
  /** Lets attempts under way end for so long, then breaks them off: they are repeated after the next start. */
  stop(graceMs: number): Promise<void>;
}

export function createChannelQueue(first: ChannelLine, ports: QueuePorts): ChannelQueue {
  const { clock, chance, newId } = ports;
  const gatherings = createGatherings();
  const times = createGroupTimes();
  const order = createAlarmOrder();
  const heap = createDueHeap<Delivery>();
  const open = new Set<Delivery>();
  /** What is under way, and how it is broken off. */
  const attempts = new Map<Promise<void>, AbortController>();
  let line = first;
  let bucket = createTokenBucket(line.ratePerMinute, line.burst, clock());
  let failures = 0;
  let failedAt = 0;
  let deciding = 0;
  let seenAt = 0;
  let dropped: string | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;

  /** While the receiver fails, what waits to be gathered is held back until then. */
  const heldUntil = (): number => (failures === 0 ? 0 : failedAt + backOffMs(failures, 1, GATHERED_MS_MAX));

  function pump(): void {
    if (stopped || dropped !== null) return;
    const now = look();
    const wanted = gather(now);
    while (attempts.size < line.concurrency) {
      const next = heap.peek();
      if (next === undefined || next.dueAt > now) break;
      heap.pop();
      if (next.settled) continue;
      const earlier = order.predecessor(next, now);
      if (earlier === null) start(next, now);
      else earlier.followers.push(next);
    }
    arm(Math.min(wanted, attempts.size < line.concurrency ? (heap.peek()?.dueAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY), now);
  }

  /** What waits for a while waits for the rest of it, not until a clock that was set back has caught up. Quiet hours are hours of the clock. */
  function look(): number {
    const now = clock();
    const back = seenAt - now;
    seenAt = now;
    if (back < SET_BACK_MS_MIN) return now;
    failedAt -= back;
    times.shift(-back);
    gatherings.shift(-back, (key) => !isQuiet(key));
    for (const delivery of open) {
      delivery.dueAt -= back;
      if (delivery.startedAt !== null) delivery.startedAt -= back;
    }
    for (const delivery of heap.clear()) heap.push(delivery);
    return now;
  }

  function arm(at: number, now: number): void {
    if (timer !== null) clearTimeout(timer);
    timer = at === Number.POSITIVE_INFINITY ? null : setTimeout(pump, Math.min(Math.max(at - now, 1), TIMER_MS_MAX));
  }

  /** Makes deliveries of what is due, as many as the rate allows; says when to look again. */
  function gather(now: number): number {
    if (now < gatherings.nextAt) return gatherings.nextAt;
    const held = heldUntil();
    if (held > now) return held;
    if (bucket.available(now) === 0) return bucket.nextAt(now);
    let due = gatherings.takeDue(now);
    while (due.length > 0 && bucket.take(now)) {
      // The last that may go takes all others with it.
      const together = bucket.available(now) === 0 ? due : due.slice(0, 1);
      due = due.slice(together.length);
      decide(together, now);
    }
    return gatherings.nextAt;
  }

  function decide(gathered: readonly Gathering[], now: number): void {
    const entries: OutboxEntry[] = [];
    for (const { key, entries: ofGroup } of gathered) {
      const room = ENTRIES_MAX - entries.length;
      if (ofGroup.length > room) gatherings.putBack({ key, entries: ofGroup.slice(room), dueAt: now }, bucket.nextAt(now));
      const taken = ofGroup.slice(0, room);
      const [any] = taken;
      if (any !== undefined && isGroup(key)) times.told(key, now, ports.intervalOf(any));
      for (const entry of taken) entries.push(entry);
    }
    const id = newId();
    const decided = entries.map((entry) => ({ ...entry, delivery: id }));
    deciding += decided.length;
    ports.decide(decided).then(
      () => {
        deciding -= decided.length;
        if (dropped !== null) settle(createDelivery(id, decided, clock()), 'dropped', dropped, null);
        else enqueue({ ...createDelivery(id, decided, clock()), dueAt: clock() });
        pump();
      },
      () => {
        // The disk takes nothing at the moment; whoever writes to it says so in the log.
        deciding -= decided.length;
        for (const entry of entries) gatherings.add({ ...entry, dueAt: clock() + TIMER_MS_MAX });
        if (dropped !== null) dropGathered(dropped);
        pump();
      },
    );
  }

  function enqueue(delivery: Delivery): void {
    open.add(delivery);
    order.add(delivery);
    heap.push(delivery);
  }

  function start(delivery: Delivery, now: number): void {
    delivery.startedAt ??= now;
    const breaking = new AbortController();
    const attempt = attemptOf(delivery, line, breaking.signal).finally(() => {
      attempts.delete(attempt);
      pump();
    });
    attempts.set(attempt, breaking);
  }

  async function attemptOf(delivery: Delivery, over: ChannelLine, broken: AbortSignal): Promise<void> {
    try {
      const sender = await over.sender();
      const said = await withinTime(sender.send(delivery.notification(), broken), broken);
      if (delivery.settled) return;
      failures = 0;
      settle(delivery, 'delivered', null, said);
    } catch (error: unknown) {
      // Broken off by a stop: it is repeated after the next start. By a drop: it is settled already.
      if (delivery.settled || broken.aborted) return;
      failed(delivery, error);
    }
  }

  function failed(delivery: Delivery, error: unknown): void {
    const now = clock();
    const retryable = !(error instanceof ChannelError) || error.retryable;
    delivery.attempts += 1;
    delivery.lastError = messageOf(error);
    const givesUpAt = delivery.since + ports.giveUpAfterMs;
    if (!retryable || now >= givesUpAt) {
      settle(delivery, 'failed', retryable ? `given up: ${delivery.lastError}` : delivery.lastError, null);
      return;
    }
    failures += 1;
    failedAt = now;
    const pause = Math.max(backOffMs(delivery.attempts, chance()), error instanceof ChannelError ? (error.retryAfterMs ?? 0) : 0);
    delivery.dueAt = Math.min(now + pause, Math.max(givesUpAt, now + 1));
    heap.push(delivery);
    release(delivery, now);
    const { attempts: made, lastError, dueAt } = delivery;
    const noted = delivery.entries.length > NOTED_ENTRIES_MAX ? delivery.entries.slice(0, 1) : delivery.entries;
    ports.tried(
      noted.map((entry) => ({ ...entry, attempts: made, lastError, dueAt })),
      delivery.lastError,
    );
  }

  /** Those that waited for it look again. */
  function release(delivery: Delivery, now: number): void {
    for (const follower of delivery.followers.splice(0)) {
      if (follower.settled) continue;
      const earlier = order.predecessor(follower, now);
      if (earlier === null) heap.push(follower);
      else earlier.followers.push(follower);
    }
  }

  function settle(delivery: Delivery, state: DeliveryState, lastError: string | null, said: string | null): void {
    const now = clock();
    delivery.settled = true;
    open.delete(delivery);
    order.remove(delivery);
    const made = delivery.attempts + (state === 'delivered' ? 1 : 0);
    ports.settled(
      delivery.entries.map((entry) => ({ ...entry, state, attempts: made, lastError, settledAt: now })),
      delivery.id,
      made,
      said,
    );
    release(delivery, now);
  }

  function breakOff(): void {
    for (const breaking of attempts.values()) breaking.abort();
  }

  function dropGathered(reason: string): void {
    const entries = gatherings.takeAll();
    const settledAt = clock();
    if (entries.length > 0)
      ports.settled(
        entries.map((entry) => ({ ...entry, state: 'dropped' as const, lastError: reason, settledAt })),
        null,
        0,
        null,
      );
  }

  return {
    plan(route, told, now) {
      look();
      const key = route.groupKey?.(told) ?? null;
      const quiet = quietUntil(route, told.severity, now);
      if (quiet !== null) return { alone: false, groupKey: `quiet ${key ?? route.route.id}`, dueAt: quiet };
      const free = failures === 0 && !gatherings.get(RATE_KEY);
      if (key === null) {
        if (free && bucket.take(now)) return { alone: true, groupKey: '', dueAt: now };
        return { alone: false, groupKey: RATE_KEY, dueAt: Math.max(bucket.nextAt(now), heldUntil()) };
      }
      const gathering = gatherings.get(key);
      if (gathering !== undefined) return { alone: false, groupKey: key, dueAt: gathering.dueAt };
      const next = times.nextAt(key);
      if (next > now) return { alone: false, groupKey: key, dueAt: next };
      if (route.groupWaitMs === 0 && free && bucket.take(now)) {
        times.told(key, now, route.groupIntervalMs);
        return { alone: true, groupKey: key, dueAt: now };
      }
      return { alone: false, groupKey: key, dueAt: now + route.groupWaitMs };
    },
    add(entries) {
      const decided = new Map<string, OutboxEntry[]>();
      for (const entry of entries) {
        if (entry.delivery === null) gatherings.add(entry);
        else {
          const same = decided.get(entry.delivery);
          if (same) same.push(entry);
          else decided.set(entry.delivery, [entry]);
        }
      }
      // Alone it bears the id of its entry, which was due when it was made; else the delivery was made when it was due first.
      for (const [id, same] of decided) enqueue(createDelivery(id, same, same[0]?.id === id ? (same[0]?.createdAt ?? 0) : timeOfId(id)));
      pump();
    },
    recall(entry) {
      if (isGroup(entry.groupKey)) times.told(entry.groupKey, timeOfId(entry.delivery ?? entry.id), ports.intervalOf(entry));
    },
    configure(next) {
      const former = line;
      line = next;
      dropped = null;
      bucket = createTokenBucket(line.ratePerMinute, line.burst, clock());
      failures = 0;
      const now = clock();
      for (const delivery of heap.clear()) {
        delivery.dueAt = Math.min(delivery.dueAt, now);
        heap.push(delivery);
      }
      // Attempts under way end over the former one.
      void Promise.allSettled([...attempts.keys()]).then(() => former.stop());
      pump();
    },
    drop(reason) {
      dropped = reason;
      for (const delivery of open) settle(delivery, 'dropped', reason, null);
      heap.clear();
      dropGathered(reason);
      failures = 0;
      breakOff();
      arm(Number.POSITIVE_INFINITY, clock());
    },
    get waiting() {
      let count = gatherings.entries + deciding;
      for (const { entries } of open) count += entries.length;
      return count;
    },
    get inFlight() {
      return attempts.size;
    },
    get failing() {
      return failures > 0;
    },
    async stop(graceMs) {
      stopped = true;
      arm(Number.POSITIVE_INFINITY, clock());
      const grace = setTimeout(breakOff, graceMs);
      await Promise.allSettled([...attempts.keys()]);
      clearTimeout(grace);
      await line.stop();
    },
  };
}

function isGroup(key: string): boolean {
  return key !== '' && key !== RATE_KEY && !isQuiet(key);
}

function isQuiet(key: string): boolean {
  return key.startsWith('quiet ');
}

/** A sender keeps its own time; this is for one that does not. */
async function withinTime(sending: Promise<string>, broken: AbortSignal): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ChannelError(`the attempt did not end within ${ATTEMPT_MS_MAX} ms`, true)), ATTEMPT_MS_MAX);
    broken.addEventListener('abort', () => reject(new ChannelError('the attempt was broken off', true)), { once: true });
  });
  // Whichever comes second is nobody's unhandled rejection.
  late.catch(() => undefined);
  sending.catch(() => undefined);
  try {
    return await Promise.race([sending, late]);
  } finally {
    clearTimeout(timer);
  }
}
