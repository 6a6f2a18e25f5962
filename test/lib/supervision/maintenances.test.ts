import { expect, test } from 'vitest';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import type { MaintenanceWindow } from '../../../src/lib/domain/rule-record.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { createMaintenances } from '../../../src/lib/supervision/maintenances.ts';
import { completed } from '../../helpers/rules.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';
import { testClock } from '../../helpers/test-clock.ts';

const PROJECT = 'default' as ProjectId;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function open(system: EmbeddedSystemStore, clock = testClock()) {
  const told: [string, boolean][] = [];
  const maintenances = createMaintenances({
    storage: system.alarming,
    log: system.log,
    recorder: { complete: completed },
    stream: { publish: () => {} },
    clock,
    maintenancesPerProjectMax: 2,
    scopeProblems: (scope) => (Object.hasOwn(scope as object, 'colour') ? [{ path: 'colour', message: 'is not known' }] : []),
    onMaintenanceChanged: async ({ id }: MaintenanceWindow, on) => void told.push([id, on]),
  });
  return { maintenances, told, clock };
}

const windowAt = (from: number, to: number) => ({ scope: { device: 'boiler' }, from, to, reason: 'new burner' });

test('a maintenance is announced, told to the engine, journalled, there after a restart, and called off', async () => {
  const system = await startedSystemStore();
  const { maintenances, told, clock } = open(system);
  const made = await maintenances.create(PROJECT, windowAt(clock() + HOUR, clock() + 2 * HOUR), 'user:anna');
  expect(maintenances.list(PROJECT)).toEqual([made]);
  expect(maintenances.list('other' as ProjectId)).toEqual([]);

  const again = open(system, clock);
  await again.maintenances.load();
  expect(again.maintenances.list(PROJECT)).toEqual([made]);
  await expect(again.maintenances.delete('other' as ProjectId, made.id, 'user:eve')).rejects.toMatchObject({ code: 'not_found' });
  await again.maintenances.delete(PROJECT, made.id, 'user:anna');
  expect([...told, ...again.told]).toEqual([
    [made.id, true],
    [made.id, false],
  ]);
  expect(await system.alarming.maintenances.all()).toEqual([]);
  const { items } = await system.alarming.events.list({ project: PROJECT }, { limit: 10 });
  expect(items.map(({ kind, text }) => [kind, text])).toEqual([
    ['maintenance.deleted', 'maintenance of devices whose id is boiler is called off: new burner'],
    ['maintenance.created', 'maintenance of devices whose id is boiler is announced: new burner'],
  ]);
});

test('a maintenance that is over, ends before it begins, has an unknown scope or is one too many is refused', async () => {
  const system = await startedSystemStore();
  const { maintenances, clock } = open(system);
  const now = clock();
  await expect(maintenances.create(PROJECT, windowAt(now - 2 * HOUR, now - HOUR), 'user:anna')).rejects.toMatchObject({ code: 'invalid' });
  await expect(maintenances.create(PROJECT, windowAt(now + 2, now + 1), 'user:anna')).rejects.toMatchObject({ code: 'invalid' });
  await expect(maintenances.create(PROJECT, windowAt(now, now + 400 * DAY), 'user:anna')).rejects.toMatchObject({ code: 'invalid' });
  await expect(maintenances.create(PROJECT, { ...windowAt(now, now + 1), scope: { colour: 'red' } }, 'user:anna')).rejects.toMatchObject({
    ...{ code: 'invalid', details: { problems: [{ path: 'colour', message: 'is not known' }] } },
  });
  await maintenances.create(PROJECT, windowAt(now, now + HOUR), 'user:anna');
  await maintenances.create(PROJECT, windowAt(now, now + HOUR), 'user:anna');
  await expect(maintenances.create(PROJECT, windowAt(now, now + HOUR), 'user:anna')).rejects.toMatchObject({ code: 'limit_reached' });
});

test('a maintenance that ended a month ago is forgotten', async () => {
  const system = await startedSystemStore();
  const { maintenances, clock } = open(system);
  await maintenances.create(PROJECT, windowAt(clock(), clock() + HOUR), 'user:anna');
  clock.advance(29 * DAY);
  await maintenances.forgetEnded();
  expect(maintenances.list(PROJECT)).toHaveLength(1);
  clock.advance(3 * DAY);
  await maintenances.forgetEnded();
  expect(maintenances.list(PROJECT)).toEqual([]);
  expect(await system.alarming.maintenances.all()).toEqual([]);
});
