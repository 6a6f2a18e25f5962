import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlarmRecord } from '../../../../src/lib/domain/alarm.ts';
import { EVENT_KINDS, type HubEvent } from '../../../../src/lib/domain/event.ts';
import type { AlarmId, ChannelId, DeviceId, EventId, PointPath, ProjectId, RouteId, RuleId } from '../../../../src/lib/domain/ids.ts';
import type { Channel, Route } from '../../../../src/lib/domain/notification.ts';
import { SEVERITIES } from '../../../../src/lib/domain/severity.ts';
import { subjectKey, subjectOf } from '../../../../src/lib/domain/subject-key.ts';
import type { AlarmFilter, EventFilter } from '../../../../src/lib/storage/alarm-storage.ts';
import type { SqlValue, Statement } from '../../../../src/lib/storage/commit-log.ts';
import type { Page, PageRequest } from '../../../../src/lib/storage/page.ts';
import { createAlarming } from '../../../../src/lib/storage/system/alarming/create-alarming.ts';
import { openReadDatabase, type ReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { anAlarm, anEvent, anOutboxEntry, aRuleRecord } from '../../../helpers/alarming.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;

async function started(errors: object[] = []) {
  const system = await startedSystemStore(temporaryFolder(), { ...SILENT_LOG, error: (fields) => void errors.push(fields) });
  const commit = (...statements: (Statement | readonly Statement[])[]) => system.log.commit({ statements: statements.flat() });
  return { system, storage: system.alarming, commit };
}

async function allOf<Item>(list: (page: PageRequest) => Promise<Page<Item>>, limit = 7): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<Item> = await list({ limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === null) return items;
  }
}
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

