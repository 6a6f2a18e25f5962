import type { Socket } from 'node:net';

interface Waiting {
  readonly socket: Socket;
  readonly next: () => void;
}

const STEP_MS = 20;

/**
 * So many connections are let in per second; the others wait their turn, unread. Addresses take turns, so a storm from one
 * of them keeps nobody else waiting. A burst of one second's worth passes at once.
 */
export class ConnectPacer {
  readonly #perSecond: number;
  readonly #waitingMax: number;
  readonly #onDropped: () => void;
  readonly #queues = new Map<string, Waiting[]>();
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
    this.#credit = perSecond;
  }

  pace(socket: Socket, next: () => void): void {
    if (this.#perSecond === 0) {
      next();
      return;
    }
    this.#earn();
    if (this.size === 0 && this.#credit >= 1) {
      this.#credit--;
      next();
      return;
    }
    socket.on('error', ignore);
    const address = socket.remoteAddress ?? '';
    let queue = this.#queues.get(address);
    if (!queue) {
      queue = [];
      this.#queues.set(address, queue);
    }
    queue.push({ socket, next });
    this.size++;
    if (this.size > this.#waitingMax) this.#dropOne();
    this.#timer ??= setInterval(() => this.#letIn(), STEP_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const queue of this.#queues.values()) for (const { socket } of queue) socket.destroy();
    this.#queues.clear();
    this.size = 0;
  }

  #earn(): void {
    const now = performance.now();
    this.#credit = Math.min(this.#perSecond, this.#credit + ((now - this.#creditAt) / 1000) * this.#perSecond);
    this.#creditAt = now;
  }

  #letIn(): void {
    this.#earn();
    while (this.#credit >= 1 && this.size > 0) {
      const waiting = this.#takeTurn();
      if (waiting === null) break;
      waiting.socket.off('error', ignore);
      // It has given up meanwhile.
      if (waiting.socket.destroyed) continue;
      this.#credit--;
      waiting.next();
    }
    if (this.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** The oldest of the address whose turn it is. */
  #takeTurn(): Waiting | null {
    for (const [address, queue] of this.#queues) {
      const waiting = queue.shift();
      this.#queues.delete(address);
      if (queue.length > 0) this.#queues.set(address, queue);
      if (!waiting) continue;
      this.size--;
      return waiting;
    }
    return null;
  }

  /** Too many wait: the oldest of the address with the most goes. */
  #dropOne(): void {
    let longest: Waiting[] = [];
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
    const dropped = longest.shift();
    if (!dropped) return;
    this.size--;
    dropped.socket.destroy();
    this.#onDropped();
  }
}

function ignore(): void {}
