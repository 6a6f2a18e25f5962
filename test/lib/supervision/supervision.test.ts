import { beforeEach, describe, expect, test } from 'vitest';
import { aWorld, type Engine, PROJECT, type World } from '../../helpers/supervised.ts';

const MINUTE = 60_000;
const HOT = { id: 'hot', scope: { points: ['t'] }, when: { bands: [{ level: 'major', high: 80, deadband: 2 }] } };
const SILENT = { id: 'silent', scope: { points: ['t'] }, when: { noData: { after: '5m', level: 'minor' } } };

describe('the alarm engine', () => {
  let world: World;
  let engine: Engine;

  beforeEach(async () => {
    world = await aWorld();
    world.addDevice('b1');
    world.addPoint('b1', 't');
    engine = await world.start();
  });

  const kinds = async (): Promise<string[]> => (await world.events()).map(({ kind }) => kind).filter((kind) => kind.startsWith('alarm.'));

  test('a band raises, gets worse and clears, each change on disk with its event and told', async () => {
    await engine.rule({
      ...HOT,
      when: {
        bands: [
          { level: 'minor', high: 80 },
          { level: 'critical', high: 90 },
        ],
      },
      requiresAck: false,
    });
    for (const value of [20, 85, 86, 95, 20, 21]) {
      world.clock.advance(1000);
      await engine.report('b1', 't', value);
    }
    expect(await kinds()).toEqual(['alarm.raised', 'alarm.changed', 'alarm.cleared', 'alarm.closed']);
    expect(world.told.map(({ cause }) => cause)).toEqual(['raised', 'worse', 'cleared']);
    expect(engine.alarms()).toEqual([]);
    expect((await world.system.alarming.alarms.list({ project: PROJECT }, { limit: 10 })).items).toMatchObject([
      { rule: 'hot', level: 'critical', active: false },
    ]);
    expect(engine.supervision.counts()).toMatchObject({ evaluations: 0, timers: 0, uncommitted: 0, pointsWatched: 1 });
  });

  test('an on-delay runs on the clock, and survives a restart in its midst', async () => {
    await engine.rule({ ...HOT, onDelay: '30s' });
    await engine.report('b1', 't', 85);
    await engine.pass(10_000);
    expect(engine.alarms()).toEqual([]);
    engine = await world.start();
    await engine.pass(19_000);
    expect(engine.alarms()).toEqual([]);
    await engine.pass(1_100);
    expect(engine.alarm('hot')).toMatchObject({ active: true, level: 'major' });
  });

  test('a silent point raises by the clock, and its next sample clears it', async () => {
    await engine.rule({ ...SILENT, requiresAck: false });
    await engine.pass(10 * MINUTE);
    expect(engine.alarms()).toEqual([]);
    await engine.report('b1', 't', 20);
    for (let minute = 0; minute < 8; minute += 1) {
      await engine.pass(MINUTE);
      await engine.report('b1', 't', 20);
    }
    expect(engine.alarms()).toEqual([]);
    await engine.pass(5 * MINUTE - 100);
    expect(engine.alarms()).toEqual([]);
    await engine.pass(200);
    expect(engine.alarm('silent')).toMatchObject({ active: true });
    await engine.report('b1', 't', 20);
    expect(engine.alarms()).toEqual([]);
    await engine.pass(5 * MINUTE + 100);
    expect(engine.alarm('silent')).toMatchObject({ active: true });
  });

  test('the downtime of the hub is nobody’s silence', async () => {
    await engine.rule(SILENT);
    await engine.report('b1', 't', 20);
    await engine.pass(2 * MINUTE);
    await engine.supervision.stop();
    world.clock.advance(60 * MINUTE);
    engine = await world.start();
    await engine.pass(2 * MINUTE);
    expect(engine.alarms()).toEqual([]);
    await engine.pass(MINUTE + 100);
    expect(engine.alarm('silent')).toMatchObject({ active: true });
  });

  test('a rule that is deleted or disabled withdraws its alarms, one that changes keeps them', async () => {
    await engine.rule(HOT);
    await engine.report('b1', 't', 85);
    const { id } = engine.alarm('hot') ?? {};
    await engine.supervision.rules.update(PROJECT, 'hot', { ...HOT, description: 'another' }, null, 'user:test');
    expect(engine.alarm('hot')).toMatchObject({ id, active: true });
    await engine.supervision.rules.update(PROJECT, 'hot', { ...HOT, when: { bands: [{ level: 'major', high: 90 }] } }, null, 'user:test');
    expect(engine.alarm('hot')).toMatchObject({ id, active: false });
    await engine.supervision.rules.update(PROJECT, 'hot', { ...HOT, when: { bands: [{ level: 'critical', high: 70 }] } }, null, 'user:test');
    expect(engine.alarm('hot')).toMatchObject({ id, active: true, severity: 'critical', value: 85 });
    await engine.supervision.rules.setEnabled(PROJECT, 'hot', false, 'user:test');
    expect(engine.alarms()).toEqual([]);
    await engine.supervision.rules.setEnabled(PROJECT, 'hot', true, 'user:test');
    expect(engine.alarm('hot')).toMatchObject({ active: true });
    await engine.supervision.rules.delete(PROJECT, 'hot', 'user:test');
    expect(engine.alarms()).toEqual([]);
    expect([...world.system.alarming.evaluations.all()]).toEqual([]);
  });

  test('a new rule tells at once what stands', async () => {
    await engine.report('b1', 't', 95);
    await engine.rule(HOT);
    expect(engine.alarm('hot')).toMatchObject({ active: true, value: 95 });
  });

  test('late data raise nothing now, and are kept as history', async () => {
    await engine.rule(HOT);
    const start = world.clock();
    await engine.report('b1', 't', 20);
    for (let minute = 0; minute < 10; minute += 1)
      await engine.report('b1', 't', minute === 5 || minute === 6 ? 85 : 20, start - 60 * MINUTE + minute * MINUTE, true);
    expect(engine.alarms()).toEqual([]);
    expect(world.told).toEqual([]);
    const { items } = await world.system.alarming.alarms.list({ project: PROJECT }, { limit: 10 });
    expect(items).toMatchObject([{ historical: true, raisedAt: start - 55 * MINUTE, clearedAt: start - 53 * MINUTE }]);
    expect(items[0]?.closedAt).not.toBeNull();
  });

  test('what the disk does not take stays in memory and is written when it does', async () => {
    await engine.rule(HOT);
    world.broken = new Error('no room');
    await engine.report('b1', 't', 85);
    expect(engine.alarm('hot')).toMatchObject({ active: true });
    world.clock.advance(1000);
    await engine.report('b1', 't', 20);
    expect(world.told).toEqual([]);
    world.broken = null;
    await engine.supervision.settled();
    expect(await kinds()).toEqual(['alarm.raised', 'alarm.cleared']);
    expect(world.told.map(({ cause }) => cause)).toEqual(['raised', 'cleared']);
    expect(await world.system.alarming.alarms.live()).toMatchObject([{ active: false, acked: false }]);
    expect(engine.supervision.counts().uncommitted).toBe(0);
  });

  test('a shelving ends by the clock, and what still stands is told', async () => {
    await engine.rule(HOT);
    const until = world.clock() + 10 * MINUTE;
    const shelve = { kind: 'shelve', until, once: false, comment: null } as const;
    await engine.supervision.alarms.actOnSubject(PROJECT, 'hot', 'b1', 't', shelve, 'user:anna');
    await engine.report('b1', 't', 85);
    expect(world.told).toEqual([]);
    engine = await world.start();
    await engine.pass(10 * MINUTE + 50);
    expect(world.told.map(({ cause }) => cause)).toEqual(['raised']);
    await expect(
      engine.supervision.alarms.actOnSubject(PROJECT, 'hot', 'b1', 't', { ...shelve, until: until + 999 * 86_400_000 }, 'user:anna'),
    ).rejects.toThrow(/shelved for/);
  });

  test('what nobody acknowledges is told again', async () => {
    await engine.rule({ ...HOT, reAlarm: '1h' });
    await engine.report('b1', 't', 85);
    await engine.pass(60 * MINUTE + 50);
    engine = await world.start();
    await engine.pass(60 * MINUTE + 50);
    expect(world.told.map(({ cause }) => cause)).toEqual(['raised', 'repeated', 'repeated']);
    const alarm = engine.alarm('hot');
    if (alarm === undefined) throw new Error('there is no alarm');
    const outcomes = await engine.supervision.alarms.act(PROJECT, [alarm.id], { kind: 'ack', comment: 'seen' }, 'user:anna', false);
    expect(outcomes).toMatchObject([{ refused: null, alarm: { acked: true, ackedBy: 'user:anna' } }]);
    await engine.pass(180 * MINUTE);
    expect(world.told).toHaveLength(3);
  });

  test('a device that is deleted takes its alarms with it; one that leaves the scope too', async () => {
    world.addDevice('b2', { labels: { site: 'paris' } });
    world.addPoint('b2', 't');
    await engine.rule({ ...HOT, id: 'paris', scope: { labels: ['site=paris'], points: ['t'] } });
    await engine.rule(HOT);
    await engine.report('b2', 't', 95);
    expect(engine.alarms()).toHaveLength(2);
    world.addDevice('b2', { labels: { site: 'london' } });
    const device = world.directory.device('b2')?.device.id;
    if (device === undefined) throw new Error('no device');
    engine.supervision.deviceChanged(device);
    expect(engine.alarms().map(({ rule }) => rule)).toEqual(['hot']);
    world.directory.removeDevice(device);
    engine.supervision.deviceChanged(device);
    expect(engine.alarms()).toEqual([]);
    await engine.supervision.settled();
    expect(engine.supervision.counts()).toMatchObject({ evaluations: 0, timers: 0 });
    expect([...world.system.alarming.evaluations.all()]).toEqual([]);
  });
});
