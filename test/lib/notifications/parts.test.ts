import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceGroups, IN_NO_GROUP } from '../../../src/lib/domain/group.ts';
import type { ChannelId, DeviceId, GroupPath, PointPath, ProjectId, RouteId, RuleId } from '../../../src/lib/domain/ids.ts';
import { type Channel, NOTIFY_CAUSES, type Route } from '../../../src/lib/domain/notification.ts';
import { SEVERITIES, severityRank } from '../../../src/lib/domain/severity.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { backOffMs } from '../../../src/lib/notifications/back-off.ts';
import { type CompiledRoute, compileRoute } from '../../../src/lib/notifications/compile-route.ts';
import { createDueHeap } from '../../../src/lib/notifications/due-heap.ts';
import { explainRoutes } from '../../../src/lib/notifications/explain-routes.ts';
import { createGatherings } from '../../../src/lib/notifications/gatherings.ts';
import { createGroupTimes } from '../../../src/lib/notifications/group-times.ts';
import type { Told } from '../../../src/lib/notifications/route-filter.ts';
import { createTokenBucket } from '../../../src/lib/notifications/token-bucket.ts';
import { anOutboxEntry } from '../../helpers/alarming.ts';

const PROJECT = 'default' as ProjectId;

describe('a heap by time', () => {
  it('gives out what is due first, whatever was put in and taken out between', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 })), { maxLength: 200 }), (steps) => {
        const heap = createDueHeap<{ dueAt: number }>();
        let model: number[] = [];
        for (const step of steps) {
          if (step !== null) {
            heap.push({ dueAt: step });
            model = [...model, step].sort((one, other) => one - other);
          } else {
            expect(heap.peek()?.dueAt).toBe(model[0]);
            expect(heap.pop()?.dueAt).toBe(model.shift());
          }
          expect(heap.size).toBe(model.length);
        }
        expect(
          heap
            .clear()
            .map(({ dueAt }) => dueAt)
            .sort((one, other) => one - other),
        ).toEqual(model);
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });
});

describe('a bucket of tokens', () => {
  const steps = fc.array(fc.record({ after: fc.integer({ min: -5_000, max: 90_000 }), takes: fc.integer({ min: 0, max: 5 }) }), { maxLength: 60 });

  it('never gives more than its burst and its rate allow, and says when there will be one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 20 }), steps, (perMinute, burst, taken) => {
        const bucket = createTokenBucket(perMinute, burst, 0);
        let now = 0;
        let forwardMs = 0;
        let given = 0;
        for (const { after, takes } of taken) {
          now += after;
          forwardMs += Math.max(0, after);
          for (let index = 0; index < takes; index += 1) {
            const next = bucket.nextAt(now);
            const there = bucket.available(now) > 0;
            expect(next === now).toBe(there);
            expect(bucket.take(now)).toBe(there);
            if (there) given += 1;
            else expect(next - now).toBeLessThanOrEqual(Math.ceil(60_000 / perMinute));
          }
          expect(given).toBeLessThanOrEqual(burst + (forwardMs * perMinute) / 60_000 + 1e-6);
        }
      }),
    );
  });

  it('has one at the time that it says, and none a moment before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6_000 }), (perMinute) => {
        const bucket = createTokenBucket(perMinute, 1, 0);
        expect(bucket.take(0)).toBe(true);
        const at = bucket.nextAt(0);
        expect(createAfterOne(perMinute).take(at - 1)).toBe(false);
        expect(bucket.take(at)).toBe(true);
      }),
    );
    function createAfterOne(perMinute: number) {
      const bucket = createTokenBucket(perMinute, 1, 0);
      bucket.take(0);
      return bucket;
    }
  });
});

it('a pause doubles up to five minutes, and is half of that at least', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, chance) => {
      const full = Math.min(300_000, 1_000 * 2 ** (attempts - 1));
      const pause = backOffMs(attempts, chance);
      expect(pause).toBeGreaterThanOrEqual(Math.floor(full / 2));
      expect(pause).toBeLessThanOrEqual(full);
    }),
  );
});

