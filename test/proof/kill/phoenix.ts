import type { Findings } from '../findings.ts';
import { samplesOf } from '../fleet.ts';
import type { ApiAnswer, HubProcess } from '../hub-process.ts';
import { pause } from '../waiting.ts';
import { TIMED_FROM } from './shapes.ts';

const PHOENIX = 'phoenix';
const REPORTS = 12;
const POINTS = 3;
/** Values say in which life of the device they were sent. */
const PER_LIFE = 1_000;

/** A device that is made, reports, and is deleted with its samples, again and again, whatever becomes of the hub meanwhile. */
export interface Phoenix {
  begin(): void;
  /** Ends in the middle of a life; false when it gets no answer any more. */
  finish(deadlineMs: number): Promise<boolean>;
  stop(): void;
  /** Of the last life all that was acknowledged is there, and nothing of those before. Gives the number of its samples. */
  compare(): Promise<number>;
  readonly lives: () => number;
}

export function createPhoenix(hub: HubProcess, findings: Findings): Phoenix {
  let life = 0;
  let ending = false;
  let stopped = false;
  let running = Promise.resolve();
  let sent = 0;
  const acknowledged = new Set<number>();
  return {
    lives: () => life,
    begin() {
      running = live();
    },
    async finish(deadlineMs) {
      ending = true;
      return Promise.race([running.then(() => !stopped), pause(deadlineMs).then(() => false)]);
    },
    stop() {
      stopped = true;
    },
    async compare() {
      const samples = await samplesOf(hub, PHOENIX);
      const found = new Set<number>();
      for (const { point, time, value } of samples) {
        const number = Number(value);
        found.add(number);
        const inLife = number - life * PER_LIFE;
        if (inLife < 0) findings.add('a sample of a deleted device is there again', `${point} at ${time} is ${number} in life ${life}`);
        else if (inLife >= sent || time !== TIMED_FROM + inLife || point !== pointOf(inLife))
          findings.add('a sample of a device that was made again is not what was sent', `${point} at ${time} is ${number} in life ${life}`);
      }
      for (const number of acknowledged)
        if (!found.has(number)) findings.add('an acknowledged sample of a device that was made again was lost', `${number} in life ${life}`);
      return samples.length;
    },
  };

  async function live(): Promise<void> {
    for (;;) {
      await insist('POST', '/devices', { id: PHOENIX }, 201, 409);
      while (sent < REPORTS && !stopped) {
        const number = sent++;
        const value = life * PER_LIFE + number;
        const report = { ts: TIMED_FROM + number, values: { [pointOf(number)]: value } };
        if (await insist('POST', `/devices/${PHOENIX}/report`, report, 202, null)) acknowledged.add(value);
        await pause(10);
      }
      if (ending || stopped) return;
      await insist('DELETE', `/devices/${PHOENIX}`, undefined, 204, 404);
      life += 1;
      sent = 0;
      acknowledged.clear();
    }
  }

  /** Asks until it is done. `again` is what a hub may say that had done it, but died before its answer. */
  async function insist(method: string, path: string, body: object | undefined, done: number, again: number | null): Promise<boolean> {
    let unsure = false;
    while (!stopped) {
      const answer = await hub.api(method, path, body).catch((): ApiAnswer => ({ status: 0, body: null }));
      if (answer.status === done || (unsure && answer.status === again)) return true;
      // 401: the port of the dead hub has gone to another one.
      if (answer.status > 0 && answer.status < 500 && answer.status !== 429 && answer.status !== 401) {
        findings.add('a change of a device was refused', `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return false;
      }
      unsure ||= answer.status === 0;
      await pause(20);
    }
    return false;
  }
}

function pointOf(number: number): string {
  return `life/${number % POINTS}`;
}
