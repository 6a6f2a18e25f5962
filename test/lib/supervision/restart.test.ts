import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { aWorld, type Engine, PROJECT, type World } from '../../helpers/supervised.ts';

const RULES: readonly JsonValue[] = [
  {
    id: 'hot',
    scope: { points: ['t', 'p'] },
    when: {
      bands: [
        { level: 'minor', high: 60, deadband: 3 },
        { level: 'major', high: 80, deadband: 3 },
      ],
    },
  },
  { id: 'delayed', scope: { points: ['t'] }, when: { bands: [{ level: 'warning', low: 20, deadband: 2 }] }, onDelay: '30s', offDelay: '45s', latch: true },
  { id: 'often', scope: { points: ['p'] }, when: { bands: [{ level: 'major', high: 50 }] }, repeat: { times: 3, within: '5m' }, reAlarm: '7m' },
  {
    id: 'silent',
    scope: { points: ['t'] },
    when: { noData: { after: '2m', level: 'minor' } },
    requiresAck: false,
    suppressedBy: [{ rule: 'gone', of: 'device' }],
  },
  { id: 'gone', when: { noData: { after: '3m', level: 'major', of: 'device' } }, requiresAck: false },
];

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('sample' as const),
      device: fc.constantFrom('b1', 'b2'),
      point: fc.constantFrom('t', 'p'),
      value: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.integer({ min: 20, max: 40_000 }), fc.integer({ min: 20, max: 200_000 })) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ack' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const), value: fc.integer({ min: 0, max: 100 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Everything that can be seen, without ids. */
async function run(steps: readonly Step[], restartsAfter: ReadonlySet<number>) {
  const world = await aWorld();
  for (const device of ['b1', 'b2']) {
    world.addDevice(device);
    for (const point of ['t', 'p']) world.addPoint(device, point);
  }
  let engine = await world.start();
  for (const rule of RULES) await engine.rule(rule);
  for (const [index, one] of steps.entries()) {
    await take(world, engine, one);
    if (!restartsAfter.has(index)) continue;
    // What was found and not committed is gone with the process, as it would be; here all is.
    await engine.supervision.settled();
    await world.system.log.commit({ statements: [world.system.alarming.awake(world.clock())] });
    engine = await world.start();
  }
  const live = engine.alarms();
  const stored = await world.system.alarming.alarms.live();
  const without = ({ id: _, ...record }: (typeof live)[number]) =>
    JSON.stringify({ ...record, suppressedBy: record.suppressedBy.map((by) => by.replace(/:.*/, '')) });
  const events = (await world.events()).filter(({ kind }) => kind.startsWith('alarm.'));
  return {
    live: live.map(without).sort(),
    stored: stored
      .filter(({ historical }) => !historical)
      .map(without)
      .sort(),
    events: events
      .filter(({ details }) => details.historical !== true)
      .map(({ kind, time, device, point, rule, text }) => `${time} ${rule} ${device}/${point} ${kind} ${text.replaceAll(/alarm:\S+/g, 'alarm')}`),
    told: world.told.map(({ cause, content }) => `${cause} ${JSON.stringify(content)}`),
  };
}

async function take(world: World, engine: Engine, one: Step): Promise<void> {
  if (one.kind === 'sample') await engine.report(one.device, one.point, one.value);
  else if (one.kind === 'late') await engine.report('b1', 't', one.value, world.clock() - 3_600_000, true);
  else if (one.kind === 'pass') await engine.pass(one.ms);
  else {
    const ids = engine.alarms().map(({ id }) => id);
    await engine.supervision.alarms.act(PROJECT, ids, { kind: 'ack', comment: null }, 'user:anna', false);
  }
}

describe('a restart', () => {
  test('at any point is as none: the same alarms, the same journal, nobody told twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(fc.nat(39), { maxLength: 6 }), async (steps, restarts) => {
        const plain = await run(steps, new Set());
        const restarted = await run(steps, new Set(restarts));
        expect(restarted).toEqual(plain);
        expect(plain.live).toEqual(plain.stored);
      }),
      { numRuns: 8 },
    );
  }, 120_000);
});
