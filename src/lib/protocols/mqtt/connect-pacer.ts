import type { Socket } from 'node:net';
import { WaitingSocket } from './waiting-socket.ts';

const STEP_MS = 20;
/** Let in at once after a quiet time: more handshakes than that in one go would keep everything else waiting. */
const BURST_MAX = 250;
/** A step that comes later than this has found the process busy. */
const LATE_MS = 40;
const SLOWER = 0.8;
/** Of the whole rate, with each step: after a second without delay it is as it was. */
const FASTER = 0.02;
const PER_SECOND_MIN = 50;
/** Of late steps no more is made good. */
const CREDIT_MS = 100;
/** Clients give up after 5 s, 10 s or more. */
const PATIENCE_MS = 4_000;

/**
 * So many connections are let in per second, fewer while the process cannot keep up; the others wait their turn. Addresses take turns, so a storm from one
 * of them keeps nobody else waiting. Who has given up meanwhile costs nothing: in a storm with TLS those would take all the handshakes. For the same reason the newest comes first once
 * the oldest has waited long: all of them would be let in just before they give up, and their handshakes would be for nothing.
 */
export class ConnectPacer {
  readonly #perSecond: number;
  readonly #waitingMax: number;
  readonly #onDropped: () => void;
  readonly #queues = new Map<string, WaitingSocket[]>();
  #rate: number;
  #credit: number;
  #creditAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  /** Sockets that wait. */
  size = 0;

  /** `perSecond` 0: no limit. */
  constructor(perSecond: number, waitingMax: number, onDropped: () => void) {
    this.#perSecond = perSecond;
    this.#waitingMax = waitingMax;
    this.#onDropped = onDropped;
    this.#rate = perSecond;
    this.#credit = Math.min(perSecond, BURST_MAX);
  }

  pace(socket: Socket, next: () => void): void {
    if (this.#perSecond === 0) {
      next();
      return;
    }
    if (this.size === 0) {
      this.#earn();
      if (this.#credit >= 1) {
        this.#credit--;
        next();
        return;
      }
    }
    const address = socket.remoteAddress ?? '';
    let queue = this.#queues.get(address);
    if (!queue) {
      queue = [];
      this.#queues.set(address, queue);
    }
    queue.push(new WaitingSocket(socket, next, () => this.size--));
    this.size++;
    if (this.size > this.#waitingMax) this.#dropOne();
    this.#timer ??= setInterval(() => this.#step(), STEP_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const queue of this.#queues.values()) for (const waiting of queue) waiting.drop();
    this.#queues.clear();
    this.size = 0;
  }

  #earn(): number {
    const now = performance.now();
    const elapsed = now - this.#creditAt;
    this.#creditAt = now;
    this.#credit = Math.min(BURST_MAX, this.#perSecond, this.#credit + (elapsed / 1000) * this.#rate);
    return elapsed;
  }

  #step(): void {
    const late = this.#earn() - STEP_MS;
    if (late > LATE_MS) {
      this.#rate = Math.max(Math.min(PER_SECOND_MIN, this.#perSecond), this.#rate * SLOWER);
      this.#credit = Math.min(this.#credit, Math.max(1, (this.#rate * CREDIT_MS) / 1000));
    } else this.#rate = Math.min(this.#perSecond, this.#rate + this.#perSecond * FASTER);
    while (this.#credit >= 1) {
      const waiting = this.#takeTurn();
      if (waiting === null) break;
      this.#credit--;
      waiting.letIn();
    }
    if (this.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#rate = this.#perSecond;
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
    let longest: WaitingSocket[] = [];
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
    let dropped = longest.shift();
    while (dropped?.isGone) dropped = longest.shift();
    if (!dropped) return;
    this.size--;
    dropped.drop();
    this.#onDropped();
  }
}
