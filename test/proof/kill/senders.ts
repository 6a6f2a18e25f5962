import type { Random } from '../../../src/lib/simulation/random.ts';
import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import { DurableClient } from '../mqtt/durable-client.ts';
import { pause } from '../waiting.ts';

/** A sender of numbered messages; what it was promised is what is compared at the end. */
export interface Sender {
  readonly device: string;
  readonly kind: 'mqtt' | 'http';
  readonly qos: 0 | 1 | 2;
  /** Numbers below this have been handed over to be sent. */
  sent: number;
  readonly acknowledged: Set<number>;
  readonly refused: Set<number>;
  /** Sends on until paused. */
  begin(): void;
  /** Sends nothing new; resolves when nothing is under way any more, or false after the deadline. */
  finish(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Messages of one sender on their way at once. */
const WINDOW = 12;
/** Points in turn for values without a time: two values of one point in the same millisecond would be one sample. */
const POINTS = 200;
const PAUSE_MS_MAX = 6;
/** Times of values that carry one: a day before the hub's, so that they are neither rejected nor mixed up with those of the hub. */
export const TIMED_FROM = Date.UTC(2025, 0, 1);

/** What is in message `number`: now and then a point that nobody has seen before. */
export function payloadOf(number: number, timed: boolean): string {
  if (timed) return `{"ts":${TIMED_FROM + number},"values":{"timed":${number}}}`;
  if (number % 50 === 49) return `{"new/${number}":${number}}`;
  return `{"turn/${number % POINTS}":${number}}`;
}

/** The number that a payload carries: its last one. */
export function numberIn(payload: string): number {
  return Number(/(\d+)\}+$/.exec(payload)?.[1] ?? Number.NaN);
}

interface SenderOptions {
  readonly device: string;
  readonly random: Random;
  /** Whether message `number` carries its own time. */
  readonly timed: (number: number) => boolean;
}

export function createMqttSender(
  options: SenderOptions & {
    readonly credentials: Credentials | null;
    readonly version: 4 | 5;
    readonly qos: 1 | 2;
    readonly port: () => number;
    readonly findings: Findings;
    /** Below `devices/<device>/`. */
    readonly topic?: 'report' | 'birth';
    readonly retain?: boolean;
  },
): Sender & { readonly client: DurableClient } {
  const { device, random, timed, credentials, version, qos, port, findings, topic = 'report', retain = false } = options;
  const client = new DurableClient({ clientId: `sender-${device}`, credentials, version, port, findings });
  client.start();
  const sender = createSender(
    { device, kind: 'mqtt', qos },
    random,
    (number) => client.publish({ topic: `devices/${device}/${topic}`, payload: payloadOf(number, timed(number)), qos, retain }),
    // PUBREL of the last ones may still wait for PUBCOMP.
    () => client.pending === 0,
  );
  return Object.assign(sender, { client, stop: () => client.stop() });
}

export function createHttpSender(
  options: SenderOptions & { readonly token: string; readonly url: () => string; readonly withKey: boolean; readonly findings: Findings },
): Sender {
  const { device, random, timed, token, url, withKey, findings } = options;
  let stopped = false;
  const send = async (number: number): Promise<'acknowledged' | 'refused'> => {
    while (!stopped) {
      try {
        const response = await fetch(`${url()}/api/v1/devices/${device}/report`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(withKey && { 'idempotency-key': `"${device}-${number}"` }) },
          body: payloadOf(number, timed(number)),
          signal: AbortSignal.timeout(15_000),
        });
        const text = await response.text();
        if (response.status === 202) return 'acknowledged';
        if (response.status < 500 && response.status !== 429) {
          findings.add('a report over HTTP was refused for good', `${response.status} ${text.slice(0, 200)}`);
          return 'refused';
        }
      } catch {
        // Nobody knows whether it arrived: it is sent again, with its key or its time.
      }
      await pause(20);
    }
    return 'refused';
  };
  const sender = createSender({ device, kind: 'http', qos: 0 }, random, send, () => true);
  return Object.assign(sender, {
    stop: async () => {
      stopped = true;
    },
  });
}

function createSender(
  facts: Pick<Sender, 'device' | 'kind' | 'qos'>,
  random: Random,
  send: (number: number) => Promise<'acknowledged' | 'refused'>,
  isSettled: () => boolean,
): Omit<Sender, 'stop'> {
  let underWay = 0;
  let sending = false;
  const sender = { ...facts, sent: 0, acknowledged: new Set<number>(), refused: new Set<number>(), begin, finish };
  return sender;

  function begin(): void {
    if (sending) return;
    sending = true;
    void keepSending();
  }

  async function keepSending(): Promise<void> {
    while (sending) {
      if (underWay < WINDOW) {
        const number = sender.sent++;
        underWay += 1;
        void send(number).then((verdict) => {
          underWay -= 1;
          sender[verdict].add(number);
        });
      }
      await pause(random() * PAUSE_MS_MAX);
    }
  }

  async function finish(deadlineMs: number): Promise<boolean> {
    sending = false;
    const deadline = performance.now() + deadlineMs;
    while (underWay > 0 || !isSettled()) {
      if (performance.now() > deadline) return false;
      await pause(10);
    }
    return true;
  }
}
