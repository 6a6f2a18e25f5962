import type { Log } from '../domain/log.ts';

/** Something that fills when the hub cannot follow. */
export interface PressureGauge {
  /** What is waiting for what, for people. */
  readonly name: string;
  level(): number;
  /** From here on senders are held back. */
  high(): number;
  /** From here on they are read again. */
  low(): number;
}

/** Since when (ms since 1970) senders are held back, and why. */
export interface PressureState {
  readonly since: number;
  readonly reason: string;
}

/** Pushes back before anything must be refused. */
export interface Pressure {
  /** null: read on. Else resolves when senders are to be read again. Cheap: asked before each read of a socket. */
  wait(): Promise<void> | null;
  /** Also while senders are read again because they were held back long enough. */
  state(): PressureState | null;
  /** Times it began, and ms that senders were held back, since the start. */
  readonly counts: { readonly times: number; readonly heldMs: number };
  /** Lets everybody go. Idempotent. */
  stop(): void;
}

export interface PressureOptions {
  readonly gauges: readonly PressureGauge[];
  /** Longest time that senders are held back at a stretch: a hub that reads nothing for ever looks dead, and could not say why. */
  readonly heldMaxMs: number;
  readonly clock: () => number;
  readonly log: Log;
}

const LOOK_EVERY_MS = 20;
/** A hub at its limit presses and lets go many times a second. */
const LOG_EVERY_MS = 30_000;

interface Hold {
  readonly gauge: PressureGauge;
  readonly since: number;
  readonly until: number;
  readonly over: Promise<void>;
  readonly release: () => void;
  /** It has lasted too long: who may still be taken is taken, the others are refused with a reason. */
  spent: boolean;
}

export function createPressure({ gauges, heldMaxMs, clock, log }: PressureOptions): Pressure {
  let hold: Hold | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let loggedAt = Number.NEGATIVE_INFINITY;
  const counts = { times: 0, heldMs: 0 };

  return {
    wait() {
      measure();
      return hold === null || hold.spent ? null : hold.over;
    },
    state() {
      measure();
      return hold === null ? null : { since: hold.since, reason: reasonOf(hold.gauge) };
    },
    counts,
    stop() {
      stopped = true;
      end();
    },
  };

  function measure(): void {
    if (hold !== null || stopped) return;
    const gauge = gauges.find((each) => each.level() >= each.high());
    if (gauge) begin(gauge);
  }

  function begin(gauge: PressureGauge): void {
    let release: Hold['release'] = () => undefined;
    const over = new Promise<void>((resolve) => {
      release = resolve;
    });
    const now = performance.now();
    hold = { gauge, since: clock(), until: now + heldMaxMs, over, release, spent: false };
    counts.times += 1;
    timer = setInterval(look, LOOK_EVERY_MS);
    timer.unref();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    log.warn({ waiting: Math.round(gauge.level()), mark: gauge.high() }, `senders are held back: ${reasonOf(gauge)}`);
  }

  function look(): void {
    if (hold === null) return;
    if (gauges.every((gauge) => gauge.level() <= gauge.low())) {
      end();
      return;
    }
    if (hold.spent || performance.now() < hold.until) return;
    log.warn({ heldMs: heldMaxMs }, `senders are read again, and refused once there is no room: ${reasonOf(hold.gauge)}`);
    letGo(hold);
  }

  function end(): void {
    if (timer !== null) clearInterval(timer);
    timer = null;
    if (hold !== null) letGo(hold);
    hold = null;
  }

  function letGo(held: Hold): void {
    if (!held.spent) counts.heldMs += Math.round(performance.now() - held.until + heldMaxMs);
    held.spent = true;
    held.release();
  }
}

function reasonOf({ name, level }: PressureGauge): string {
  return `${Math.round(level())} ${name}`;
}