describe('what is gathered', () => {
  const entries = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'rate'), dueAt: fc.integer({ min: 0, max: 100 }) }), { maxLength: 60 });

  it('comes out once, by group, when the first of its group is due, and not before', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 8 }), (given, looks) => {
        const gatherings = createGatherings();
        const firstDue = new Map<string, number>();
        for (const [index, { key, dueAt }] of given.entries()) {
          gatherings.add(anOutboxEntry(`e${index}`, { groupKey: key, dueAt }));
          firstDue.set(key, Math.min(firstDue.get(key) ?? dueAt, dueAt));
        }
        const out: string[] = [];
        for (const now of [...looks].sort((one, other) => one - other)) {
          for (const { key, entries: ofGroup } of gatherings.takeDue(now)) {
            expect(firstDue.get(key)).toBeLessThanOrEqual(now);
            firstDue.delete(key);
            out.push(...ofGroup.map(({ id }) => id));
          }
          for (const due of firstDue.values()) expect(due).toBeGreaterThan(now);
          expect(gatherings.nextAt).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...firstDue.values()));
        }
        expect(gatherings.entries).toBe(given.length - out.length);
        const all = [...out, ...gatherings.takeAll().map(({ id }) => id)];
        expect(all.sort()).toEqual(given.map((_, index) => `e${index}`).sort());
        expect([gatherings.entries, gatherings.nextAt]).toEqual([0, Number.POSITIVE_INFINITY]);
      }),
    );
  });

  it('moves with the clock, but for what is meant to stay', () => {
    const gatherings = createGatherings();
    gatherings.add(anOutboxEntry('a', { groupKey: 'a', dueAt: 1_000 }));
    gatherings.add(anOutboxEntry('b', { groupKey: 'b', dueAt: 900 }));
    gatherings.shift(-500, (key) => key !== 'b');
    expect(gatherings.nextAt).toBe(500);
    expect(gatherings.takeDue(500).map(({ key }) => key)).toEqual(['a']);
    expect(gatherings.takeDue(899)).toEqual([]);
    expect(gatherings.takeDue(900).map(({ key }) => key)).toEqual(['b']);
  });

  it('groups that told wait for their interval, very many are forgotten once they may tell again', () => {
    const times = createGroupTimes();
    times.told('a', 1_000, 500);
    expect(times.nextAt('a')).toBe(1_500);
    times.told('a', 900, 10);
    expect(times.nextAt('a')).toBe(1_500);
    for (let index = 0; index < 10_001; index += 1) times.told(`g${index}`, 2_000, 100);
    expect(times.nextAt('a')).toBe(0);
    expect(times.nextAt('g0')).toBe(2_100);
    times.shift(-1_000);
    expect(times.nextAt('g0')).toBe(1_100);
  });
});

const route = (id: string, document: { readonly [name: string]: JsonValue }, more: Partial<Route> = {}): CompiledRoute => {
  const made = compileRoute({
    ...{ id: id as RouteId, project: PROJECT, enabled: true, channels: ['ops' as ChannelId], document, createdAt: 0, updatedAt: 0 },
    ...more,
  });
  if (!made.ok) throw new Error(JSON.stringify(made.problems));
  return made.compiled;
};
const DEVICE = {
  id: 'b1' as DeviceId,
  type: 'boiler',
  parent: null,
  labels: { site: 'paris', team: 'device' },
} as unknown as NonNullable<Told['device']>;
const GROUPS = deviceGroups(['paris/hall-2' as GroupPath]);
const told = (more: Partial<Told> = {}, alarm: Partial<Told['alarm']> = {}): Told => ({
  alarm: {
    rule: 'boiler-hot' as RuleId,
    subject: { device: 'b1' as DeviceId, point: 'boiler/t' as PointPath, group: null },
    labels: { team: 'heating' },
    ...alarm,
  },
  ...{ device: DEVICE, groups: GROUPS, severity: 'major', cause: 'raised' },
  ...more,
});

