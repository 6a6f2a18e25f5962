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
    // An answer without an id is to the one question that is open.
    const id = answer?.id ?? this.#asked.keys().next().value;
    const sentAt = id === undefined ? undefined : this.#asked.get(id);
    if (answer === null || id === undefined || sentAt === undefined) return;
    this.#asked.delete(id);
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

/** `{id, t1, t2}`, or `{time}` of a hub that knows no more. The echo of a question is no answer. */
function parse(payload: Buffer): { readonly id: string | null; readonly t1: number; readonly t2: number } | null {
  try {
    const { id, t1, t2, time } = JSON.parse(payload.toString()) as Readonly<Record<string, unknown>>;
    if (typeof id === 'string' && typeof t1 === 'number' && typeof t2 === 'number') return { id, t1, t2 };
    return id === undefined && typeof time === 'number' ? { id: null, t1: time, t2: time } : null;
  } catch {
    return null;
  }
}
