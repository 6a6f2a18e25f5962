import { expect, test } from 'vitest';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { aDevice, aPoint } from '../../helpers/fleet.ts';
import { aRuleDocument, createTestRules } from '../../helpers/rules.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const PROJECT = 'default' as ProjectId;
const ANNA = 'user:anna';

async function fresh(more: { readonly rulesPerProjectMax?: number } = {}) {
  const system = await startedSystemStore();
  const directory = new Directory();
  return { system, directory, ...createTestRules(system, directory, more) };
}

test('a rule that is created is in force when its promise resolves, on disk and in the journal', async () => {
  const { system, rules, changes, published } = await fresh();
  const record = await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  expect(record).toMatchObject({ id: 'hot', version: 1, enabled: true, createdBy: ANNA });
  expect(rules.inForce(PROJECT).map(({ id, version }) => [id, version])).toEqual([['hot', 1]]);
  expect(changes).toMatchObject([{ id: 'hot', before: null, after: { version: 1 }, actor: ANNA }]);
  expect(await system.alarming.rules.all()).toEqual([record]);
  const { items } = await system.alarming.events.list({ project: PROJECT }, { limit: 10 });
  expect(items).toMatchObject([{ kind: 'rule.created', rule: 'hot', actor: ANNA, details: { version: 1 } }]);
  expect(published).toEqual(items);
});

test('a document that is wrong is refused with all its problems, and nothing is stored', async () => {
  const { system, rules, changes } = await fresh();
  const wrong = { id: 'no good', scope: { points: 7 }, when: { bands: [{ level: 'major' }] }, onDelay: 'soon' };
  const error = await rules.create(PROJECT, wrong, ANNA).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid' });
  const { problems } = (error as { details: { problems: { path: string }[] } }).details;
  expect(problems.map(({ path }) => path).sort()).toEqual(expect.arrayContaining(['id', 'onDelay', 'scope.points']));
  expect(rules.list(PROJECT)).toEqual([]);
  expect(await system.alarming.rules.all()).toEqual([]);
  expect(changes).toEqual([]);
});

test('an update makes a new version, and one that says the same does not', async () => {
  const { rules, changes } = await fresh();
  await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  const better = aRuleDocument('hot', { onDelay: '30s' });
  const updated = await rules.update(PROJECT, 'hot', better, 1, 'user:ben');
  expect(updated).toMatchObject({ version: 2, createdBy: 'user:ben', document: { onDelay: '30s' } });
  expect(changes.at(-1)).toMatchObject({ before: { version: 1 }, after: { version: 2, onDelayMs: 30_000 } });
  expect(await rules.update(PROJECT, 'hot', better, null, ANNA)).toEqual(updated);
  expect(changes).toHaveLength(2);
  expect((await rules.versions(PROJECT, 'hot')).map(({ version }) => version)).toEqual([2, 1]);
});

