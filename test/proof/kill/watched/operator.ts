import type { Random } from '../../../../src/lib/simulation/random.ts';
import type { Findings } from '../../findings.ts';
import type { HubProcess } from '../../hub-process.ts';
import { pause } from '../../waiting.ts';

const PAUSE_MS_MAX = 120;

/** Acknowledges, shelves, comments ... live alarms at random, whatever becomes of the hub. */
export interface Operator {
  begin(): void;
  finish(): Promise<void>;
  /** The comments of what was answered as done: each stands in the journal once. Of what was not answered, nobody knows. */
  readonly done: ReadonlySet<string>;
  readonly unsure: ReadonlySet<string>;
}

type Action = { readonly kind: string; readonly [name: string]: unknown };

export function createOperator(hub: HubProcess, random: Random, findings: Findings): Operator {
  const done = new Set<string>();
  const unsure = new Set<string>();
  let ending = false;
  let running = Promise.resolve();
  let count = 0;
  return {
    done,
    unsure,
    begin() {
      running = work();
    },
    async finish() {
      ending = true;
      await running;
    },
  };

  async function work(): Promise<void> {
    while (!ending) {
      await pause(random() * PAUSE_MS_MAX);
      const live = await hub.api('GET', '/alarms?limit=200').catch(() => null);
      const alarms: { readonly id: string }[] = live?.status === 200 ? live.body.items : [];
      const one = alarms[Math.floor(random() * alarms.length)];
      if (one === undefined) continue;
      const comment = `note ${count++}`;
      const action = anAction(comment);
      const answer = await hub.api('POST', '/alarms/actions', { ids: [one.id], action }).catch(() => null);
      if (!('comment' in action)) continue;
      // 401: the port of the dead hub has gone to another one.
      if (answer === null || answer.status >= 500 || answer.status === 401) unsure.add(comment);
      else if (answer.status !== 200) findings.add('an action was refused', `${JSON.stringify(action)}: ${answer.status} ${JSON.stringify(answer.body)}`);
      else if (answer.body.done === 1) done.add(comment);
    }
  }

  function anAction(comment: string): Action {
    const chance = random();
    if (chance < 0.4) return { kind: 'ack', comment };
    if (chance < 0.55) return { kind: 'shelve', forMs: 100 + Math.floor(random() * 1_500), once: random() < 0.5, comment };
    if (chance < 0.65) return { kind: 'comment', comment };
    if (chance < 0.72) return { kind: 'reset' };
    if (chance < 0.78) return { kind: 'unshelve' };
    if (chance < 0.82) return { kind: 'assign', assignee: random() < 0.5 ? 'anna' : null };
    if (chance < 0.86) return { kind: 'suppress', comment };
    if (chance < 0.92) return { kind: 'unsuppress' };
    if (chance < 0.95) return { kind: 'out-of-service', comment };
    return { kind: 'in-service' };
  }
}
