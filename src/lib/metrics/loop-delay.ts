import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const WINDOW_MS = 10_000;

export interface Delay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How late the event loop is, of the last ten seconds: of the time since the start, an hour would hide a stall of a minute. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #before: Delay | null = null;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#before = this.#now();
      this.#histogram.reset();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  /** The worse of the window that is under way and the one before. */
  read(): Delay {
    const now = this.#now();
    return { p99Ms: Math.max(now.p99Ms, this.#before?.p99Ms ?? 0), maxMs: Math.max(now.maxMs, this.#before?.maxMs ?? 0) };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #now(): Delay {
    return { p99Ms: lateMs(this.#histogram.percentile(99)), maxMs: this.#histogram.count === 0 ? 0 : lateMs(this.#histogram.max) };
  }
}

/** The histogram holds what lies between two ticks of its timer, in ns: what is beyond the time between them is late. */
function lateMs(ns: number): number {
  return Math.max(0, Math.round((ns / 1e6 - RESOLUTION_MS) * 100) / 100);
}
