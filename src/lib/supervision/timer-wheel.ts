/** Slots of a level; each level's slots are as wide as the whole level below. */
const SLOTS = 64;
/** 64^7 ticks of 20 ms are 2,788 years. */
const LEVELS = 7;
const TICK_MS = 20;
/** A longer sleep is cut in parts: a clock that was set is noticed then. */
const SLEEP_MAX_MS = 30_000;
const NIL = -1;
const WIDTH: readonly number[] = Array.from({ length: LEVELS + 1 }, (_, level) => SLOTS ** level);

/** Of one timer; it is valid until it fires or is cancelled. */
export type TimerHandle = number;

/**
 * Timers by absolute time, for very many of them: a hierarchical timing wheel (Varghese and Lauck, 1987). Adding, moving and cancelling take the same time however
 * many there are; one setTimeout serves all; 28 bytes for each, besides its owner. It fires at the due time or up to 20 ms later, never before, whatever was slept.
 */
export interface TimerWheel<Owner> {
  /** `dueAt`: ms since 1970. What is due already fires with the next turn. Infinity is not taken. */
  add(dueAt: number, owner: Owner): TimerHandle;
  move(timer: TimerHandle, dueAt: number): void;
  cancel(timer: TimerHandle): void;
  readonly size: number;
  /** Fires what is due up to the clock's time, now. */
  advance(): void;
  /** When the first may fire, ms since 1970, at most a slot of its level early; Infinity: there is none. */
  nextDueAt(): number;
  start(): void;
  /** Fires nothing any more. Idempotent. */
  stop(): void;
}