describe('a route', () => {
  it.each<[{ readonly [name: string]: JsonValue }, boolean]>([
    [{}, true],
    [{ match: { severity: 'major' } }, true],
    [{ match: { severity: 'critical' } }, false],
    [{ match: { severity: 'minor+' } }, true],
    [{ match: { severity: ['critical', 'warning'] } }, false],
    [{ match: { rule: 'boiler-*' } }, true],
    [{ match: { rule: 'boiler' } }, false],
    [{ match: { rule: ['x', '*hot'] } }, true],
    [{ match: { type: 'boiler' } }, true],
    [{ match: { type: 'pump' } }, false],
    [{ match: { group: 'paris' } }, true],
    [{ match: { group: '/paris/hall-2/' } }, true],
    [{ match: { group: 'par' } }, false],
    [{ match: { group: 'paris/hall-2/a' } }, false],
    [{ match: { device: 'b?' } }, false],
    [{ match: { device: 'b*' } }, true],
    [{ match: { labels: ['site=paris', 'team=heating'] } }, true],
    [{ match: { labels: ['site=paris', 'nothing'] } }, false],
    [{ match: { labels: 'team' } }, true],
    [{ match: { cause: 'cleared' } }, false],
    [{ cleared: false }, true],
    [{ match: { severity: 'major', rule: 'boiler-hot', type: 'boiler', group: 'paris', device: 'b1', labels: 'site', cause: ['raised'] } }, true],
  ])('%j: %s', (document, matches) => {
    expect(route('r', document).filter.matches(told())).toBe(matches);
  });

  it('knows what is over a group, and what has no device', () => {
    const group = told({ device: null, groups: IN_NO_GROUP }, { subject: { device: null, point: null, group: 'paris/hall-2' } });
    expect(route('r', { match: { group: 'paris' } }).filter.matches(group)).toBe(true);
    expect(route('r', { match: { device: '*' } }).filter.matches(group)).toBe(false);
    expect(route('r', { match: { type: 'boiler' } }).filter.matches(group)).toBe(false);
    expect(route('r', { cleared: false }).filter.matches(told({ cause: 'cleared' }))).toBe(false);
  });

  it('matches when every part that it explains holds, and severities with + are closed upwards', () => {
    const some = <Item>(items: readonly Item[]) => fc.option(fc.subarray([...items], { minLength: 1 }), { nil: undefined });
    const match = fc.record({
      severity: some(SEVERITIES.flatMap((severity) => [severity, `${severity}+`])),
      rule: some(['boiler-*', 'x', '*']),
      type: some(['boiler', 'pump']),
      group: some(['paris', 'rome', 'paris/hall-2']),
      device: some(['b1', 'c*']),
      labels: some(['site=paris', 'team', 'nope']),
      cause: some(NOTIFY_CAUSES),
    });
    fc.assert(
      fc.property(match, fc.boolean(), fc.constantFrom(...SEVERITIES), fc.constantFrom(...NOTIFY_CAUSES), (given, cleared, severity, cause) => {
        const { filter } = route('r', JSON.parse(JSON.stringify({ match: given, cleared })));
        const change = told({ severity, cause });
        const parts = filter.explain(change);
        expect(filter.matches(change)).toBe(parts.every(({ holds }) => holds));
        expect(parts).toHaveLength(Object.values(given).filter((part) => part !== undefined).length + (cleared ? 0 : 1));
        const wanted = given.severity ?? [];
        const worse = SEVERITIES.filter((other) => severityRank(other) <= severityRank(severity));
        if (wanted.includes(`${severity}+`)) for (const other of worse) expect(filter.explain(told({ severity: other }))[0]?.holds).toBe(true);
      }),
    );
  });

  it('groups by what is the same, and keeps apart what is not, whatever the texts are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (one, other, third, fourth) => {
        const key = route('r', { groupBy: ['rule', 'label:team'] }).groupKey;
        const of = (rule: string, team: string): string | undefined => key?.(told({}, { rule: rule as RuleId, labels: { team } }));
        expect(of(one, other) === of(third, fourth)).toBe(one === third && other === fourth);
        expect(of(one, other)).not.toBe(route('s', { groupBy: ['rule', 'label:team'] }).groupKey?.(told({}, { rule: one as RuleId, labels: { team: other } })));
      }),
    );
    const byParent = route('r', { groupBy: ['parent', 'group', 'label:team'] }).groupKey;
    expect(byParent?.(told())).toBe(JSON.stringify(['r', 'b1', 'paris/hall-2', 'heating']));
    expect(byParent?.(told({ device: { ...DEVICE, parent: 'gw' as DeviceId } }, { labels: {} }))).toBe(JSON.stringify(['r', 'gw', 'paris/hall-2', 'device']));
  });

  it.each<[{ readonly [name: string]: JsonValue }, readonly string[]]>([
    [{ surprise: 1 }, ['']],
    [{ match: { severity: 'bad', cause: 'eaten' }, groupBy: ['label:'] }, ['groupBy.0', 'match.cause', 'match.severity']],
    [{ groupWait: '1s', groupInterval: '1m' }, ['groupInterval', 'groupWait']],
    [{ quietHours: { timezone: 'Mars/Base' } }, ['quietHours.timezone']],
    [{ quietHours: { timezone: 'UTC' } }, ['quietHours.active']],
    [{ schedule: { timezone: 'UTC', active: 'someday' } }, ['schedule.active.0']],
  ])('that is wrong says where: %j', (document, places) => {
    const made = compileRoute({ id: 'r' as RouteId, project: PROJECT, enabled: true, channels: [], document, createdAt: 0, updatedAt: 0 });
    expect(made.ok ? [] : made.problems.map(({ path }) => path).sort()).toEqual(places);
  });
});

