import type { Random } from '../../../src/lib/simulation/random.ts';
import { ask } from '../ask.ts';
import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { Door } from '../mqtt/doors.ts';
import { DurableClient } from '../mqtt/durable-client.ts';
import { pause } from '../waiting.ts';
import type { Shape } from './shapes.ts';

/** A sender of numbered messages; what it was promised is what is compared at the end. */
export interface Sender {
  readonly device: string;
  readonly kind: 'mqtt' | 'http';
  readonly qos: 0 | 1 | 2;
  readonly shape: Shape;
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
const PAUSE_MS_MAX = 6;

interface SenderOptions {
  readonly device: string;
  readonly random: Random;
  readonly shape: Shape;
  /** Messages on their way at once. */
  readonly window?: number;
  /** The longest pause between two. */
  readonly paceMs?: number;
}

export function createMqttSender(
  options: SenderOptions & {
    readonly credentials: Credentials | null;
    readonly version: 4 | 5;
    readonly qos: 1 | 2;
    readonly door: Door;
    readonly findings: Findings;
    /** Below `devices/<device>/`. */
    readonly topic?: 'report' | 'birth';
    readonly retain?: boolean;
  },
): Sender & { readonly client: DurableClient } {
  const {
    device,
    random,
    shape,
    credentials,
    version,
    qos,
    door,
    findings,
    topic = 'report',
    retain = false,
    window = WINDOW,
    paceMs = PAUSE_MS_MAX,
  } = options;
  const client = new DurableClient({ clientId: `sender-${device}`, credentials, version, door, findings });
  client.start();
  const sender = createSender(
    { device, kind: 'mqtt', qos, shape },
    window,
    () => random() * paceMs,
    (number) => client.publish({ topic: `devices/${device}/${topic}`, payload: shape.payload(number), qos, retain }),
    // PUBREL of the last ones may still wait for PUBCOMP.
    () => client.pending === 0,
  );
  return Object.assign(sender, { client, stop: () => client.stop() });
}

export function createHttpSender(
  options: SenderOptions & { readonly token: string; readonly hub: HubProcess; readonly withKey: boolean; readonly findings: Findings },
): Sender {
  const { device, random, shape, token, hub, withKey, findings, window = WINDOW, paceMs = PAUSE_MS_MAX } = options;
  let stopped = false;
  const send = async (number: number): Promise<'acknowledged' | 'refused'> => {
    while (!stopped) {
      try {
        const response = await ask(`${hub.url}/api/v1/devices/${device}/report`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(withKey && { 'idempotency-key': `"${device}-${number}"` }) },
          body: shape.payload(number),
          deadlineMs: 15_000,
          ca: hub.ca,
        });
        if (response.status === 202) return 'acknowledged';
        if (response.status < 500 && response.status !== 429) {
          findings.add('a report over HTTP was refused for good', `${response.status} ${response.text.slice(0, 200)}`);
          return 'refused';
        }
      } catch {
        // Nobody knows whether it arrived: it is sent again, with its key or its time.
      }
      await pause(20);
    }
    return 'refused';
  };
  const sender = createSender(
    { device, kind: 'http', qos: 0, shape },
    window,
    () => random() * paceMs,
    send,
    () => true,
  );
  return Object.assign(sender, {
    stop: async () => {
      stopped = true;
    },
  });
}

function createSender(
  facts: Pick<Sender, 'device' | 'kind' | 'qos' | 'shape'>,
  window: number,
  paceMs: () => number,
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
      if (underWay < window) {
        const number = sender.sent++;
        underWay += 1;
        void send(number).then((verdict) => {
          underWay -= 1;
          sender[verdict].add(number);
        });
      }
      await pause(paceMs());
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
