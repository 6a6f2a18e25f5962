import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ALARMS_LISTED } from '../../../../src/lib/channels/channel.ts';
import type { Random } from '../../../../src/lib/simulation/random.ts';
import type { Findings } from '../../findings.ts';
import type { Scope } from '../../scope.ts';
import { pause } from '../../waiting.ts';

/** Longer than the hub waits for an answer. */
export const TIMEOUT_MS = 400;
const LATE_MS = 600;
const FAILS = 0.03;
const HANGS = 0.02;
const LATE = 0.03;

/** Somebody who is told over webhooks and knows a delivery by its key; now and then it fails, hangs, or answers when nobody waits any more. */
export interface Receiver {
  url(channel: string): string;
  /** What it took, once for each key: the events, by channel. */
  effects(channel: string): ReadonlyMap<string, readonly string[]>;
  /** How many more than it lists each delivery that lists no more counts, by its key. */
  unlisted(channel: string): ReadonlyMap<string, number>;
  readonly received: () => number;
  readonly repeated: () => number;
}

interface Told {
  readonly delivery: string;
  readonly count: number;
  readonly alarms: readonly { readonly event: string }[];
}

export async function createReceiver(scope: Scope, random: Random, findings: Findings): Promise<Receiver> {
  const taken = new Map<string, Map<string, string>>();
  let received = 0;
  let repeated = 0;
  const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: (channel) => `http://127.0.0.1:${port}/${channel}`,
    effects: (channel) => new Map([...(taken.get(channel) ?? [])].map(([key, body]) => [key, (JSON.parse(body) as Told).alarms.map(({ event }) => event)])),
    unlisted: (channel) =>
      new Map(
        [...(taken.get(channel) ?? [])].map(([key, body]) => {
          const { count, alarms } = JSON.parse(body) as Told;
          return [key, count - alarms.length];
        }),
      ),
    received: () => received,
    repeated: () => repeated,
  };

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    request.setEncoding('utf8');
    for await (const part of request) body += part;
    received += 1;
    const chance = random();
    if (chance < FAILS) {
      response.writeHead(503).end('not now');
      return;
    }
    const channel = (request.url ?? '/').slice(1);
    if (random() < 0.5 || chance >= FAILS + HANGS) keep(channel, String(request.headers['idempotency-key']), body);
    if (chance < FAILS + HANGS) return;
    if (chance < FAILS + HANGS + LATE) await pause(LATE_MS);
    response.writeHead(200).end('ok');
  }

  function keep(channel: string, key: string, body: string): void {
    const known = taken.get(channel) ?? new Map<string, string>();
    taken.set(channel, known);
    const before = known.get(key);
    if (before !== undefined) {
      repeated += 1;
      if (before !== body) findings.add('a delivery said something else when it was sent again', `${key}: ${before.slice(0, 300)} / ${body.slice(0, 300)}`);
      return;
    }
    const told = JSON.parse(body) as Told;
    if (told.delivery !== key) findings.add('a delivery does not say its own key', key);
    if (Math.min(told.count, ALARMS_LISTED) !== told.alarms.length)
      findings.add('a delivery does not list what it tells', `${told.count}, listed ${told.alarms.length}`);
    known.set(key, body);
  }
}