describe('why a route tells, or not', () => {
  const channel = (enabled: boolean) => ({ enabled }) as Channel;
  const channelOf = (id: string): Channel | undefined => ({ ops: channel(true), off: channel(false) })[id];
  const at = Date.UTC(2026, 0, 1, 23, 0);
  const ask = (routes: readonly CompiledRoute[], more = {}) =>
    explainRoutes(routes, channelOf, () => GROUPS, {
      ...{ severity: 'major', cause: 'raised', rule: 'boiler-hot', device: DEVICE as never, point: null, group: null, labels: {}, time: at },
      ...more,
    });

  it('is said in a sentence, with the time', () => {
    const reasons = ask([
      route('once', {}),
      route('off', {}, { enabled: false }),
      route('other', { match: { rule: 'x', type: 'pump' } }),
      route('nobody', {}, { channels: ['off', 'gone'] as ChannelId[] }),
      route('groups', { groupBy: ['rule'], groupWait: '10s' }),
      route('first', { groupBy: ['rule'], groupWait: '0s' }),
      route('quiet', { quietHours: { timezone: 'UTC', active: '22:00-06:00', exceptFor: 'critical' } }),
      route('day', { schedule: { timezone: 'UTC', active: '08:00-18:00' } }),
    ]).map(({ route: id, dueAt, reason }) => [id, dueAt, reason]);
    expect(reasons).toEqual([
      ['once', at, 'told at once'],
      ['off', null, 'the route is disabled'],
      ['other', null, 'rule must be x, and is boiler-hot; type must be pump, and is boiler'],
      ['nobody', null, 'none of its channels is enabled'],
      ['groups', at + 10_000, 'told together with its group'],
      ['first', at, 'told at once, unless its group has told lately'],
      ['quiet', Date.UTC(2026, 0, 2, 6, 0), 'told at the end of the quiet hours, with all that came then'],
      ['day', null, 'schedule must be in force, and is not in force'],
    ]);
  });

  it('also of each channel', () => {
    const [nobody] = ask([route('nobody', {}, { channels: ['ops', 'off', 'gone'] as ChannelId[] })]);
    expect(nobody?.channels).toEqual([
      { id: 'ops', told: true, reason: 'it is told' },
      { id: 'off', told: false, reason: 'the channel is disabled' },
      { id: 'gone', told: false, reason: 'there is no such channel' },
    ]);
    expect(ask([route('quiet', { quietHours: { timezone: 'UTC', active: '22:00-06:00', exceptFor: 'critical' } })], { severity: 'critical' })[0]?.dueAt).toBe(
      at,
    );
  });
});
