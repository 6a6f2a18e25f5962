import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { startHub } from '../helpers/hub.ts';

const SAMPLES = 240;
const KILLS = 5;

/** What bands `major >= 60, leaves below 55; critical >= 80` must find, calculated on its own. */
function expectedChanges(values: readonly number[], base: number): string[] {
  const changes: string[] = [];
  let level = 0;
  for (const [index, value] of values.entries()) {
    const time = base + index * 1000;
    const next = value >= 80 ? 2 : level === 2 && value >= 80 ? 2 : value >= 60 || (level >= 1 && value >= 55) ? 1 : 0;
    if (next === level) continue;
    changes.push(`${time} ${level === 0 ? 'alarm.raised' : next === 0 ? 'alarm.cleared' : 'alarm.changed'}`);
    level = next;
  }
  return changes;
}

test('kill -9 in the midst of a stream of samples loses no alarm change, and makes none twice', { timeout: 120_000 }, async () => {
  const [values = []] = fc.sample(fc.array(fc.integer({ min: 40, max: 95 }), { minLength: SAMPLES, maxLength: SAMPLES }), { numRuns: 1, seed: 4 });
  let hub = await startHub();
  let client = createHubClient({ url: hub.url, token: hub.token });
  await client.devices.create({ id: 'crash' });
  const bands = [
    { level: 'major', high: 60, deadband: 5 },
    { level: 'critical', high: 80 },
  ];
  await client.rules.create({ id: 'hot', scope: { device: 'crash', points: 't' }, when: { bands }, requiresAck: false });
  const base = Date.now() - 300_000;
  let kills = 0;
  let killer: Promise<unknown> | null = null;
  for (let index = 0; index < values.length; index += 1) {
    // Some time within the way of one of the next messages.
    if (index > 0 && index % Math.floor(SAMPLES / (KILLS + 1)) === 0 && kills < KILLS) {
      kills += 1;
      const doomed = hub;
      killer = pause((index * 7) % 40).then(() => doomed.stop('SIGKILL'));
    }
    try {
      await client.report('crash', { ts: base + index * 1000, values: { t: values[index] ?? 0 } });
    } catch {
      await killer;
      await client.close();
      hub = await hub.restart();
      client = createHubClient({ url: hub.url, token: hub.token });
      // Nobody said that it was stored: it is sent again.
      index -= 1;
    }
  }
  expect(kills).toBe(KILLS);
  const found: string[] = [];
  for await (const event of client.pages<{ kind: string; time: number }>('/events', { rule: 'hot', kind: 'alarm.*' })) {
    if (['alarm.raised', 'alarm.changed', 'alarm.cleared'].includes(event.kind)) found.unshift(`${event.time} ${event.kind}`);
  }
  expect(found).toEqual(expectedChanges(values, base));
  expect(found.length).toBeGreaterThan(50);
  await client.close();
});
