import type { HubEvent } from '../../../src/lib/domain/event.ts';
import { createDevice } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { comesTrue, pause } from '../waiting.ts';

const DEVICE = 'watched';
const RULE = { id: 'beyond', scope: { device: DEVICE }, when: { bands: [{ level: 'major', high: 50 }] }, requiresAck: false, late: 'ignore' };
const EVERY_MS = 30;
const CHANGES = 4;

/** A device whose value crosses the limit of a rule all the time, whether the disk takes it or not. */
export interface WatchedPoint {
  /** Its alarm goes on: raised and cleared again and again, in the journal. */
  goesOn(when: string, deadlineMs: number): Promise<void>;
  /** Alarms and rules can be read; what would be written is refused in words, or was written after all. */
  isReadable(when: string): Promise<void>;
  stop(): Promise<void>;
  /** The journal is one chain of raises and ends. */
  compare(): Promise<void>;
}

export async function watchPoint({ scope, findings }: ProofRun, hub: HubProcess): Promise<WatchedPoint> {
  const { password } = await createDevice(hub, DEVICE);
  const made = await hub.api('POST', '/rules', { ...RULE, scope: { ...RULE.scope, points: 'level' } });
  if (made.status !== 201) throw new Error(`the rule could not be made: ${made.status} ${JSON.stringify(made.body)}`);
  let stopped = false;
  const loop = (async () => {
    for (let number = 0; !stopped; number += 1) {
      const report = { level: number % 2 === 0 ? 80 : 20 };
      if (hub.isRunning()) await hub.api('POST', `/devices/${DEVICE}/report`, report, { authorization: `Bearer ${password}` }).catch(() => undefined);
      await pause(EVERY_MS);
    }
  })();
  const stop = async () => {
    stopped = true;
    await loop;
  };
  scope.defer(stop);

  return {
    stop,
    async goesOn(when, deadlineMs) {
      const known = new Set((await journal(hub)).map(({ id }) => id));
      const more = async () => (await journal(hub)).filter(({ id, kind }) => !known.has(id) && kind !== 'alarm.closed').length >= CHANGES;
      if (!(await comesTrue(more, deadlineMs, 200))) findings.add(`alarms do not go on ${when}`);
    },
    async isReadable(when) {
      for (const path of [
        '/alarms?closed=any',
        '/alarms/count',
        '/alarms/stats',
        '/events',
        '/rules',
        '/rules/beyond',
        '/channels',
        '/deliveries',
        '/maintenances',
      ]) {
        const { status, body } = await hub.api('GET', path);
        if (status !== 200) findings.add(`alarms cannot be read ${when}`, `${path}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
      }
      const writes: readonly (readonly [string, object])[] = [
        ['/alarms/actions', { subject: { rule: RULE.id, device: DEVICE, point: 'level' }, action: { kind: 'comment', comment: when } }],
        ['/rules', { ...RULE, id: `other-${Date.now()}`, enabled: false, description: 'x'.repeat(500) }],
        ['/maintenances', { scope: { device: DEVICE }, from: Date.now() + 1e7, to: Date.now() + 2e7, reason: 'x'.repeat(200) }],
      ];
      for (const [path, body] of writes) {
        const answer = await hub.api('POST', path, body).catch((error: unknown) => ({ status: 0, body: String(error) }));
        const isTaken = answer.status === 200 || answer.status === 201;
        // 404, 409: there is no alarm at the moment.
        const isKnown = isTaken || answer.status === 404 || answer.status === 409 || ['disk_full', 'storage_failed', 'overloaded'].includes(answer.body?.code);
        if (!isKnown)
          findings.add(`a change of alarms is not refused in words ${when}`, `${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
      }
    },
    async compare() {
      const events = (await journal(hub)).filter(({ kind }) => kind === 'alarm.raised' || kind === 'alarm.cleared');
      for (const [index, { kind, time }] of events.entries())
        if (kind !== (index % 2 === 0 ? 'alarm.raised' : 'alarm.cleared'))
          findings.add('the journal of an alarm has a gap', `${kind} at ${time}, number ${index}`);
      const { body } = await hub.api('GET', '/alarms?limit=1000');
      if (body.items.length > 1) findings.add('an alarm is there twice', JSON.stringify(body.items).slice(0, 300));
      const active = body.items[0]?.active === true;
      if (active !== (events.length % 2 === 1))
        findings.add('an alarm is not what its journal says', `${events.length} changes, ${active ? 'active' : 'not active'}`);
    },
  };
}

async function journal(hub: HubProcess): Promise<HubEvent[]> {
  const events: HubEvent[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await hub.api('GET', `/events?order=asc&limit=10000&device=${DEVICE}${after}`);
    events.push(...body.items);
    cursor = body.cursor;
  } while (cursor !== null);
  return events.filter(({ kind }) => kind.startsWith('alarm.'));
}
