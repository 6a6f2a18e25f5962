import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { PointPath } from '../../../src/lib/domain/ids.ts';
import { createClockwork } from '../../../src/lib/supervision/clockwork.ts';
import { aWorld, type Engine, PROJECT, type World } from '../../helpers/supervised.ts';
import { testClock } from '../../helpers/test-clock.ts';

const HOT = { id: 'hot', scope: { points: ['t'] }, when: { bands: [{ level: 'major', high: 80 }] }, requiresAck: false };

async function aPlant(devices: number): Promise<{ world: World; engine: Engine }> {
  const world = await aWorld();
  for (let index = 0; index < devices; index += 1) {
    world.addDevice(`d${index}`);
    world.addPoint(`d${index}`, 't');
  }
  return { world, engine: await world.start() };
}

test('half a million timers that are due at once fire in turns', async () => {
  const clock = testClock();
  let fired = 0;
  const order: number[] = [];
  const clockwork = createClockwork({
    clock,
    onTracked: () => undefined,
    onAlarm: () => undefined,
    onTurn: () => undefined,
    onError(error) {
      throw error;
    },
  });
  for (let index = 0; index < 500_000; index += 1) {
    clockwork.schedule(clock() + 1_000, () => {
      fired += 1;
      if (fired % 50_000 === 0) order.push(fired);
    });
  }
  clock.advance(2_000);
  clockwork.advance();
  expect(fired).toBe(500_000);
  expect(order).toEqual(Array.from({ length: 10 }, (_, index) => (index + 1) * 50_000));
  expect(clockwork.timers).toBe(0);
  clockwork.stop();
});

test('what reports while a rule changes keeps its level and its delay', async () => {
  const { world, engine } = await aPlant(3_000);
  const withDelay = (high: number) => ({ ...HOT, onDelay: '1m', offDelay: '1m', when: { bands: [{ level: 'major', high }] } });
  await engine.rule(withDelay(80));
  for (let index = 0; index < 3_000; index += 1) await engine.report(`d${index}`, 't', 90);
  await engine.pass(61_000);
  expect(engine.alarms()).toHaveLength(3_000);
  // The last one is taken over last: it reports before.
  let changed = false;
  const change = engine.supervision.rules.update(PROJECT, 'hot', withDelay(85), null, 'user:test').then(() => {
    changed = true;
  });
  const last = [...world.directory.sortedDevices(PROJECT)].at(-1)?.device.id ?? '';
  while (engine.supervision.rules.get(PROJECT, 'hot').version === 1) await nextTurn();
  world.clock.advance(1_000);
  await engine.report(last, 't', 20);
  expect(changed).toBe(false);
  await change;
  await engine.pass(30_000);
  expect(engine.alarms()).toHaveLength(3_000);
  await engine.pass(31_000);
  expect(engine.alarms()).toHaveLength(2_999);
});

test('a rule that goes while its timers are due raises nothing any more', async () => {
  const { world, engine } = await aPlant(2_000);
  await engine.rule({ ...HOT, onDelay: '1m' });
  for (let index = 0; index < 2_000; index += 1) await engine.report(`d${index}`, 't', 90);
  const gone = engine.supervision.rules.delete(PROJECT, 'hot', 'user:test');
  while (engine.supervision.rules.inForce(PROJECT).length > 0) await nextTurn();
  world.clock.advance(120_000);
  engine.supervision.advance();
  await gone;
  await engine.pass(1_000);
  expect(engine.alarms()).toEqual([]);
  expect(engine.supervision.counts()).toMatchObject({ evaluations: 0, timers: 0, alarmsLive: 0 });
});

test('a rule that changes leaves the disk alone where nothing was on it', async () => {
  const { engine, world } = await aPlant(500);
  await engine.rule({ id: 'silent', scope: { points: ['t'] }, when: { noData: { after: '5m', level: 'minor' } } });
  for (let index = 0; index < 500; index += 1) await engine.report(`d${index}`, 't', 20);
  let statements = 0;
  world.onCommit = (count) => {
    statements += count;
  };
  await engine.supervision.rules.update(
    PROJECT,
    'silent',
    { id: 'silent', scope: { points: ['t'] }, when: { noData: { after: '6m', level: 'minor' } } },
    null,
    'user:test',
  );
  expect(statements).toBe(0);
  expect(engine.supervision.counts()).toMatchObject({ evaluations: 500 });
});

test('a device that goes while a new rule comes into force is not watched', async () => {
  const { engine, world } = await aPlant(3_000);
  for (const { device, points } of world.directory.sortedDevices(PROJECT)) {
    const point = points.get('t' as PointPath);
    if (point !== undefined) point.latest = { time: world.clock(), value: 20, quality: 'good', late: false };
    expect(device.id).toBeDefined();
  }
  const made = engine.rule({ id: 'silent', scope: { points: ['t'] }, when: { noData: { after: '5m', level: 'minor' } } });
  while (engine.supervision.counts().rules === 0) await nextTurn();
  const last = [...world.directory.sortedDevices(PROJECT)].at(-1)?.device.id;
  if (last === undefined) throw new Error('no device');
  world.directory.removeDevice(last);
  engine.supervision.deviceChanged(last);
  await made;
  await engine.pass(6 * 60_000);
  expect(engine.alarms().some(({ subject }) => subject.device === last)).toBe(false);
  expect(engine.alarms()).toHaveLength(2_999);
});
