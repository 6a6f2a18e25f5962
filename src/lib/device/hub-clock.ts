/** One exchange: times of the hub in ms since 1970, own ones of performance.now(). */
interface Exchange {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** When the hub got the question, and when it answered. */
  readonly t1: number;
  readonly t2: number;
}

/** An answer that took longer says little. */
const ROUND_TRIP_MS_MAX = 10_000;
/** An older measurement is not better than a newer one only because its round trip was shorter. */
const FRESH_MS = 10 * 60_000;

/**
 * What time it is at the hub, measured as NTP does (RFC 5905, section 8): the hub's clock at the moment of its answer plus half the way. Runs on the monotonic clock, so that a system clock
 * that is set, or wrong from the start, changes nothing.
 */
export class HubClock {
  /** ms since 1970 minus performance.now(); null: nothing is known but the system clock. */
  #base: number | null = null;
  #roundTripMs: number | null = null;
  #measuredAt = 0;

  /** ms since 1970, by the hub's clock when that is known. */
  now(): number {
    return this.timeOf(performance.now());
  }

  /** The time of a moment of performance.now(), in whole ms. */
  timeOf(stamp: number): number {
    return Math.round(this.#base === null ? Date.now() - performance.now() + stamp : this.#base + stamp);
  }

  get isKnown(): boolean {
    return this.#base !== null;
  }

  /** The hub's clock minus the system clock, ms; null: not measured yet. */
  get offsetMs(): number | null {
    return this.#base === null ? null : Math.round(this.#base + performance.now() - Date.now());
  }

  /** Of the measurement that counts; the offset is wrong by half of it at most. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /** True: it was taken. Of several in a short time the one with the shortest way counts. */
  learn({ sentAt, receivedAt, t1, t2 }: Exchange): boolean {
    const roundTripMs = Math.max(0, receivedAt - sentAt - Math.max(0, t2 - t1));
    if (!Number.isFinite(roundTripMs) || !Number.isFinite(t2) || roundTripMs > ROUND_TRIP_MS_MAX) return false;
    const isBetter = this.#roundTripMs === null || roundTripMs <= this.#roundTripMs || receivedAt - this.#measuredAt > FRESH_MS;
    if (!isBetter) return false;
    this.#base = t2 + roundTripMs / 2 - receivedAt;
    this.#roundTripMs = roundTripMs;
    this.#measuredAt = receivedAt;
    return true;
  }
}