test('an update of another version than the one in force is refused, and of two at once one wins', async () => {
  const { rules } = await fresh();
  await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  const both = await Promise.allSettled([
    rules.update(PROJECT, 'hot', aRuleDocument('hot', { onDelay: '1s' }), 1, ANNA),
    rules.update(PROJECT, 'hot', aRuleDocument('hot', { onDelay: '2s' }), 1, 'user:ben'),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect((both[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'conflict', details: { version: 2 } });
  expect(rules.get(PROJECT, 'hot')).toMatchObject({ version: 2, document: { onDelay: '1s' } });
});

test('a rule keeps its id, and a document without one is of the rule that it is given for', async () => {
  const { rules } = await fresh();
  await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  await expect(rules.update(PROJECT, 'hot', aRuleDocument('cold'), null, ANNA)).rejects.toMatchObject({ code: 'invalid' });
  const { id: _, ...nameless } = aRuleDocument('hot', { latch: true });
  expect(await rules.update(PROJECT, 'hot', nameless, null, ANNA)).toMatchObject({ id: 'hot', document: { id: 'hot', latch: true } });
});

test('a rule that is disabled is out of force without a new version, also after a restart; an update does not enable it', async () => {
  const { system, directory, rules, changes } = await fresh();
  await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  expect(await rules.setEnabled(PROJECT, 'hot', false, ANNA)).toMatchObject({ enabled: false, version: 1 });
  expect(changes.at(-1)).toMatchObject({ before: { version: 1 }, after: null, reason: 'the rule hot is disabled' });
  expect(await rules.update(PROJECT, 'hot', aRuleDocument('hot', { latch: true }), null, ANNA)).toMatchObject({ enabled: false, version: 2 });
  expect(rules.inForce(PROJECT)).toEqual([]);

  const again = createTestRules(system, directory);
  await again.rules.load();
  expect(again.rules.inForce(PROJECT)).toEqual([]);
  expect(again.rules.get(PROJECT, 'hot')).toMatchObject({ enabled: false, version: 2 });
  await again.rules.setEnabled(PROJECT, 'hot', true, ANNA);
  expect(again.rules.inForce(PROJECT)).toMatchObject([{ id: 'hot', version: 2, latch: true }]);
});

test('a rule that was deleted keeps its versions, and one of the same name goes on counting', async () => {
  const { rules, changes } = await fresh();
  await rules.create(PROJECT, aRuleDocument('hot'), ANNA);
  await rules.delete(PROJECT, 'hot', ANNA);
  expect(changes.at(-1)).toMatchObject({ before: { version: 1 }, after: null });
  expect(() => rules.get(PROJECT, 'hot')).toThrow(expect.objectContaining({ code: 'not_found' }));
  expect(await rules.create(PROJECT, aRuleDocument('hot', { latch: true }), ANNA)).toMatchObject({ version: 2 });
  expect((await rules.versions(PROJECT, 'hot')).map(({ version }) => version)).toEqual([2, 1]);
});

test('a rule that is there already is a conflict, and the limit of the project holds', async () => {
  const { rules } = await fresh({ rulesPerProjectMax: 2 });
  await rules.create(PROJECT, aRuleDocument('one'), ANNA);
  await expect(rules.create(PROJECT, aRuleDocument('one'), ANNA)).rejects.toMatchObject({ code: 'conflict' });
  await rules.create(PROJECT, aRuleDocument('two'), ANNA);
  await expect(rules.create(PROJECT, aRuleDocument('three'), ANNA)).rejects.toMatchObject({ code: 'limit_reached' });
  await rules.create('other' as ProjectId, aRuleDocument('three'), ANNA).catch(() => undefined);
  expect(rules.list(PROJECT)).toHaveLength(2);
});

test('a rule that cannot be read after an upgrade is kept, out of force, and reported', async () => {
  const { system, directory, rules } = await fresh();
  await rules.create(PROJECT, aRuleDocument('good'), ANNA);
  const strange = { id: 'strange', when: { telepathy: { level: 'major' } } };
  await system.log.commit({
    statements: system.alarming.rules.insert({
      ...{ id: 'strange' as never, project: PROJECT, version: 3, enabled: true, document: strange, createdAt: 1, createdBy: 'user:future' },
    }),
  });
  const again = createTestRules(system, directory);
  await again.rules.load();
  expect(again.rules.get(PROJECT, 'strange').document).toEqual(strange);
  expect(again.rules.compiled(PROJECT, 'strange')).toBeNull();
  expect(again.rules.problems(PROJECT, 'strange').length).toBeGreaterThan(0);
  expect(again.rules.failing).toBe(1);
  expect(again.rules.inForce(PROJECT).map(({ id }) => id)).toEqual(['good']);
  expect(again.recorded).toMatchObject([{ kind: 'rule.failed', rule: 'strange', actor: 'hub' }]);
  expect(await again.rules.update(PROJECT, 'strange', aRuleDocument('strange'), 3, ANNA)).toMatchObject({ version: 4 });
  expect(again.changes).toMatchObject([{ before: null, after: { version: 4 } }]);
});

test('what a rule watches comes in pages, by device and then by point', async () => {
  const { directory, rules } = await fresh();
  let series = 0;
  for (const device of ['a', 'a-b', 'b']) {
    directory.putDevice(aDevice(device));
    for (const path of ['temperature', 'zone/2', 'zone/1', 'other']) {
      series += 1;
      directory.putPoint(aPoint(device, path, series));
    }
  }
  await rules.create(PROJECT, aRuleDocument('zones', { scope: { points: 'zone/*' } }), ANNA);
  const rule = rules.compiled(PROJECT, 'zones');
  if (rule === null) throw new Error('it can be read');
  const all = ['a/zone/1', 'a/zone/2', 'a-b/zone/1', 'a-b/zone/2', 'b/zone/1', 'b/zone/2'];
  expect(await rules.subjects(PROJECT, rule, 100, null)).toEqual({ items: all, count: 6 });
  const seen: string[] = [];
  for (let after: string | null = null; ; ) {
    const { items } = await rules.subjects(PROJECT, rule, 2, after);
    if (items.length === 0) break;
    seen.push(...items);
    after = items.at(-1) ?? null;
  }
  expect(seen).toEqual(all);
});

test('a rule over groups watches the groups that it names, else those that its devices are in', async () => {
  const { directory, rules } = await fresh();
  for (const [device, group] of Object.entries({ a: 'paris/hall-1', b: 'paris/hall-2', c: 'lyon' }))
    directory.putDevice(aDevice(device, { labels: { group } }));
  directory.putDevice(aDevice('d'));
  const when = { joint: { points: { t: 'temperature' }, over: 'group', level: 'major', if: 'count > 80' } };
  const read = rules.check({ id: 'groups', when });
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  expect((await rules.subjects(PROJECT, read.rule, 10, null)).items).toEqual(['@lyon', '@paris/hall-1', '@paris/hall-2']);
});
