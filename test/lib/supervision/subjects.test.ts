import { beforeEach, describe, expect, test } from 'vitest';
import { aWorld, type Engine, type World } from '../../helpers/supervised.ts';

const MINUTE = 60_000;

describe('rules on windows, devices and groups', () => {
  let world: World;
  let engine: Engine;

  beforeEach(async () => {
    world = await aWorld();
    for (const [device, group] of [
      ['b1', 'paris/hall-1'],
      ['b2', 'paris/hall-1'],
      ['b3', 'london'],
    ] as const) {
      world.addDevice(device, { labels: { group } });
      for (const point of ['t', 'p']) world.addPoint(device, point);
    }
    engine = await world.start();
  });

  test('several points of a device are looked at together, also after a restart between them', async () => {
    await engine.rule({ id: 'both', when: { joint: { points: { t: 't', p: 'p' }, level: 'major', if: 't > 80 && p < 2' } } });
    await engine.report('b1', 't', 90);
    await engine.report('b2', 'p', 1);
    engine = await world.start();
    await engine.pass(2_000);
    expect(engine.alarms()).toEqual([]);
    await engine.report('b1', 'p', 1);
    await engine.pass(2_000);
    expect(engine.alarms().map(({ subject }) => subject)).toEqual([{ device: 'b1', point: null, group: null }]);
    await engine.report('b1', 't', 20);
    await engine.pass(2_000);
    expect(engine.alarm('both')).toMatchObject({ active: false });
  });

  test('a group is one subject; a device that leaves it counts no more', async () => {
    await engine.rule({
      id: 'hall',
      when: { joint: { points: { t: 't' }, over: 'group', level: 'major', if: 'size(values.t) > 1 && values.t.all(x, x > 80)' } },
    });
    await engine.report('b1', 't', 90);
    await engine.pass(2_000);
    expect(engine.alarms()).toEqual([]);
    await engine.report('b2', 't', 90);
    await engine.report('b3', 't', 90);
    await engine.pass(2_000);
    expect(engine.alarms().map(({ subject }) => subject)).toEqual([{ device: null, point: null, group: 'paris/hall-1' }]);
    engine = await world.start();
    expect(engine.alarm('hall')).toMatchObject({ active: true });
    world.addDevice('b2', { labels: { group: 'london' } });
    const moved = world.directory.device('b2')?.device.id;
    if (moved === undefined) throw new Error('no device');
    engine.supervision.deviceChanged(moved);
    await engine.pass(2_000);
    await engine.report('b1', 't', 91);
    await engine.pass(2_000);
    expect(engine.alarm('hall')).toMatchObject({ active: false });
  });

  test('a rate over ten minutes goes on over a restart', async () => {
    await engine.rule({ id: 'steep', scope: { points: ['t'] }, when: { rate: { over: '10m', per: '1m', levels: [{ level: 'major', high: 5 }] } } });
    for (let minute = 0; minute < 9; minute += 1) {
      await engine.report('b1', 't', 20 + minute);
      await engine.pass(MINUTE);
    }
    engine = await world.start();
    expect(engine.alarms()).toEqual([]);
    for (let minute = 0; minute < 9; minute += 1) {
      await engine.report('b1', 't', 30 + minute * 8);
      await engine.pass(MINUTE);
    }
    expect(engine.alarm('steep')).toMatchObject({ active: true });
  });
});