describe('rules on disk', () => {
  it('keep every version, also when they are deleted and made again', async () => {
    const { storage, commit } = await started();
    const first = aRuleRecord('hot');
    const second = aRuleRecord('hot', { version: 2, document: { id: 'hot', when: { bands: [{ high: 0.1 }] } }, createdBy: 'token:ci' });
    await commit(storage.rules.insert(first));
    await commit(storage.rules.update(second));
    expect(await storage.rules.all()).toEqual([second]);
    expect(await storage.rules.versions(PROJECT, first.id)).toEqual([second, first]);
    await commit(storage.rules.remove(PROJECT, first.id));
    expect(await storage.rules.all()).toEqual([]);
    expect(await storage.rules.versions(PROJECT, first.id)).toEqual([second, first]);
    await expect(commit(storage.rules.insert(first))).rejects.toMatchObject({ reason: 'unique' });
    expect(await storage.rules.all()).toEqual([]);
    await commit(storage.rules.insert({ ...first, version: 3 }));
    expect((await storage.rules.versions(PROJECT, first.id)).map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  it('are changed from the version before alone, and in their own project', async () => {
    const { storage, commit } = await started();
    await commit(storage.rules.insert(aRuleRecord('hot')), storage.rules.insert(aRuleRecord('hot', { project: OTHER })));
    await expect(commit(storage.rules.insert(aRuleRecord('hot', { version: 2 })))).rejects.toMatchObject({ reason: 'unique' });
    await expect(commit(storage.rules.update(aRuleRecord('hot', { version: 3 })))).rejects.toMatchObject({ reason: 'stale' });
    await commit(storage.rules.update(aRuleRecord('hot', { version: 2 })));
    await expect(commit(storage.rules.update(aRuleRecord('hot', { version: 2 })))).rejects.toMatchObject({ reason: 'stale' });
    expect((await storage.rules.all()).map(({ project, version }) => [project, version])).toEqual([
      ['default', 2],
      ['other', 1],
    ]);
    await expect(commit(storage.rules.remove(PROJECT, 'none' as RuleId))).rejects.toMatchObject({ reason: 'stale' });
  });

  it('are switched off without a new version', async () => {
    const { storage, commit } = await started();
    await commit(storage.rules.insert(aRuleRecord('hot')));
    await commit(storage.rules.setEnabled(PROJECT, 'hot' as RuleId, false));
    expect(await storage.rules.all()).toEqual([aRuleRecord('hot', { enabled: false })]);
    expect(await storage.rules.versions(PROJECT, 'hot' as RuleId)).toEqual([aRuleRecord('hot', { enabled: false })]);
    await expect(commit(storage.rules.setEnabled(PROJECT, 'none' as RuleId, false))).rejects.toMatchObject({ reason: 'stale' });
  });
});

describe('alarms on disk', () => {
  it('come back as they were written, whatever their value', async () => {
    const { system, storage, commit } = await started();
    let deep: unknown = 1;
    for (let level = 0; level < 3000; level += 1) deep = [deep];
    const values = [null, true, 0.1, -5, 1e300, 'a"b\\c\u2028\ud83d\ude00', 'nul \0 inside', { a: [1, { b: null }] }, deep];
    const alarms = values.map((value, index) =>
      anAlarm(`a${index}`, { value: value as AlarmRecord['value'], message: `${index} \0 "x"`, labels: { 'a b': "c'd" } }),
    );
    await commit(storage.alarms.put(alarms));
    expect(JSON.stringify(await storage.alarms.live())).toBe(JSON.stringify(alarms));
    expect(await storage.alarms.byId(PROJECT, 'a3' as AlarmId)).toEqual(alarms[3]);
    expect(await storage.alarms.byId(OTHER, 'a3' as AlarmId)).toBeNull();
    const changed = alarms.map((alarm, index) => ({ ...alarm, acked: true, closedAt: index % 2 === 0 ? 5 : null }));
    await commit(storage.alarms.put(changed));
    expect(JSON.stringify(await storage.alarms.live())).toBe(JSON.stringify(changed.filter(({ closedAt }) => closedAt === null)));
    expect(system.log.failing).toBe(false);
  });

  it('are one for each rule and subject while they live', async () => {
    const { storage, commit } = await started();
    const subject = { device: 'd' as DeviceId, point: 'p' as PointPath, group: null };
    await commit(storage.alarms.put([anAlarm('a', { subject })]));
    await expect(commit(storage.alarms.put([anAlarm('b', { subject })]))).rejects.toMatchObject({ reason: 'unique' });
    await commit(
      storage.alarms.put([
        anAlarm('h', { subject, historical: true }),
        anAlarm('i', { subject, historical: true }),
        anAlarm('r', { subject, rule: 'other' as RuleId }),
        anAlarm('o', { subject, project: OTHER }),
        anAlarm('q', { subject: { ...subject, point: null } }),
        anAlarm('c', { subject, closedAt: 1 }),
      ]),
    );
    // In one statement, in the order given: the old one is closed before the new one comes.
    await commit(storage.alarms.put([anAlarm('a', { subject, closedAt: 2 }), anAlarm('b', { subject })]));
    expect(idsOf(await storage.alarms.live())).toEqual(['h', 'i', 'r', 'o', 'q', 'b']);
  });

  it('are nothing to commit when there are none', async () => {
    const { storage, commit } = await started();
    const { changes } = await commit(
      storage.alarms.put([]),
      storage.evaluations.put([]),
      storage.events.insert([]),
      storage.outbox.insert([]),
      storage.outbox.update([]),
    );
    expect(changes).toEqual([0, 0, 0, 0, 0]);
  });

  it('are listed by when they were raised, by any filter, page by page', async () => {
    const { storage, commit } = await started();
    const devices = ['d1', 'd2', 'd3', null] as (DeviceId | null)[];
    const rules = ['r1', 'r2', 'r3'] as RuleId[];
    const anyAlarm = fc.record({
      project: fc.constantFrom(PROJECT, PROJECT, OTHER),
      device: fc.constantFrom(...devices),
      rule: fc.constantFrom(...rules),
      severity: fc.constantFrom(null, ...SEVERITIES),
      historical: fc.boolean(),
      raisedAt: fc.option(fc.integer({ min: 0, max: 20 })),
      closedAt: fc.option(fc.integer({ min: 0, max: 40 })),
    });
    const samples = fc.sample(anyAlarm, { numRuns: 300, seed: 4 });
    const alarms = samples.map(({ device, ...rest }, index) =>
      anAlarm(`a${index}`, {
        ...rest,
        subject: { device, point: `p${index}` as PointPath, group: device === null ? `g${index}` : null },
        createdAt: index % 20,
      }),
    );
    await commit(storage.alarms.put(alarms));
    const anyFilter = fc.record(
      {
        closed: fc.boolean(),
        historical: fc.boolean(),
        severities: fc.subarray([...SEVERITIES]),
        rules: fc.subarray([...rules, 'none' as RuleId]),
        devices: fc.subarray(['d1', 'd2', 'd3', 'none'] as DeviceId[]),
        from: fc.integer({ min: 0, max: 20 }),
        to: fc.integer({ min: 0, max: 20 }),
      },
      { requiredKeys: [] },
    );
    const raised = ({ raisedAt, createdAt }: AlarmRecord) => raisedAt ?? createdAt;
    const expected = (filter: Omit<AlarmFilter, 'project'>) =>
      alarms
        .map((alarm, seq) => ({ alarm, seq }))
        .filter(
          ({ alarm }) =>
            alarm.project === PROJECT &&
            (filter.closed === undefined || (alarm.closedAt !== null) === filter.closed) &&
            (filter.historical === undefined || alarm.historical === filter.historical) &&
            (filter.severities === undefined || (alarm.severity !== null && filter.severities.includes(alarm.severity))) &&
            (filter.rules === undefined || filter.rules.includes(alarm.rule)) &&
            (filter.devices === undefined || (alarm.subject.device !== null && filter.devices.includes(alarm.subject.device))) &&
            (filter.from === undefined || raised(alarm) >= filter.from) &&
            (filter.to === undefined || raised(alarm) < filter.to),
        )
        .sort((a, b) => raised(b.alarm) - raised(a.alarm) || b.seq - a.seq)
        .map(({ alarm }) => alarm.id);
    await fc.assert(
      fc.asyncProperty(anyFilter, fc.integer({ min: 1, max: 50 }), async (filter, limit) => {
        const given = { project: PROJECT, ...filter } as AlarmFilter;
        expect(idsOf(await allOf((page) => storage.alarms.list(given, page), limit))).toEqual(expected(given));
      }),
      { numRuns: 150, seed: 11 },
    );
  });

  it('that are closed go when they are old, a few at a time', async () => {
    const { storage, commit } = await started();
    const closed = Array.from({ length: 10 }, (_, index) => anAlarm(`a${index}`, { closedAt: index }));
    await commit(storage.alarms.put([...closed, anAlarm('live'), anAlarm('o', { project: OTHER, closedAt: 1 })]));
    expect((await commit(storage.alarms.removeClosed(PROJECT, 8, 5))).changes).toEqual([5]);
    expect((await commit(storage.alarms.removeClosed(PROJECT, 8, 5))).changes).toEqual([3]);
    expect((await commit(storage.alarms.removeClosed(PROJECT, 8, 5))).changes).toEqual([0]);
    const left = await allOf((page) => storage.alarms.list({ project: PROJECT }, page));
    expect(idsOf(left).sort()).toEqual(['a8', 'a9', 'live']);
  });
});

describe('events on disk', () => {
  const kinds = ['device.connected', 'alarm.raised', 'alarm.cleared', 'hub.started'] as const;
  const anyEvent = fc.record({
    project: fc.constantFrom(PROJECT, PROJECT, PROJECT, OTHER),
    // Some long before or after they are recorded.
    time: fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: -500_000, max: 3_000_000 })),
    kind: fc.constantFrom(...kinds),
    severity: fc.constantFrom(null, ...SEVERITIES),
    device: fc.constantFrom('d1', 'd2', null) as fc.Arbitrary<DeviceId | null>,
    rule: fc.constantFrom('r1', 'r2', null) as fc.Arbitrary<RuleId | null>,
    alarm: fc.constantFrom('x', 'y', null) as fc.Arbitrary<AlarmId | null>,
  });
  const anyFilter = fc.record(
    {
      kinds: fc.subarray([...kinds]),
      severities: fc.subarray([...SEVERITIES]),
      devices: fc.subarray(['d1', 'd2', 'none'] as DeviceId[]),
      rules: fc.subarray(['r1', 'r2', 'none'] as RuleId[]),
      alarm: fc.constantFrom('x', 'y', 'none') as fc.Arbitrary<AlarmId>,
      from: fc.integer({ min: -100_000, max: 1_100_000 }),
      to: fc.integer({ min: -100_000, max: 1_100_000 }),
      after: fc.integer({ min: 0, max: 299 }),
      oldestFirst: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const isMeant = (event: HubEvent, filter: Omit<EventFilter, 'after' | 'project' | 'oldestFirst'>) =>
    event.project === PROJECT &&
    (filter.kinds === undefined || filter.kinds.includes(event.kind)) &&
    (filter.severities === undefined || (event.severity !== null && filter.severities.includes(event.severity))) &&
    (filter.devices === undefined || (event.device !== null && filter.devices.includes(event.device))) &&
    (filter.rules === undefined || (event.rule !== null && filter.rules.includes(event.rule))) &&
    (filter.alarm === undefined || event.alarm === filter.alarm) &&
    (filter.from === undefined || event.time >= filter.from) &&
    (filter.to === undefined || event.time < filter.to);

  it('are listed from the last one, or behind one from the first, by any filter, page by page', async () => {
    const { storage, commit } = await started();
    const events = fc
      .sample(anyEvent, { numRuns: 300, seed: 4 })
      // Ids are not in the order in which they are committed.
      .map((event, index) => anEvent(`e${String((index * 7) % 300).padStart(3, '0')}`, { ...event, recordedAt: index * 3_500 }));
    await commit(storage.events.insert(events.slice(0, 150)));
    await commit(storage.events.insert(events.slice(150)));
    await fc.assert(
      fc.asyncProperty(anyFilter, fc.integer({ min: 1, max: 50 }), async ({ after, ...rest }, limit) => {
        const filter = rest as Omit<EventFilter, 'project'>;
        const given = after === undefined ? undefined : events[after]?.project === PROJECT ? after : undefined;
        const meant = events.filter((event, index) => isMeant(event, filter) && (given === undefined || index > given));
        const full: EventFilter = { project: PROJECT, ...filter, ...(given === undefined ? {} : { after: events[given]?.id as EventId }) };
        expect(idsOf(await allOf((page) => storage.events.list(full, page), limit))).toEqual(
          idsOf(given === undefined && filter.oldestFirst !== true ? meant.reverse() : meant),
        );
        expect(await storage.events.count(full)).toBe(meant.length);
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  it('are neither skipped nor repeated when more come while somebody reads', async () => {
    const { storage, commit } = await started();
    const add = (name: string, count: number) => commit(storage.events.insert(Array.from({ length: count }, (_, index) => anEvent(`${name}${index}`))));
    await add('a', 20);
    const first = await storage.events.list({ project: PROJECT }, { limit: 5 });
    await add('0', 20);
    const rest = await allOf((page) => storage.events.list({ project: PROJECT }, page.cursor === null ? { ...page, cursor: first.cursor } : page));
    expect([...idsOf(first.items), ...idsOf(rest)]).toEqual(Array.from({ length: 20 }, (_, index) => `a${19 - index}`));
    const behind = await storage.events.list({ project: PROJECT, after: 'a19' as EventId }, { limit: 5 });
    await add('b', 2);
    const further = await allOf((page) =>
      storage.events.list({ project: PROJECT, after: 'a19' as EventId }, page.cursor === null ? { ...page, cursor: behind.cursor } : page),
    );
    expect(idsOf([...behind.items, ...further])).toEqual([...Array.from({ length: 20 }, (_, index) => `0${index}`), 'b0', 'b1']);
  });

  it('are read on behind one that is gone', async () => {
    const { storage, commit } = await started();
    await commit(storage.events.insert(Array.from({ length: 9 }, (_, index) => anEvent(`e${index}`, { recordedAt: index }))));
    expect((await commit(storage.events.removeOld(5, 3))).changes).toEqual([3]);
    expect((await commit(storage.events.removeOld(5, 3))).changes).toEqual([2]);
    const behind = (id: string) => allOf((page) => storage.events.list({ project: PROJECT, after: id as EventId }, page));
    expect(idsOf(await behind('e2'))).toEqual(['e5', 'e6', 'e7', 'e8']);
    expect(idsOf(await behind('e5x'))).toEqual(['e6', 'e7', 'e8']);
    expect(await behind('f')).toEqual([]);
    await commit(storage.events.removeOld(100, 100));
    await commit(storage.events.insert([anEvent('e9')]));
    expect(idsOf(await behind('e8'))).toEqual(['e9']);
  });

  it('are written once, however often their transaction is tried', async () => {
    const { storage, commit } = await started();
    await commit(storage.events.insert([anEvent('a', { text: 'first' })]));
    expect((await commit(storage.events.insert([anEvent('a', { text: 'second' }), anEvent('b')]))).changes).toEqual([1]);
    expect((await storage.events.list({ project: PROJECT }, { limit: 10 })).items.map(({ id, text }) => [id, text])).toEqual([
      ['b', 'b1 connected over mqtt'],
      ['a', 'first'],
    ]);
  });

  it('come back whole, of every kind', async () => {
    const { storage, commit } = await started();
    const details = { value: [{ a: 'x\0"\\\u2028' }], before: null, n: 0.1 };
    const events = EVENT_KINDS.map((kind, index) =>
      anEvent(`e${index}`, { kind, details, severity: 'minor', point: 'a/b' as PointPath, alarm: 'x' as AlarmId, rule: 'r' as RuleId, text: 'ä "q"' }),
    );
    await commit(storage.events.insert(events));
    expect(await allOf((page) => storage.events.list({ project: PROJECT, after: '0' as EventId }, page))).toEqual(events);
  });

  it('are found by their time also when an earlier one was written behind a later one', async () => {
    const { storage, commit } = await started();
    const from = 1_000_000;
    await commit(storage.events.insert([anEvent('later', { time: from + 200, recordedAt: from + 200 })]));
    await commit(storage.events.insert([anEvent('earlier', { time: from + 100, recordedAt: from + 100 })]));
    for (const range of [{ from }, { from, to: from + 1_000 }, { to: from + 1_000 }])
      expect(idsOf(await allOf((page) => storage.events.list({ project: PROJECT, ...range }, page))).sort()).toEqual(['earlier', 'later']);
    expect(idsOf(await allOf((page) => storage.events.list({ project: PROJECT, to: from + 150 }, page)))).toEqual(['earlier']);
  });

  it.each(['', 'x', Buffer.from('1 2').toString('base64url'), Buffer.from('1;drop').toString('base64url')])('refuse the cursor %j', async (cursor) => {
    const { storage } = await started();
    await expect(storage.events.list({ project: PROJECT }, { limit: 1, cursor })).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('what is large', () => {
  it('is looked through in bites: a filter that finds nothing among many events ends its page early, and goes on', async () => {
    const { storage, commit } = await started();
    for (let part = 0; part < 13; part += 1) {
      const events = Array.from({ length: 10_000 }, (_, index) => anEvent(`${part}-${index}`, { severity: part === 0 && index === 5 ? 'major' : null }));
      await commit(storage.events.insert(events));
    }
    const filter: EventFilter = { project: PROJECT, severities: ['major'] };
    const first = await storage.events.list(filter, { limit: 10 });
    expect(first.items).toEqual([]);
    const second = await storage.events.list(filter, { limit: 10, cursor: first.cursor });
    expect(idsOf(second.items)).toEqual(['0-5']);
    expect(second.cursor).toBeNull();
    expect(await storage.events.count(filter)).toBe(1);
    expect(await storage.events.count({ project: PROJECT })).toBe(130_000);
  });

  it('comes in pages of a bounded size, whatever the size of its rows', async () => {
    const { storage, commit } = await started();
    for (let part = 0; part < 4; part += 1) {
      await commit(storage.events.insert(Array.from({ length: 50 }, (_, index) => anEvent(`${part}-${index}`, { details: { value: 'x'.repeat(60_000) } }))));
    }
    const first = await storage.events.list({ project: PROJECT }, { limit: 1000 });
    expect(first.items.length).toBeLessThan(150);
    expect(await allOf((page) => storage.events.list({ project: PROJECT }, page), 1000)).toHaveLength(200);
  });

  it('is found by its index, to the place where reading goes on', async () => {
    const { system, commit } = await started();
    const database = openReadDatabase(system.file);
    onTestFinished(() => database.close());
    const read: { sql: string; parameters: readonly SqlValue[] }[] = [];
    const spy: ReadDatabase = {
      ...database,
      all(sql, ...parameters) {
        read.push({ sql, parameters });
        return database.all(sql, ...parameters);
      },
      get(sql, ...parameters) {
        read.push({ sql, parameters });
        return database.get(sql, ...parameters);
      },
    };
    const { alarms, events, outbox } = createAlarming(() => spy, SILENT_LOG);
    const many = Array.from({ length: 5000 }, (_, index) => `x${index}`);
    await commit(
      events.insert(many.map((id) => anEvent(id, { rule: 'r' as RuleId, alarm: 'x' as AlarmId }))),
      alarms.put(many.map((id) => anAlarm(id, { subject: { device: 'b1' as DeviceId, point: id as PointPath, group: null } }))),
      outbox.insert(many.map((id) => anOutboxEntry(id))),
    );
    const severities = ['minor'] as const;
    const [devices, rules] = [['b1' as DeviceId], ['r' as RuleId, 'boiler-hot' as RuleId]];
    const project = PROJECT;
    for (const filter of [
      {},
      { devices },
      { rules },
      { alarm: 'x' as AlarmId },
      { kinds: ['device.connected'] as const },
      { oldestFirst: true },
      { from: 1 },
    ]) {
      await allOf((page) => events.list({ project, ...filter }, page), 1000);
      await allOf((page) => events.list({ project, severities, ...filter }, page), 1000);
      await events.count({ project, severities, ...filter });
    }
    for (const filter of [{}, { devices }, { rules }, { closed: false }, { closed: true }, { from: 1, to: 2e12 }]) {
      await allOf((page) => alarms.list({ project, ...filter }, page), 1000);
      await allOf((page) => alarms.list({ project, severities, ...filter }, page), 1000);
    }
    for (const filter of [{}, { alarm: 'a' as AlarmId }, { channel: 'ops' as ChannelId }]) {
      await allOf((page) => outbox.list({ project, states: ['failed'], ...filter }, page), 1000);
    }
    const goingOn = read.filter(({ sql }) => sql.includes('indexed by') && /\) [<>] \(/.test(sql));
    expect(goingOn.length).toBeGreaterThan(100);
    for (const { sql, parameters } of goingOn) {
      const [plan, ...more] = database.all<{ detail: string }>(`explain query plan ${sql}`, ...parameters);
      expect(plan?.detail, sql).toMatch(/^SEARCH \w+ USING (?:COVERING )?INDEX \w+ \(.*rowid\)?[<>]/);
      expect(
        more.filter(({ detail }) => !/LIST SUBQUERY|SCAN json_each|BLOOM/.test(detail)),
        sql,
      ).toEqual([]);
    }
  });

  it('is one statement: ten thousand alarms', async () => {
    const { storage, commit } = await started();
    const alarms = Array.from({ length: 10_000 }, (_, index) => anAlarm(`a${index}`));
    const statement = storage.alarms.put(alarms);
    expect((await commit(statement)).changes).toEqual([10_000]);
    expect((await commit(storage.alarms.put(alarms.map((alarm) => ({ ...alarm, acked: true }))))).changes).toEqual([10_000]);
    expect((await storage.alarms.live()).every(({ acked }) => acked)).toBe(true);
  });
});

describe('evaluations on disk', () => {
  it('are kept by rule and subject, and go with a state of null', async () => {
    const { storage, commit } = await started();
    const of = (rule: string, subject: string, state: unknown) => ({ project: PROJECT, rule: rule as RuleId, subject, state: state as never });
    await commit(
      storage.evaluations.put([of('r', 'a', { x: [1, null, 'é'] }), of('r', 'b', 'text'), of('r', 'c', 0), of('s', 'a', false), of('r', 'n', null)]),
    );
    await commit(storage.evaluations.put([of('r', 'a', { x: 2 }), of('r', 'c', null)]));
    expect([...storage.evaluations.all()]).toEqual([of('r', 'a', { x: 2 }), of('r', 'b', 'text'), of('s', 'a', false)]);
    await commit(storage.evaluations.removeOfRule(PROJECT, 'r' as RuleId));
    expect([...storage.evaluations.all()]).toEqual([of('s', 'a', false)]);
  });

  it('have one text for each subject', () => {
    for (const subject of [
      { device: 'd' as DeviceId, point: null, group: null },
      { device: 'd:1' as DeviceId, point: 'a/b' as PointPath, group: null },
      { device: null, point: null, group: 'paris/hall-2' },
    ])
      expect(subjectOf(subjectKey(subject))).toEqual(subject);
  });
});

describe('notifications on disk', () => {
  const channel: Channel = { id: 'ops' as ChannelId, project: PROJECT, kind: 'webhook', enabled: true, config: { url: 'x' }, createdAt: 1, updatedAt: 1 };
  const route: Route = { id: 'all' as RouteId, project: PROJECT, enabled: true, channels: [channel.id], document: { match: {} }, createdAt: 1, updatedAt: 1 };

  it('are channels and routes that have a name each', async () => {
    const { storage, commit } = await started();
    await commit(storage.channels.insert(channel), storage.routes.insert(route), storage.channels.insert({ ...channel, project: OTHER }));
    await expect(commit(storage.channels.insert(channel))).rejects.toMatchObject({ reason: 'unique' });
    await expect(commit(storage.routes.insert(route))).rejects.toMatchObject({ reason: 'unique' });
    await commit(storage.channels.update({ ...channel, enabled: false, config: {} }), storage.routes.update({ ...route, channels: [], updatedAt: 2 }));
    expect(await storage.channels.all()).toEqual([
      { ...channel, enabled: false, config: {} },
      { ...channel, project: OTHER },
    ]);
    expect(await storage.routes.all()).toEqual([{ ...route, channels: [], updatedAt: 2 }]);
    await commit(storage.channels.remove(PROJECT, channel.id), storage.routes.remove(PROJECT, route.id));
    for (const gone of [storage.channels.update(channel), storage.routes.update(route), storage.channels.remove(PROJECT, channel.id)])
      await expect(commit(gone)).rejects.toMatchObject({ reason: 'stale' });
  });

  it('wait in the order in which they are due, and are settled together', async () => {
    const { storage, commit } = await started();
    await commit(
      storage.outbox.insert([
        anOutboxEntry('b', { dueAt: 2 }),
        anOutboxEntry('a', { dueAt: 3, content: { deep: { text: 'é' } } }),
        anOutboxEntry('c', { dueAt: 1 }),
      ]),
    );
    expect((await commit(storage.outbox.insert([anOutboxEntry('a', { attempts: 9 })]))).changes).toEqual([0]);
    expect(idsOf(await storage.outbox.waiting())).toEqual(['c', 'b', 'a']);
    const done = { delivery: 'd1', state: 'delivered', attempts: 2, settledAt: 9, lastError: null } as const;
    await commit(
      storage.outbox.update([
        anOutboxEntry('a', { ...done, dueAt: 3 }),
        anOutboxEntry('c', { ...done, state: 'failed', lastError: '500' }),
        anOutboxEntry('none'),
      ]),
    );
    expect(idsOf(await storage.outbox.waiting())).toEqual(['b']);
    const list = (more: object) => allOf((page) => storage.outbox.list({ project: PROJECT, ...more }, page), 1);
    expect(await list({})).toEqual([
      anOutboxEntry('c', { ...done, state: 'failed', lastError: '500', dueAt: 1 }),
      anOutboxEntry('a', { ...done, dueAt: 3, content: { deep: { text: 'é' } } }),
      anOutboxEntry('b', { dueAt: 2 }),
    ]);
    expect(idsOf(await list({ states: ['failed', 'waiting'] }))).toEqual(['c', 'b']);
    expect(await list({ channel: 'none' as ChannelId })).toEqual([]);
    expect(idsOf(await list({ channel: 'ops' as ChannelId, alarm: 'a' as AlarmId, states: ['delivered'] }))).toEqual(['a']);
    expect(await list({ project: OTHER, alarm: 'a' as AlarmId })).toEqual([]);
    expect((await commit(storage.outbox.removeSettled(10, 1))).changes).toEqual([1]);
    expect((await commit(storage.outbox.removeSettled(10, 5))).changes).toEqual([1]);
    expect(idsOf(await list({}))).toEqual(['b']);
  });
});

describe('maintenance windows and marks', () => {
  it('are kept until they are removed or over', async () => {
    const { storage, commit } = await started();
    const window = { id: 'w', project: PROJECT, scope: { group: 'paris' }, from: 5, to: 10, reason: 'filters', createdAt: 1, createdBy: 'user:anna' };
    await commit(storage.maintenances.insert(window), storage.maintenances.insert({ ...window, id: 'v', from: 1, to: 2 }));
    expect(idsOf(await storage.maintenances.all())).toEqual(['v', 'w']);
    await commit(storage.maintenances.removeEnded(10));
    expect(await storage.maintenances.all()).toEqual([window]);
    await expect(commit(storage.maintenances.remove(OTHER, 'w'))).rejects.toMatchObject({ reason: 'stale' });
    await commit(storage.maintenances.remove(PROJECT, 'w'));
    expect(await storage.maintenances.all()).toEqual([]);
    expect(await storage.awakeAt()).toBeNull();
    await commit(storage.awake(5));
    await commit(storage.awake(7));
    expect(await storage.awakeAt()).toBe(7);
  });
});

describe('rows that somebody damaged', () => {
  it('are left out and told once, and all others are read', async () => {
    const lines: object[] = [];
    const { system, storage, commit } = await started(lines);
    const two = ['a', 'b'];
    const channel = (id: string): Channel => ({
      id: id as ChannelId,
      project: PROJECT,
      kind: 'webhook',
      enabled: true,
      config: {},
      createdAt: 1,
      updatedAt: 1,
    });
    const route = (id: string): Route => ({ id: id as RouteId, project: PROJECT, enabled: true, channels: [], document: {}, createdAt: 1, updatedAt: 1 });
    await commit(
      ...two.map((id) => storage.rules.insert(aRuleRecord(id))),
      storage.alarms.put([...two, 'c', 'd', 'e'].map((id) => anAlarm(id))),
      storage.events.insert([...two, 'c', 'd'].map((id) => anEvent(id))),
      storage.outbox.insert(two.map((id) => anOutboxEntry(id))),
      storage.evaluations.put(two.map((subject) => ({ project: PROJECT, rule: 'r' as RuleId, subject, state: 1 }))),
      ...two.flatMap((id) => [storage.channels.insert(channel(id)), storage.routes.insert(route(id))]),
      ...two.map((id) => storage.maintenances.insert({ id, project: PROJECT, scope: {}, from: 1, to: 2, reason: '', createdAt: 1, createdBy: 'x' })),
    );
    const database = openDatabase(system.file, { readOnly: false });
    database.exec(`update rules set document = '{' where id = 'a'; update rule_versions set document = 'null' where id = 'a';
      update alarms set record = '{"id":' where id = 'a'; update alarms set record = json_set(record, '$.severity', 'purple') where id = 'c';
      update alarms set record = json_set(record, '$.id', 'b') where id = 'd'; update alarms set record = json_remove(record, '$.subject.device') where id = 'e';
      update events set details = '[]' where id = 'a'; update events set kind = 'x.y' where id = 'c'; update events set severity = 'x' where id = 'd';
      update outbox set content = '' where id = 'a'; update evaluations set state = 'x' where subject = 'a';
      update channels set config = '7' where id = 'a'; update routes set channels = '{}' where id = 'a'; update maintenances set scope = 'x' where id = 'a'`);
    database.close();
    for (let time = 0; time < 2; time += 1) {
      expect(idsOf(await storage.rules.all())).toEqual(['b']);
      expect(await storage.rules.versions(PROJECT, 'a' as RuleId)).toEqual([]);
      expect(idsOf(await storage.alarms.live())).toEqual(['b']);
      expect(await storage.alarms.byId(PROJECT, 'a' as AlarmId)).toBeNull();
      expect(idsOf(await allOf((page) => storage.alarms.list({ project: PROJECT }, page), 1))).toEqual(['b']);
      expect(idsOf(await allOf((page) => storage.events.list({ project: PROJECT }, page), 1))).toEqual(['b']);
      expect(idsOf(await storage.outbox.waiting())).toEqual(['b']);
      expect([...storage.evaluations.all()].map(({ subject }) => subject)).toEqual(['b']);
      expect(idsOf(await storage.channels.all())).toEqual(['b']);
      expect(idsOf(await storage.routes.all())).toEqual(['b']);
      expect(idsOf(await storage.maintenances.all())).toEqual(['b']);
    }
    expect(lines).toHaveLength(14);
    expect(lines).toContainEqual(expect.objectContaining({ table: 'alarms', id: 'c', reason: 'its severity is not what it should be' }));
  });
});
