/**
 * What is known of a device's clock while it reports: a window of messages, and what the windows before it came to. A lag is the hub's time minus the newest time in a message,
 * in ms: what the way and waiting took, and what the clock is behind. All are small integers, of which a million devices need no boxes: lags end at 24 days, times are
 * seconds since 2020.
 */
export interface ClockState {
  /** The least lag of the window. */
  low: number;
  /** Of the window before; null: there was none. */
  lowBefore: number | null;
  /** The greatest of the lags below zero: the device is ahead by so much at least. */
  high: number;
  startedAt: number;
  count: number;
  /** Of these, the ones with times that had yet to come. */
  ahead: number;
  /** The offset that was noted last; null: none yet. */
  noted: number | null;
  notedAt: number;
  notedByExchange: boolean;
}

const LAG_MAX_MS = 2 ** 31 - 1;
const SECONDS_FROM = Date.UTC(2020, 0, 1) / 1000;

/** A window ends after a minute with many messages, or after ten with a few. */
const MANY = 20;
const MANY_SECONDS = 60;
const FEW = 3;
const FEW_SECONDS = 600;
/** So much the way may take, and nobody says that the clock is wrong. */
const WAY_MS = 5_000;
/** What waited is sent faster than it came about: its lag falls. That of a clock that is behind stays, nearly. */
const STEADY_MS = 5_000;
const JUST_AHEAD_MS = 1_000;
const MOSTLY = 0.8;

export function newClockState(now: number): ClockState {
  return {
    low: LAG_MAX_MS,
    lowBefore: null,
    high: -LAG_MAX_MS,
    startedAt: secondsOf(now),
    count: 0,
    ahead: 0,
    noted: null,
    notedAt: 0,
    notedByExchange: false,
  };
}

/**
 * A message came whose newest time is this one. With the last of a window: what has to be added to the device's clock to have the hub's, in ms, as far as reports can tell. null: the
 * window goes on, or ended without a result: what arrived may just as well have waited.
 */
export function noteReport(state: ClockState, newest: number, receivedAt: number): number | null {
  const lag = Math.max(-LAG_MAX_MS, Math.min(LAG_MAX_MS, Math.round(receivedAt - newest)));
  state.count += 1;
  if (lag < state.low) state.low = lag;
  if (lag < -JUST_AHEAD_MS) {
    state.ahead += 1;
    if (lag > state.high) state.high = lag;
  }
  const seconds = secondsOf(receivedAt) - state.startedAt;
  const isOver = seconds >= MANY_SECONDS && state.count >= (seconds >= FEW_SECONDS ? FEW : MANY);
  // The hub's own clock was set back.
  if (!isOver && seconds >= 0) return null;
  const result = seconds < 0 ? null : offsetOf(state);
  state.lowBefore = seconds < 0 ? null : state.low;
  state.low = LAG_MAX_MS;
  state.high = -LAG_MAX_MS;
  state.startedAt = secondsOf(receivedAt);
  state.count = 0;
  state.ahead = 0;
  return result;
}

function offsetOf({ low, lowBefore, high, count, ahead }: ClockState): number | null {
  // Of a device that sends forecasts as well, some are ahead.
  if (ahead >= MOSTLY * count) return high;
  if (low <= WAY_MS) return Math.max(0, low);
  return lowBefore !== null && Math.abs(low - lowBefore) <= STEADY_MS ? low : null;
}

/** What was noted is not worth noting again before it is another by so much, or so old. */
const WORTH_MS = 1_000;
const WORTH_SECONDS = 3_600;

/** An offset was measured: is it worth noting? For an hour, reports do not gainsay what an exchange found. */
export function isWorthNoting(state: ClockState, offsetMs: number, byExchange: boolean, now: number): boolean {
  const age = Math.abs(secondsOf(now) - state.notedAt);
  if (state.noted === null || age >= WORTH_SECONDS) return true;
  if (state.notedByExchange !== byExchange) return byExchange;
  return Math.abs(state.noted - offsetMs) >= WORTH_MS;
}

export function noted(state: ClockState, offsetMs: number, byExchange: boolean, now: number): void {
  state.noted = Math.max(-LAG_MAX_MS, Math.min(LAG_MAX_MS, Math.round(offsetMs)));
  state.notedAt = secondsOf(now);
  state.notedByExchange = byExchange;
}

function secondsOf(time: number): number {
  return Math.round(time / 1000) - SECONDS_FROM;
}
