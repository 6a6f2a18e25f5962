import type { HubClock } from './hub-clock.ts';

/** Questions of one measurement: of several the one with the shortest way counts. */
const QUESTIONS = 3;
const ANSWER_MS_MAX = 2_000;

interface TimeSyncPorts {
  readonly clock: HubClock;
  readonly ask: (payload: string) => void;
  readonly onMeasured: () => void;
}

/** Asks the hub for its time, some questions one after the other. */
export class TimeSync {
  readonly #ports: TimeSyncPorts;
  readonly #asked = new Map<string, number>();
  #waiters: (() => void)[] = [];
  #lastId = 0;
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: TimeSyncPorts) {
    this.#ports = ports;
  }

  /** Resolves with the first answer, or when there was none for too long: some hubs do not tell. Never rejects. */
  measure(): Promise<void> {
    this.#left = QUESTIONS;
    const first = new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#ask();
    return first;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked.clear();
    this.#settle();
  }

  /** A message on the time topic. What is no answer to a question of this device is left alone. */
  onMessage(payload: Buffer): void {
    const receivedAt = performance.now();
    const answer = parse(payload);
    const sentAt = answer === null ? undefined : this.#asked.get(answer.id);
    if (answer === null || sentAt === undefined) return;
    this.#asked.delete(answer.id);
    clearTimeout(this.#timer);
    if (this.#ports.clock.learn({ sentAt, receivedAt, t1: answer.t1, t2: answer.t2 })) this.#ports.onMeasured();
    this.#settle();
    this.#ask();
  }

  #ask(): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#asked.set(id, performance.now());
    this.#timer = setTimeout(() => {
      this.#asked.clear();
      this.#left = 0;
      this.#settle();
    }, ANSWER_MS_MAX);
    this.#timer.unref();
    this.#ports.ask(JSON.stringify({ id, t0: Date.now() }));
  }

  #settle(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

function parse(payload: Buffer): { readonly id: string; readonly t1: number; readonly t2: number } | null {
  try {
    const { id, t1, t2 } = JSON.parse(payload.toString()) as { readonly id?: unknown; readonly t1?: unknown; readonly t2?: unknown };
    return typeof id === 'string' && typeof t1 === 'number' && typeof t2 === 'number' ? { id, t1, t2 } : null;
  } catch {
    return null;
  }
}
