import { LiveAlarm } from './alarm-book.ts';
import { createTimerWheel, type TimerHandle } from './timer-wheel.ts';
import { NO_TIMER, Tracked } from './tracked.ts';

/** A hundred thousand devices that fall silent together must not hold up what comes in meanwhile. */
const TURN_MS = 10;

/** Something of its own that the clock brings. */
class Appointment {
  timer: TimerHandle = NO_TIMER;
  timerAt = Number.POSITIVE_INFINITY;
  readonly run: (now: number) => void;
  constructor(run: (now: number) => void) {
    this.run = run;
  }
}

/** Who is woken when. Each has one timer at most. */
export interface Clockwork {
  /** Infinity: not at all. */
  wake(owner: Tracked | LiveAlarm, at: number): void;
  schedule(at: number, run: (now: number) => void): void;
  start(): void;
  /** Runs what is due now. For tests, and before stopping. */
  advance(): void;
  stop(): void;
  readonly timers: number;
}

export interface ClockworkPorts {
  readonly clock: () => number;
  readonly onTracked: (tracked: Tracked, now: number) => void;
  readonly onAlarm: (alarm: LiveAlarm, now: number) => void;
  /** Some had their turn: what they changed is to be written. `isLast`: others do not follow at once. */
  readonly onTurn: (isLast: boolean) => void;
  readonly onError: (error: unknown) => void;
}

export function createClockwork(ports: ClockworkPorts): Clockwork {
  let due: (Tracked | LiveAlarm | Appointment)[] = [];
  /** Of those that are due, so many had their turn. */
  let done = 0;
  let turn: NodeJS.Immediate | null = null;
  const wheel = createTimerWheel<Tracked | LiveAlarm | Appointment>(ports.clock, (owners) => {
    for (const owner of owners) {
      owner.timer = NO_TIMER;
      owner.timerAt = Number.POSITIVE_INFINITY;
    }
    // One by one: there may be more than a call takes arguments.
    for (const owner of inOrder(owners)) due.push(owner);
    if (turn === null) run();
  });

  return {
    wake,
    schedule(at, callback) {
      wake(new Appointment(callback), at);
    },
    start: () => wheel.start(),
    advance() {
      wheel.advance();
      while (due.length > 0) {
        if (turn !== null) clearImmediate(turn);
        run();
      }
    },
    stop() {
      wheel.stop();
      if (turn !== null) clearImmediate(turn);
      turn = null;
      due = [];
      done = 0;
    },
    get timers() {
      return wheel.size;
    },
  };

  function wake(owner: Tracked | LiveAlarm | Appointment, at: number): void {
    if (at === owner.timerAt) return;
    owner.timerAt = at;
    if (at === Number.POSITIVE_INFINITY) {
      wheel.cancel(owner.timer);
      owner.timer = NO_TIMER;
    } else if (owner.timer === NO_TIMER) owner.timer = wheel.add(at, owner);
    else wheel.move(owner.timer, at);
  }

  function run(): void {
    turn = null;
    const now = ports.clock();
    const began = performance.now();
    while (done < due.length) {
      const owner = due[done];
      done += 1;
      if (owner !== undefined) runOne(owner, now);
      if (performance.now() - began >= TURN_MS) break;
    }
    if (done === due.length) {
      due = [];
      done = 0;
    }
    ports.onTurn(due.length === 0);
    if (due.length > 0) turn = setImmediate(run);
  }

  function runOne(owner: Tracked | LiveAlarm | Appointment, now: number): void {
    try {
      if (owner instanceof Tracked) ports.onTracked(owner, now);
      else if (owner instanceof LiveAlarm) ports.onAlarm(owner, now);
      else owner.run(now);
    } catch (error: unknown) {
      ports.onError(error);
    }
  }
}

/** Calendars and maintenance before what they suppress, parents before children, evaluations before alarms that are told again. */
function inOrder<Owner extends Tracked | LiveAlarm | Appointment>(owners: readonly Owner[]): readonly Owner[] {
  if (owners.length < 2) return owners;
  const place = (owner: Owner): number => (owner instanceof Tracked ? 1 + owner.state.rank : owner instanceof LiveAlarm ? Number.MAX_SAFE_INTEGER : 0);
  return [...owners].sort((one, other) => place(one) - place(other));
}
