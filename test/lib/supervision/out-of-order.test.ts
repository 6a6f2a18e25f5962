import { expect, test } from 'vitest';
import type { DeviceId, PointPath } from '../../../src/lib/domain/ids.ts';
import { aWorld } from '../../helpers/supervised.ts';

const RULE = { id: 'hot', scope: { points: 't' }, when: { bands: [{ level: 'major', high: 80 }] }, late: 'ignore' };

test('the first sample after a restart that is older than what is stored raises nothing', async () => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const before = await world.start();
  await before.rule(RULE);
  await before.report('b1', 't', 20);
  await before.supervision.settled();
  const after = await world.start();
  await after.report('b1', 't', 95, world.clock() - 5_000);
  expect(after.alarms()).toEqual([]);
  await after.report('b1', 't', 95, world.clock() + 1);
  expect(after.alarms()).toHaveLength(1);
});

test('the first sample after a rule was made is not live when it is older than what is stored', async () => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const engine = await world.start();
  await engine.report('b1', 't', 20);
  await engine.rule(RULE);
  await engine.report('b1', 't', 95, world.clock() - 5_000);
  expect(engine.alarms()).toEqual([]);
});

test('a window is filled up to the newest sample, however long the hub was down', async () => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const before = await world.start();
  await before.rule({ id: 'steep', scope: { points: 't' }, when: { rate: { over: '10s', per: '1s', levels: [{ level: 'major', high: 5 }] } } });
  const from = world.clock();
  await before.report('b1', 't', 10, from);
  await before.report('b1', 't', 11, from + 5_000);
  await before.supervision.settled();
  world.clock.advance(90_000);
  const after = await world.start();
  // It was sent before the hub went down, and comes now.
  await after.report('b1', 't', 90, from + 10_000);
  expect(after.alarm('steep')).toMatchObject({ active: true, value: 90 });
});

test('what may have come before a crash is not taken for late data when it is sent again', async () => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const before = await world.start();
  await before.rule({ ...RULE, late: 'historical' });
  const from = world.clock();
  await before.report('b1', 't', 95, from);
  await before.report('b1', 't', 20, from + 10);
  await before.supervision.settled();
  const after = await world.start();
  const entry = world.directory.device('b1' as DeviceId);
  const point = entry?.points.get('t' as PointPath);
  if (entry === undefined || point === undefined) throw new Error('there is no such point');
  const again = [{ entry: point, time: from, value: 95, quality: 'good', late: false }] as const;
  expect(after.supervision.evaluator.evaluate(entry, again, world.clock(), true)).toBeNull();
  expect(after.supervision.counts().lateEvaluations).toBe(0);
  after.supervision.evaluator.evaluate(entry, again, world.clock(), false);
  expect(after.supervision.counts().lateEvaluations).toBe(1);
});
