import { type Client, signIn } from '../client.ts';
import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import { comesTrue } from '../waiting.ts';
import type { Subscriber } from './subscriber.ts';

export const DOOMED = 'doomed';
export const FAREWELLS = 'devices/+/death';

/** Clients that come once, with a last will of QoS 2, and are lost: alone, or together with the hub. */
export interface Doomed {
  /** The next one. It is lost with the hub, unless it is dropped before. */
  connect(): Promise<void>;
  drop(): void;
  /** Each will of whoever was let in has been sent once. */
  judge(listener: Subscriber, deadlineMs: number): Promise<void>;
  readonly wills: () => number;
}

export function createDoomed(hub: HubProcess, credentials: Credentials, findings: Findings): Doomed {
  const owed = new Set<number>();
  let next = 0;
  let last: Client | null = null;
  return {
    wills: () => owed.size,
    async connect() {
      const number = next++;
      const will = { topic: `devices/${DOOMED}/death`, payload: `{"n":${number}}`, qos: 2 } as const;
      last = await signIn(hub.mqttPort, credentials, { version: number % 2 === 0 ? 4 : 5, clientId: `${DOOMED}-${number}`, will });
      if (last === null) findings.add('a client with a last will was not let in', String(number));
      else owed.add(number);
    },
    drop() {
      last?.socket.destroy();
    },
    async judge(listener, deadlineMs) {
      const arrived = () => listener.received.get(DOOMED) ?? [];
      const missing = () => [...owed].filter((number) => !arrived().includes(number));
      if (!(await comesTrue(() => missing().length === 0, deadlineMs, 50)))
        findings.add('a last will was never sent', `${missing().slice(0, 10).join(', ')} of ${next}`);
      const twice = arrived().filter((number, index, all) => all.indexOf(number) !== index);
      if (twice.length > 0) findings.add('a last will came twice', twice.slice(0, 10).join(', '));
    },
  };
}
