import { beforeEach, describe, expect, test } from 'vitest';
import { aWorld, type Engine, PROJECT, type World } from '../../helpers/supervised.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const MINUTE = 60_000;
const HOT = { id: 'hot', scope: { points: ['t'] }, when: { bands: [{ level: 'major', high: 80 }] }, requiresAck: false };

describe('a hub whose newest values take long to read', () => {
  let world: World;
  let engine: Engine;
  let known: () => void;

  beforeEach(async () => {
    world = await aWorld();
    for (const device of ['b1', 'b2', 'b3']) {
      world.addDevice(device);
      world.addPoint(device, 't');
    }
    engine = await world.start();
    await engine.rule(HOT);
    await engine.report('b2', 't', 90);
    world.latestKnown = () =>
      new Promise((resolve) => {
        known = resolve;
      });
    // Devices are let in although nothing is known yet.
    engine = await world.start();
  });

  const raised = async (): Promise<string[]> =>
    (await world.events())
      .filter(({ kind }) => kind === 'alarm.raised' || kind === 'alarm.cleared')
      .map(({ kind, device, time }) => `${kind} ${device} ${time}`);

  test('evaluates what came meanwhile once it is where it was, in its order, each change once', async () => {
    const start = world.clock();
    for (const [at, value] of [90, 20, 90].entries()) await engine.report('b1', 't', value, start + 1 + at);
    await engine.report('b2', 't', 20, start + 5);
    expect(engine.supervision.counts()).toMatchObject({ samplesWaiting: 4, alarmsLive: 1 });
    known();
    await waitUntil(() => engine.supervision.counts().samplesWaiting === 0, 'it has caught up');
    // What waited is written by itself, after it was evaluated.
    await waitUntil(async () => (await raised()).length >= 5, 'it is on disk');
    expect(engine.alarms().map(({ subject }) => subject.device)).toEqual(['b1']);
    expect((await raised()).sort()).toEqual([
      `alarm.cleared b1 ${start + 2}`,
      `alarm.cleared b2 ${start + 5}`,
      `alarm.raised b1 ${start + 1}`,
      `alarm.raised b1 ${start + 3}`,
      `alarm.raised b2 ${start}`,
    ]);
    await engine.report('b3', 't', 90);
    expect(engine.alarms()).toHaveLength(2);
  });

  test('shows its alarms, and takes what operators, rules and the fleet do', async () => {
    const [alarm] = engine.alarms();
    if (alarm === undefined) throw new Error('no alarm');
    const acked = await engine.supervision.alarms.act(PROJECT, [alarm.id], { kind: 'comment', comment: 'on my way' }, 'user:test', false);
    expect(acked).toHaveLength(1);
    await engine.report('b3', 't', 90);
    world.directory.removeDevice(alarm.subject.device ?? ('' as never));
    engine.supervision.deviceChanged(alarm.subject.device ?? ('' as never));
    const changed = engine.rule({ ...HOT, id: 'hotter' });
    known();
    await changed;
    await waitUntil(() => engine.supervision.counts().samplesWaiting === 0, 'it has caught up');
    await engine.supervision.settled();
    expect(
      engine
        .alarms()
        .map(({ rule, subject }) => `${rule} ${subject.device}`)
        .sort(),
    ).toEqual(['hot b3', 'hotter b3']);
    await engine.pass(MINUTE);
  });

  test('that is stopped before it is where it was stops, and starts again as if nothing had been', async () => {
    await engine.report('b1', 't', 90);
    await engine.supervision.stop();
    known();
    world.latestKnown = () => Promise.resolve();
    engine = await world.start();
    expect(engine.alarm('hot')).toMatchObject({ active: true });
    await engine.report('b1', 't', 91);
    expect(engine.alarms()).toHaveLength(2);
  });
});
