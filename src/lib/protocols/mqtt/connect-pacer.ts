import type { Socket } from 'node:net';
import { performance as nodePerformance } from 'node:perf_hooks';
import { WaitingSocket } from './waiting-socket.ts';

const STEP_MS = 20;
/** Let in at once after a quiet time: more handshakes than that in one go would keep everything else waiting. */
const BURST_MAX = 250;
/** Log-ins at a time, when the hub is busy with them: enough to keep a processor busy, few enough to be finished in a tenth of a second. */
const BEGUN_MIN = 32;
/** Who needs longer has a slow network, or says nothing at all: its place goes to another. */
const PLACE_MS = 2_000;
/** A step that comes later than this has found the process busy. */
const LATE_MS = 40;
/** The loop waits for others for so much of the time: it can do more. */
const IDLE_SHARE = 0.1;
const FEWER = 0.8;
const MORE = 1.25;
/** Clients give up after 5 s, 10 s or more. */
const PATIENCE_MS = 4_000;

/** Told once the log-in has come to its end, good or bad; a second time does nothing. */
export type Finished = () => void;

export interface ConnectPacerOptions {
  /** Let in per second at most. 0: no limit. */
  readonly perSecond: number;
  /** Sockets that wait at a time. */
  readonly waitingMax: number;
  readonly onDropped: () => void;
  /** The share of the time since it was asked last in which the process had nothing to do: 0 to 1. @default measured at the event loop */
  readonly idleShare?: () => number;
}

/**
 * So many connections are let in per second, and as many log-ins are under way at a time as the process can finish soon; the others wait their turn. What has begun is finished:
 * handshakes that are all begun at once are all finished late, when most of the clients have given up. The number is learned: fewer while the loop comes late, more while it has
 * time left, because slow networks keep log-ins waiting that cost nothing meanwhile. Addresses take turns, so a storm from one
 * of them keeps nobody else waiting. Who has given up meanwhile costs nothing. For the same reason the newest comes first once
 * the oldest has waited long: all of them would be let in just before they give up, and their handshakes would be for nothing.
 */
export class ConnectPacer {
  readonly #perSecond: number;
  readonly #waitingMax: number;
  readonly #onDropped: () => void;
  readonly #idleShare: () => number;
  readonly #queues = new Map<string, WaitingSocket[]>();
  /** When each log-in that is under way has begun (performance.now()), the oldest first. */
  readonly #begun = new Map<Finished, number>();
  #begunMax: number;
  #credit: number;
  #creditAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  /** Sockets that wait. */
  size = 0;

  constructor({ perSecond, waitingMax, onDropped, idleShare = loopIdleShare() }: ConnectPacerOptions) {
    this.#perSecond = perSecond;
    this.#waitingMax = waitingMax;
    this.#onDropped = onDropped;
    this.#idleShare = idleShare;
    this.#credit = Math.min(perSecond, BURST_MAX);
    this.#begunMax = BURST_MAX;
  }

  /** Log-ins under way, but for those that have lost their place by being slow. */
  get underWay(): number {
    const since = performance.now() - PLACE_MS;
    for (const [finished, at] of this.#begun) {
      if (at > since) break;
      this.#begun.delete(finished);
    }
    return this.#begun.size;
  }

  /** `next` is called when it is the turn of the socket, with what has to be called once its log-in is over. */
  pace(socket: Socket, next: (finished: Finished) => void): void {
    if (this.#perSecond === 0) {
      next(nothing);
      return;
    }
    if (this.size === 0) {
      this.#earn();
      if (this.#credit >= 1 && this.underWay < this.#begunMax) {
        this.#begin(next);
        return;
      }
    }
    const address = socket.remoteAddress ?? '';
    let queue = this.#queues.get(address);
    if (!queue) {
      queue = [];
      this.#queues.set(address, queue);
    }
    queue.push(
      new WaitingSocket(
        socket,
        () => this.#begin(next),
        () => this.size--,
      ),
    );
    this.size++;
    if (this.size > this.#waitingMax) this.#dropOne();
    if (this.#timer !== null) return;
    this.#idleShare();
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const queue of this.#queues.values()) for (const waiting of queue) waiting.drop();
    this.#queues.clear();
    this.#begun.clear();
    this.size = 0;
  }

  #begin(next: (finished: Finished) => void): void {
    this.#credit--;
    const finished = () => void this.#begun.delete(finished);
    this.#begun.set(finished, performance.now());
    next(finished);
  }

  #earn(): number {
    const now = performance.now();
    const elapsed = now - this.#creditAt;
    this.#creditAt = now;
    this.#credit = Math.min(BURST_MAX, this.#perSecond, this.#credit + (elapsed / 1000) * this.#perSecond);
    return elapsed;
  }

  #step(): void {
    const late = this.#earn() - STEP_MS;
    const begunMax = this.#begunMax;
    if (this.#idleShare() > IDLE_SHARE) this.#begunMax = Math.min(Math.max(BURST_MAX, this.#perSecond), begunMax * MORE);
    else if (late > LATE_MS) this.#begunMax = Math.max(BEGUN_MIN, begunMax * FEWER);
    let room = Math.min(this.#begunMax - this.underWay, BURST_MAX);
    while (this.#credit >= 1 && room >= 1) {
      const waiting = this.#takeTurn();
      if (waiting === null) break;
      room--;
      waiting.letIn();
    }
    if (this.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#begunMax = BURST_MAX;
    this.#queues.clear();
  }

  /** The oldest of the address whose turn it is, of those that are still there; the newest, when the oldest has waited long. */
  #takeTurn(): WaitingSocket | null {
    const patientSince = performance.now() - PATIENCE_MS;
    for (const [address, queue] of this.#queues) {
      this.#queues.delete(address);
      while (queue[0]?.isGone) queue.shift();
      let waiting = (queue[0]?.since ?? 0) < patientSince ? queue.pop() : queue.shift();
      while (waiting?.isGone) waiting = queue.pop();
      if (queue.length > 0) this.#queues.set(address, queue);
      if (!waiting) continue;
      this.size--;
      return waiting;
    }
    return null;
  }

  /** Too many wait: the oldest of the address with the most goes. */
  #dropOne(): void {
    let dropped: WaitingSocket | undefined;
    do {
      let longest: WaitingSocket[] = [];
      for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
      if (longest.length === 0) return;
      dropped = longest.shift();
      // Of an address from which all have gone meanwhile, none is left to go.
      while (dropped?.isGone) dropped = longest.shift();
    } while (dropped === undefined);
    this.size--;
    dropped.drop();
    this.#onDropped();
  }
}

function nothing(): void {}

/** How much of the time the event loop had nothing to do, since it was asked last. */
function loopIdleShare(): () => number {
  let before = nodePerformance.eventLoopUtilization();
  return () => {
    const now = nodePerformance.eventLoopUtilization();
    const { utilization } = nodePerformance.eventLoopUtilization(now, before);
    before = now;
    return 1 - utilization;
  };
}
