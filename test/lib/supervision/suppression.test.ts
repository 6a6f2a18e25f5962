import { beforeEach, describe, expect, test } from 'vitest';
import type { DeviceId } from '../../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { testCarrier } from '../../helpers/controlled.ts';
import { aWorld, type Engine, PROJECT, type World } from '../../helpers/supervised.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GATEWAY_SILENT = {
  id: 'gateway-silent',
  scope: { device: ['g*'] },
  when: { noData: { after: '5m', level: 'critical', of: 'device' } },
  requiresAck: false,
};
const SILENT = {
  id: 'silent',
  scope: { device: ['b*'], points: ['t'] },
  when: { noData: { after: '5m', level: 'minor' } },
  requiresAck: false,
  suppressedBy: [{ rule: 'gateway-silent', of: 'parent' }],
};

describe('suppression', () => {
  let world: World;
  let engine: Engine;

  beforeEach(async () => {
    world = await aWorld();
    world.addDevice('g1', { kind: 'gateway' });
    world.addPoint('g1', 'up');
    for (const device of ['b1', 'b2']) {
      world.addDevice(device, { parent: 'g1' });
      world.addPoint(device, 't');
    }
    engine = await world.start();
  });

  const told = () => world.told.map(({ cause, content: { rule } }) => `${cause} ${rule}`);

  test('a gateway that goes down hides the silence of what is behind it, though that falls silent first', async () => {
    await engine.rule(GATEWAY_SILENT);
    await engine.rule(SILENT);
    await engine.report('b1', 't', 20);
    await engine.pass(20_000);
    await engine.report('b2', 't', 20);
    await engine.pass(30_000);
    await engine.report('g1', 'up', 1);
    await engine.pass(4 * MINUTE + 10_500);
    expect(engine.alarms().map(({ rule, suppressedBy }) => [rule, suppressedBy])).toEqual([['silent', ['awaiting:gateway-silent']]]);
    expect(told()).toEqual([]);
    await engine.pass(50_000);
    const gateway = engine.alarm('gateway-silent');
    expect(gateway).toMatchObject({ active: true, suppressedBy: [] });
    expect(
      engine
        .alarms()
        .filter(({ rule }) => rule === 'silent')
        .map(({ suppressedBy }) => suppressedBy),
    ).toEqual([[`alarm:${gateway?.id}`], [`alarm:${gateway?.id}`]]);
    expect(told()).toEqual(['raised gateway-silent']);
    await engine.report('g1', 'up', 1);
    await engine.report('b1', 't', 20);
    await engine.pass(100);
    expect(engine.alarms().map(({ subject, suppressedBy }) => [subject.device, suppressedBy])).toEqual([['b2', ['recovering:gateway-silent']]]);
    engine = await world.start();
    expect(told()).toEqual(['raised gateway-silent', 'cleared gateway-silent']);
    await engine.pass(2 * MINUTE);
    expect(engine.alarms().map(({ subject, suppressedBy }) => [subject.device, suppressedBy])).toEqual([['b2', []]]);
    expect(told()).toEqual(['raised gateway-silent', 'cleared gateway-silent', 'raised silent']);
  });

  test('a point that is silent behind a gateway that is well is told of at once', async () => {
    await engine.rule(GATEWAY_SILENT);
    await engine.rule(SILENT);
    await engine.report('b1', 't', 20);
    for (let minute = 0; minute < 6; minute += 1) {
      await engine.report('g1', 'up', 1);
      await engine.pass(MINUTE);
    }
    expect(told()).toEqual(['raised silent']);
    expect(engine.alarm('silent')).toMatchObject({ suppressedBy: [] });
  });

  test('a gateway that is awaited and comes back leaves its silent points to be told of', async () => {
    await engine.rule(GATEWAY_SILENT);
    await engine.rule(SILENT);
    await engine.report('b1', 't', 20);
    await engine.pass(40_000);
    await engine.report('g1', 'up', 1);
    await engine.pass(4 * MINUTE + 20_500);
    expect(engine.alarm('silent')).toMatchObject({ suppressedBy: ['awaiting:gateway-silent'] });
    await engine.report('g1', 'up', 1);
    engine = await world.start();
    await engine.pass(MINUTE);
    expect(engine.alarm('silent')).toMatchObject({ suppressedBy: [], active: true });
    expect(told()).toEqual(['raised silent']);
  });

  test('outside of its calendar a rule is suppressed, and tells when its time begins', async () => {
    // The clock of these tests begins on Thursday, 1 January 2026, 00:00 UTC.
    await engine.rule({ ...hot(), calendar: { timezone: 'UTC', active: ['mon-fri 08:00-18:00'] } });
    await engine.report('b1', 't', 95);
    expect(engine.alarm('hot')).toMatchObject({ active: true, suppressedBy: ['calendar'] });
    await engine.pass(8 * 60 * MINUTE + 50);
    expect(engine.alarm('hot')).toMatchObject({ suppressedBy: [] });
    expect(told()).toEqual(['raised hot']);
    await engine.pass(10 * 60 * MINUTE);
    expect(engine.alarm('hot')).toMatchObject({ suppressedBy: ['calendar'] });
    engine = await world.start();
    await engine.pass(14 * 60 * MINUTE);
    expect(engine.alarm('hot')).toMatchObject({ suppressedBy: [] });
  });

  test('what a gateway raises is suppressed as what the hub raises: by maintenance, by the calendar, by an alarm of its parent', async () => {
    const gatewayHot = { id: 'gateway-hot', scope: { device: ['g1'], points: ['up'] }, when: { bands: [{ level: 'major', high: 80 }] }, requiresAck: false };
    await engine.rule(gatewayHot);
    await engine.rule({ ...hot(), id: 'at-edge', runsAt: 'edge', requiresAck: false, suppressedBy: [{ rule: 'gateway-hot', of: 'parent' }] });
    const noon = { timezone: 'UTC', active: ['mon-sun 12:00-13:00'] };
    await engine.rule({ ...hot(), id: 'at-noon', runsAt: 'edge', requiresAck: false, calendar: noon });
    const report = (rule: string, level: string | null) => {
      world.clock.advance(1);
      return engine.supervision.alarms.reported('b1' as DeviceId, { rule, point: 't', level, value: 95 }, world.clock());
    };
    const edge = (rule: string) => engine.alarm(rule)?.suppressedBy.map((by) => by.split(':')[0]);
    await report('at-noon', 'major');
    expect(edge('at-noon')).toEqual(['calendar']);
    expect(told()).toEqual([]);
    await engine.pass(12 * HOUR + 1_000);
    expect(edge('at-noon')).toEqual([]);
    expect(told()).toEqual(['raised at-noon']);
    await report('at-noon', null);

    await engine.report('g1', 'up', 95);
    await report('at-edge', 'major');
    expect(edge('at-edge')).toEqual(['alarm']);
    const window = { scope: { device: ['b1'] }, from: world.clock(), to: world.clock() + 20 * MINUTE, reason: 'filters' };
    await engine.supervision.maintenances.create(PROJECT, window, 'user:anna');
    expect(edge('at-edge')?.sort()).toEqual(['alarm', 'maintenance']);
    world.clock.advance(1_000);
    await engine.report('g1', 'up', 20);
    await engine.pass(5 * MINUTE);
    expect(edge('at-edge')).toEqual(['maintenance']);
    engine = await world.start();
    expect(edge('at-edge')).toEqual(['maintenance']);
    expect(told()).not.toContain('raised at-edge');
    await engine.pass(16 * MINUTE);
    expect(edge('at-edge')).toEqual([]);
    expect(told()).toContain('raised at-edge');
  });

  test('maintenance suppresses from its beginning to its end, over a restart, and when it is called off', async () => {
    await engine.rule(hot());
    const now = world.clock();
    const { maintenances } = engine.supervision;
    await maintenances.create(PROJECT, { scope: { device: ['b1'] }, from: now + MINUTE, to: now + 10 * MINUTE, reason: 'filters' }, 'user:anna');
    await engine.report('b1', 't', 95);
    await engine.report('b2', 't', 95);
    await engine.pass(MINUTE + 50);
    const of = (device: string) => engine.alarms().find(({ subject }) => subject.device === device)?.suppressedBy.length;
    expect([of('b1'), of('b2')]).toEqual([1, 0]);
    engine = await world.start();
    expect([of('b1'), of('b2')]).toEqual([1, 0]);
    await engine.pass(9 * MINUTE);
    expect([of('b1'), of('b2')]).toEqual([0, 0]);
    expect(told()).toEqual(['raised hot', 'raised hot']);
    const other = await engine.supervision.maintenances.create(
      PROJECT,
      { scope: {}, from: world.clock() - 1, to: world.clock() + MINUTE, reason: 'all' },
      'user:anna',
    );
    expect([of('b1'), of('b2')]).toEqual([1, 1]);
    await engine.supervision.maintenances.delete(PROJECT, other.id, 'user:anna');
    expect([of('b1'), of('b2')]).toEqual([0, 0]);
  });

  test('ten thousand devices that fall silent together take few transactions', async () => {
    for (let index = 0; index < 10_000; index += 1) {
      world.addDevice(`b${index + 10}`);
      world.addPoint(`b${index + 10}`, 't');
    }
    await engine.rule({ ...SILENT, suppressedBy: [] });
    for (let index = 0; index < 10_000; index += 1) await engine.report(`b${index + 10}`, 't', 20);
    const committed: number[] = [];
    world.onCommit = (statements) => committed.push(statements);
    await engine.pass(5 * MINUTE + 50);
    expect(engine.supervision.counts()).toMatchObject({ alarmsActive: 10_000, uncommitted: 0 });
    expect(committed.length).toBeLessThanOrEqual(20);
    expect(world.told).toHaveLength(10_000);
    expect(await world.system.alarming.alarms.live()).toHaveLength(10_000);
  });

  test('what a rule sets goes out once it is on disk, again after a crash, with the same id, and not without end', async () => {
    const carrier = testCarrier();
    world.carrier = carrier;
    world.addPoint('b1', 'enabled', { kind: 'setpoint', valueType: 'boolean' });
    engine = await world.start();
    await engine.rule({
      ...hot(),
      requiresAck: false,
      actions: [
        { on: 'raised', set: { point: 'enabled', value: false } },
        { on: 'cleared', call: { name: 'beep' } },
      ],
    });
    await engine.report('b1', 't', 95);
    carrier.connect('b1');
    await expect.poll(() => carrier.sent.length).toBe(1);
    expect(carrier.sent[0]).toMatchObject({ device: 'b1', kind: 'set', message: { values: { enabled: false }, rule: 'hot' } });
    // The hub ends before the device has it.
    engine = await world.start();
    await expect.poll(() => carrier.sent.length).toBe(2);
    carrier.sent[1]?.delivered();
    const [first, again] = carrier.sent.map(({ message }) => message.id);
    expect(again).toBe(first);
    world.clock.advance(1000);
    for (let round = 0; round < 100; round += 1) {
      world.clock.advance(1);
      await engine.report('b1', 't', round % 2 === 0 ? 20 : 95);
    }
    await engine.supervision.settled();
    expect(engine.supervision.counts().dropped.commands).toBeGreaterThan(30);
    expect(engine.supervision.counts().commandsAsked).toBeLessThanOrEqual(61);
  });

  test('an action that may not be asked of its device is told, and the alarm and the other actions go on', async () => {
    const carrier = testCarrier();
    world.carrier = carrier;
    engine = await world.start();
    await engine.rule({
      ...hot(),
      actions: [
        { on: 'raised', set: { point: 't', value: 1 } },
        { on: 'raised', call: { name: 'beep' } },
      ],
    });
    carrier.connect('b1');
    await engine.report('b1', 't', 95);
    await expect.poll(() => carrier.sent.map(({ kind, message }) => [kind, message.name])).toEqual([['call', 'beep']]);
    expect(engine.published.find(({ kind }) => kind === 'rule.failed')?.text).toMatch(/t of b1 is of kind measure: parameters and set points alone are set/);
    expect(engine.supervision.counts()).toMatchObject({ alarmsActive: 1, commandsAsked: 1, dropped: { commands: 1 } });
  });
});

function hot() {
  return { id: 'hot', scope: { device: ['b*'], points: ['t'] }, when: { bands: [{ level: 'major', high: 80 }] } };
}

test.each([
  ['before', ['below', 'hot']],
  ['behind', ['hot', 'below']],
])('of one sample that raises both, the one that hides the other comes first, made %s it', async (_when, ids) => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const engine = await world.start();
  const documents: Record<string, JsonValue> = {
    hot: { id: 'hot', scope: { points: 't' }, when: { bands: [{ level: 'major', high: 80 }] } },
    below: { id: 'below', scope: { points: 't' }, when: { bands: [{ level: 'minor', high: 60 }] }, suppressedBy: [{ rule: 'hot', of: 'device' }] },
  };
  for (const id of ids) await engine.rule(documents[id] ?? null);
  await engine.report('b1', 't', 90);
  await engine.supervision.settled();
  expect(world.told.map(({ content }) => content.rule)).toEqual(['hot']);
});
