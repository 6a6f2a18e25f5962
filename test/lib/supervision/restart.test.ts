import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OperatorAction } from '../../../src/lib/alarms/operator-action.ts';
import type { AlarmRecord } from '../../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../../src/lib/domain/event.ts';
import type { DeviceId, PointPath } from '../../../src/lib/domain/ids.ts';
import { subjectKey } from '../../../src/lib/domain/subject-key.ts';
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
  {
    id: 'fast',
    scope: { points: ['t'] },
    when: {
      rate: {
        over: '1m',
        levels: [
          { level: 'minor', high: 60, deadband: 10 },
          { level: 'warning', low: -70 },
        ],
      },
    },
  },
  {
    id: 'mode',
    scope: { points: ['s'] },
    when: {
      state: {
        levels: [
          { level: 'major', in: [7, 8] },
          { level: 'warning', mask: 2 },
        ],
      },
    },
    latch: true,
    requiresAck: false,
  },
  { id: 'turned', scope: { points: ['s'] }, when: { state: { changed: true, for: '40s', level: 'warning' } }, requiresAck: false },
  {
    id: 'pair',
    when: {
      joint: {
        points: { t: 't', p: 'p' },
        last: 4,
        levels: [
          { level: 'major', if: 't > 60 && avg(last.p) < 40' },
          { level: 'critical', if: 't > 95' },
        ],
      },
    },
  },
  { id: 'site', scope: { group: 'north' }, when: { joint: { over: 'group', points: { t: 't' }, every: '0s', level: 'major', if: 'avg(values.t) > 65' } } },
  { id: 'fails', scope: { points: ['p'] }, when: { trend: { window: '10m', limit: 95, direction: 'above', within: '3m', level: 'warning' } } },
  { id: 'odd', scope: { points: ['t'] }, when: { anomaly: { window: '20m', deviations: 3, minSamples: 4, level: 'warning' } }, requiresAck: false },
  {
    id: 'alone',
    scope: { points: ['p'] },
    when: { anomaly: { against: 'siblings', window: '20m', deviations: 3, minSamples: 3, level: 'minor', differenceMin: 5 } },
  },
  {
    id: 'below',
    scope: { points: ['p'] },
    when: { bands: [{ level: 'minor', high: 70, deadband: 5 }] },
    suppressedBy: [
      { rule: 'gone', of: 'parent' },
      { rule: 'hot', of: 'device' },
    ],
    reAlarm: '3m',
  },
  {
    id: 'hours',
    scope: { points: ['t'] },
    when: {
      bands: [
        { level: 'critical', high: 75, deadband: 5 },
        { level: 'minor', high: 55 },
      ],
    },
    calendar: { timezone: 'UTC', active: ['mon-sun 00:03-00:07', 'mon-sun 00:12-00:20'] },
    offDelay: '20s',
  },
];
const DEVICES = {
  b1: {},
  b2: { parent: 'b1', labels: { group: 'north/a' } },
  b3: { parent: 'b1', labels: { group: 'north' } },
  b4: { labels: { group: 'north/b' } },
};
const POINTS = ['t', 'p', 's'] as const;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('sample' as const),
      device: fc.constantFrom('b1', 'b2', 'b3', 'b4'),
      point: fc.constantFrom('t', 'p'),
      value: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.integer({ min: 20, max: 40_000 }), fc.integer({ min: 20, max: 200_000 })) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('sample' as const),
      device: fc.constantFrom('b1', 'b2'),
      point: fc.constant('s' as const),
      value: fc.constantFrom(0, 2, 5, 7, 8),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      // Of those that are live, by their order.
      which: fc.nat(20),
      action: fc.oneof(
        fc.constantFrom(...(['ack', 'reset', 'unshelve', 'suppress', 'unsuppress', 'out-of-service', 'in-service'] as const)).map((kind) => ({ kind })),
        fc.record({ kind: fc.constant('shelve' as const), forMs: fc.integer({ min: 1_000, max: 300_000 }), once: fc.boolean() }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('maintenance' as const),
      device: fc.constantFrom('b1', 'b2'),
      inMs: fc.nat(60_000),
      forMs: fc.integer({ min: 1_000, max: 200_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      device: fc.constantFrom('b1', 'b2'),
      point: fc.constantFrom('t', 'p'),
      value: fc.integer({ min: 0, max: 100 }),
      // Flagged as late, or merely older than what is there.
      flagged: fc.boolean(),
      agoMs: fc.integer({ min: 1_000, max: 3_600_000 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Everything that can be seen, without ids. */
async function run(steps: readonly Step[], restartsAfter: ReadonlySet<number>, takeLate = true) {
  const world = await aWorld();
  for (const [device, more] of Object.entries(DEVICES)) {
    world.addDevice(device, more);
    for (const point of POINTS) world.addPoint(device, point);
  }
  let engine = await world.start();
  for (const rule of RULES) await engine.rule(rule);
  for (const [index, one] of steps.entries()) {
    if (takeLate || one.kind !== 'late') await take(world, engine, one);
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
  const outbox = (await world.system.alarming.outbox.list({ project: PROJECT }, { limit: 10_000 })).items;
  return {
    // One entry for each, and each told once.
    twice: world.told.length - new Set(world.told.map(({ event }) => event)).size + outbox.length - world.told.length,
    gaps: gapsOf(events),
    live: live.map(without).sort(),
    stored: stored
      .filter(({ historical }) => !historical)
      .map(without)
      .sort(),
    events: events
      .filter(({ details: { historical } }) => historical !== true)
      .map(({ kind, time, device, point, rule, text }) => `${time} ${rule} ${device}/${point} ${kind} ${text.replaceAll(/(alarm|maintenance):\S+/g, '$1')}`),
    told: world.told.map(({ cause, content }) => `${cause} ${JSON.stringify(content)}`),
  };
}

async function take(world: World, engine: Engine, one: Step): Promise<void> {
  if (one.kind === 'sample') await engine.report(one.device, one.point, one.value);
  else if (one.kind === 'late') await sendLate(world, engine, one);
  else if (one.kind === 'pass') await engine.pass(one.ms);
  else if (one.kind === 'maintenance') {
    const from = world.clock() + one.inMs;
    await engine.supervision.maintenances.create(PROJECT, { scope: { device: one.device }, from, to: from + one.forMs, reason: 'work' }, 'user:anna');
  } else {
    const byName = engine.alarms().sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
    const chosen = byName[one.which % Math.max(1, byName.length)];
    if (chosen === undefined) return;
    const action = one.action.kind === 'shelve' ? { ...one.action, until: world.clock() + one.action.forMs, comment: null } : { comment: null, ...one.action };
    await engine.supervision.alarms.act(PROJECT, [chosen.id], action as OperatorAction, 'user:anna', false);
  }
}

/** Older than what the hub has of the point; of a point that has nothing, a sample is the newest whatever its time. */
async function sendLate(world: World, engine: Engine, { device, point, value, flagged, agoMs }: Step & { kind: 'late' }): Promise<void> {
  const newest = world.directory.device(device as DeviceId)?.points.get(point as PointPath)?.latestTime ?? Number.NEGATIVE_INFINITY;
  if (newest > 0) await engine.report(device, point, value, Math.min(newest, world.clock()) - agoMs, flagged);
}

const nameOf = ({ rule, subject }: AlarmRecord): string => `${rule} ${subjectKey(subject)}`;

/** The journal of each alarm is one chain: what one event left is what the next one finds. */
function gapsOf(events: readonly HubEvent[]): string[] {
  const known = new Map<string, Map<string, string>>();
  const gaps: string[] = [];
  for (const { alarm, kind, rule, details } of events) {
    const facts = known.get(alarm ?? '') ?? new Map<string, string>();
    known.set(alarm ?? '', facts);
    for (const [name, value] of Object.entries((details['before'] ?? {}) as object)) {
      const was = facts.get(name);
      if (was !== undefined && was !== JSON.stringify(value)) gaps.push(`${rule} ${kind}: ${name} was ${was}, not ${JSON.stringify(value)}`);
    }
    for (const [name, value] of Object.entries((details['after'] ?? {}) as object)) facts.set(name, JSON.stringify(value));
  }
  return gaps;
}

describe('a restart', () => {
  test('at any point is as none: the same alarms, the same journal, nobody told twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(fc.nat(39), { maxLength: 6 }), async (steps, restarts) => {
        const plain = await run(steps, new Set());
        const restarted = await run(steps, new Set(restarts));
        expect(restarted).toEqual(plain);
        expect(plain.live).toEqual(plain.stored);
        expect(plain.gaps).toEqual([]);
        expect(plain.twice).toBe(0);
      }),
      // A failure is shown as it is: to make it smaller takes longer than the test may.
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);
});

describe('late data', () => {
  test('never change what is live: the same alarms, the same journal, the same told as without them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(fc.nat(39), { maxLength: 2 }), async (steps, restarts) => {
        const without = await run(steps, new Set(), false);
        expect(await run(steps, new Set())).toEqual(without);
        expect(await run(steps, new Set(restarts))).toEqual(without);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  }, 120_000);
});