/** `onDue`: those that are due, the earliest first; their handles are gone. Must not throw. */
export function createTimerWheel<Owner>(clock: () => number, onDue: (owners: readonly Owner[], now: number) => void): TimerWheel<Owner> {
  // Columns by handle; lists are linked through `next` and `previous`, and free handles through `next`.
  let capacity = 1024;
  let dueAts = new Float64Array(capacity);
  let nexts = new Int32Array(capacity);
  let previous = new Int32Array(capacity);
  /** The list it stands in. */
  let places = new Int16Array(capacity);
  const owners: (Owner | undefined)[] = [];
  const heads = new Int32Array(LEVELS * SLOTS).fill(NIL);
  let free = NIL;
  let used = 0;
  let size = 0;
  /** Everything up to this tick has fired. */
  let tick = Math.floor(clock() / TICK_MS);
  let timeout: NodeJS.Timeout | null = null;
  let wakesAt = Number.POSITIVE_INFINITY;
  let running = false;

  return {
    add(dueAt, owner) {
      const timer = allocate();
      owners[timer] = owner;
      dueAts[timer] = dueAt;
      place(timer);
      size += 1;
      sleepUntil(dueAt);
      return timer;
    },
    move(timer, dueAt) {
      unlink(timer);
      dueAts[timer] = dueAt;
      place(timer);
      sleepUntil(dueAt);
    },
    cancel(timer) {
      unlink(timer);
      release(timer);
    },
    get size() {
      return size;
    },
    advance,
    nextDueAt: () => (size === 0 ? Number.POSITIVE_INFINITY : nextTick() * TICK_MS),
    start() {
      if (running) return;
      running = true;
      sleep();
    },
    stop() {
      running = false;
      if (timeout !== null) clearTimeout(timeout);
      timeout = null;
      wakesAt = Number.POSITIVE_INFINITY;
    },
  };

  function advance(): void {
    const now = clock();
    const target = Math.floor(now / TICK_MS);
    if (target < tick) setBack(target);
    const due: TimerHandle[] = [];
    while (size > due.length) {
      const next = nextTick();
      if (next > target) break;
      tick = next;
      // From the top: what leaves a slot may belong into the slot below that begins now as well.
      for (let level = LEVELS - 1; level >= 1; level -= 1) if (tick % (WIDTH[level] ?? 1) === 0) cascade(level, due);
      take(tick % SLOTS, due);
    }
    tick = Math.max(tick, target);
    if (due.length === 0) return;
    due.sort((a, b) => (dueAts[a] ?? 0) - (dueAts[b] ?? 0) || a - b);
    const fired: Owner[] = [];
    for (const timer of due) {
      fired.push(owners[timer] as Owner);
      release(timer);
    }
    onDue(fired, now);
  }

  /** The first tick at which a list has its turn; only if there is a timer. */
  function nextTick(): number {
    let first = Number.POSITIVE_INFINITY;
    for (let level = 0; level < LEVELS; level += 1) {
      const width = WIDTH[level] ?? 1;
      const current = Math.floor(tick / width);
      for (let offset = 1; offset <= SLOTS; offset += 1) {
        const start = (current + offset) * width;
        if (start >= first) break;
        if (heads[level * SLOTS + ((current + offset) % SLOTS)] !== NIL) first = start;
      }
    }
    return first;
  }

  function cascade(level: number, due: TimerHandle[]): void {
    const head = level * SLOTS + (Math.floor(tick / (WIDTH[level] ?? 1)) % SLOTS);
    let timer = heads[head] ?? NIL;
    heads[head] = NIL;
    while (timer !== NIL) {
      const following = nexts[timer] ?? NIL;
      if (tickOf(timer) <= tick) due.push(timer);
      else place(timer);
      timer = following;
    }
  }

  function take(head: number, due: TimerHandle[]): void {
    for (let timer = heads[head] ?? NIL; timer !== NIL; timer = nexts[timer] ?? NIL) due.push(timer);
    heads[head] = NIL;
  }

  /** The first tick at which its time has come. */
  function tickOf(timer: TimerHandle): number {
    return Math.ceil((dueAts[timer] ?? 0) / TICK_MS);
  }

  function place(timer: TimerHandle): void {
    const ahead = Math.max(1, tickOf(timer) - tick);
    let level = 0;
    while (level < LEVELS - 1 && ahead >= (WIDTH[level + 1] ?? 1)) level += 1;
    const width = WIDTH[level] ?? 1;
    // What lies beyond the wheel waits in its last slot, and is placed anew from there.
    const at = tick + (level === LEVELS - 1 ? Math.min(ahead, width * (SLOTS - 1)) : ahead);
    link(timer, level * SLOTS + (Math.floor(at / width) % SLOTS));
  }

  function link(timer: TimerHandle, head: number): void {
    const first = heads[head] ?? NIL;
    nexts[timer] = first;
    previous[timer] = NIL;
    if (first !== NIL) previous[first] = timer;
    heads[head] = timer;
    places[timer] = head;
  }

  function unlink(timer: TimerHandle): void {
    const before = previous[timer] ?? NIL;
    const after = nexts[timer] ?? NIL;
    if (before === NIL) heads[places[timer] ?? 0] = after;
    else nexts[before] = after;
    if (after !== NIL) previous[after] = before;
  }

  function allocate(): TimerHandle {
    if (free !== NIL) {
      const timer = free;
      free = nexts[timer] ?? NIL;
      return timer;
    }
    if (used === capacity) grow();
    used += 1;
    return used - 1;
  }

  function release(timer: TimerHandle): void {
    owners[timer] = undefined;
    nexts[timer] = free;
    free = timer;
    size -= 1;
  }

  function grow(): void {
    capacity *= 2;
    dueAts = larger(dueAts, new Float64Array(capacity));
    nexts = larger(nexts, new Int32Array(capacity));
    previous = larger(previous, new Int32Array(capacity));
    places = larger(places, new Int16Array(capacity));
  }

  /** The clock was set back: what waits is due by the clock, not by what has passed. */
  function setBack(target: number): void {
    const waiting: TimerHandle[] = [];
    for (let head = 0; head < heads.length; head += 1) take(head, waiting);
    tick = target;
    for (const timer of waiting) place(timer);
  }

  function sleepUntil(dueAt: number): void {
    if (running && dueAt < wakesAt) sleep();
  }

  function sleep(): void {
    if (timeout !== null) clearTimeout(timeout);
    timeout = null;
    const now = clock();
    wakesAt = now + SLEEP_MAX_MS;
    if (size > 0) wakesAt = Math.max(Math.min(wakesAt, nextTick() * TICK_MS), now);
    timeout = setTimeout(wake, Math.ceil(wakesAt - now));
    timeout.unref();
  }

  function wake(): void {
    timeout = null;
    // Timers that are added meanwhile need not wake anybody.
    wakesAt = Number.NEGATIVE_INFINITY;
    advance();
    if (running) sleep();
  }
}

function larger<Column extends Float64Array | Int32Array | Int16Array>(old: Column, column: Column): Column {
  column.set(old);
  return column;
}
