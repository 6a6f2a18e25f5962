import { beforeEach, describe, expect, test } from 'vitest';
import { aWorld, type Engine, type World } from '../../helpers/supervised.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HOT = { id: 'hot', scope: { points: ['t'] }, when: { bands: [{ level: 'major', high: 80 }] }, requiresAck: false };
const SILENT = { id: 'silent', scope: { points: ['t'] }, when: { noData: { after: '5m', level: 'minor' } }, requiresAck: false };

describe('clocks that are wrong', () => {
  let world: World;
  let engine: Engine;

  beforeEach(async () => {
    world = await aWorld();
    world.addDevice('b1');
    world.addPoint('b1', 't');
    engine = await world.start();
  });

  test('one sample of tomorrow hides nothing that comes after it', async () => {
    await engine.rule(HOT);
    await engine.report('b1', 't', 20);
    await engine.report('b1', 't', 20, world.clock() + 20 * HOUR);
    await engine.pass(2 * MINUTE);
    await engine.report('b1', 't', 90);
    expect(engine.alarm('hot')).toMatchObject({ active: true, historical: false });
    await engine.pass(1_000);
    await engine.report('b1', 't', 20);
    expect(engine.alarms()).toEqual([]);
  });

  test('one sample of tomorrow is not hidden from a restart either', async () => {
    await engine.rule(SILENT);
    await engine.rule(HOT);
    await engine.report('b1', 't', 20, world.clock() + 20 * HOUR);
    engine = await world.start();
    await engine.pass(2 * MINUTE);
    await engine.report('b1', 't', 90);
    expect(engine.alarm('hot')).toMatchObject({ active: true, historical: false });
    await engine.pass(7 * MINUTE);
    expect(engine.alarm('silent')).toMatchObject({ active: true });
  });

  test('a device whose clock is ahead is found silent a minute late at most', async () => {
    await engine.rule(SILENT);
    await engine.report('b1', 't', 20, world.clock() + 3 * HOUR);
    await engine.pass(4 * MINUTE);
    expect(engine.alarms()).toEqual([]);
    await engine.pass(2 * MINUTE + 100);
    expect(engine.alarm('silent')).toMatchObject({ active: true });
  });

  test('delays of a device whose clock is ahead run by the clock of the hub', async () => {
    await engine.rule({ ...HOT, onDelay: '30s' });
    for (let second = 0; second < 30; second += 10) {
      await engine.report('b1', 't', 90, world.clock() + 3 * HOUR);
      await engine.pass(10_000);
    }
    expect(engine.alarms()).toEqual([]);
    await engine.report('b1', 't', 90, world.clock() + 3 * HOUR);
    expect(engine.alarm('hot')).toMatchObject({ active: true });
  });

  test('a clock of the hub that is set back by an hour leaves samples live', async () => {
    await engine.rule(HOT);
    await engine.report('b1', 't', 20);
    const time = world.clock();
    world.clock.advance(-HOUR);
    await engine.report('b1', 't', 90, time + 1_000);
    expect(engine.alarm('hot')).toMatchObject({ active: true, historical: false });
    await engine.report('b1', 't', 20, time + 2_000);
    expect(engine.alarms()).toEqual([]);
  });
});
