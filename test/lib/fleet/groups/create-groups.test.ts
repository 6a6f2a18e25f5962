import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId, GroupPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import { type StartedFleet, startedFleet } from '../../../helpers/started-fleet.ts';
import { storedFleet } from '../../../helpers/stored-fleet.ts';

const ACTOR = 'user:anna';
const act = { actor: ACTOR, check: false };

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof MusterError ? error.code : String(error)),
  );

const put = async ({ fleet, project }: StartedFleet, id: string, groups: readonly string[] = [], more: object = {}): Promise<void> =>
  void (await fleet.createDevice(project, { id, kind: 'device', labels: {}, aliases: {}, groups, ...more }));

/** What stands on disk is what stands in memory. */
async function expectStored({ system, directory, project }: StartedFleet): Promise<void> {
  const stored = await system.groups.all();
  expect([...stored].sort((one, other) => (one.path < other.path ? -1 : 1))).toEqual(
    [...directory.groups.list(project)].sort((one, other) => (one.path < other.path ? -1 : 1)),
  );
  for (const device of (await storedFleet(system)).devices) {
    const entry = directory.device(device.id);
    expect([device.groups, device.updatedAt]).toEqual([entry?.device.groups, entry?.device.updatedAt]);
  }
}

describe('groups, on a real database', () => {
  it('are made with all above them, once, and those who ask for them get what was missing', async () => {
    const started = await startedFleet();
    const { groups, project, news } = started;
    await groups.create(project, { path: 'a/b', level: 'zone', selector: 'site=x' }, ACTOR);
    expect((await groups.ensure(project, ['a/c/d', 'a/b', 'a/c'], ACTOR)).map(({ path }) => path)).toEqual(['a/c', 'a/c/d']);
    expect(await groups.ensure(project, ['a/c/d'], ACTOR)).toEqual([]);
    expect(news.map(({ kind, group }) => `${kind} ${group.path}`)).toEqual(['created a', 'created a/b', 'created a/c', 'created a/c/d']);
    expect(await codeOf(groups.create(project, { path: 'a/c' }, ACTOR))).toBe('conflict');
    expect(await codeOf(groups.ensure(project, ['a/ c'], ACTOR))).toBe('invalid');
    expect(await codeOf(groups.create(project, { path: 'e', selector: '' }, ACTOR))).toBe('invalid');
    expect(() => groups.get('other' as ProjectId, 'a')).toThrow('there is no group a');
    await expectStored(started);
  });

  it('asked for by many at once are made once', async () => {
    const started = await startedFleet();
    const made = await Promise.all([1, 2, 3, 4].map(() => started.groups.ensure(started.project, ['x/y'], ACTOR)));
    expect(made.flat().map(({ path }) => path)).toEqual(['x', 'x/y']);
    await expectStored(started);
  });

  it('stay within their limits, of which a selector that is found by a value takes nothing', async () => {
    const { groups, project } = await startedFleet({ groupsMax: 4, triedSelectorsMax: 1 });
    await groups.create(project, { path: 'a', selector: 'site!=x' }, ACTOR);
    await groups.create(project, { path: 'b', selector: 'site=x,!floor' }, ACTOR);
    expect(await codeOf(groups.create(project, { path: 'c', selector: 'name=x*' }, ACTOR))).toBe('limit_reached');
    expect(await codeOf(groups.update(project, 'b', { selector: '!floor' }, ACTOR))).toBe('limit_reached');
    // Its own place is free for it.
    await groups.update(project, 'a', { selector: 'site!=y' }, ACTOR);
    expect(await codeOf(groups.create(project, { path: 'c/d/e' }, ACTOR))).toBe('limit_reached');
    await groups.create(project, { path: 'c/d' }, ACTOR);
  });

  it('change in what is said of them, and nothing else', async () => {
    const started = await startedFleet();
    const { groups, project } = started;
    await groups.create(project, { path: 'a', labels: { x: '1', y: '2' }, attributes: { area: 1 }, level: 'site' }, ACTOR);
    const after = await groups.update(project, 'a', { labels: { x: null, z: '3' }, level: null, attributes: { area: 2 } }, ACTOR);
    expect(after).toMatchObject({ name: 'a', labels: { y: '2', z: '3' }, level: null, attributes: { area: 2 } });
    await expectStored(started);
  });

  it('tell of the devices that a move, a deletion or a selector touches, and of no others', async () => {
    const started = await startedFleet();
    const { groups, project, heard } = started;
    await groups.ensure(project, ['a/b', 'c'], ACTOR);
    await put(started, 'd1', ['a/b']);
    await put(started, 'd2', ['c']);
    await put(started, 'd3', [], { labels: { group: 'a/b' } });
    const since = async (work: () => Promise<unknown>): Promise<string[]> => {
      heard.length = 0;
      await work();
      return [...heard].sort();
    };
    expect(await since(() => groups.move(project, 'a', 'z', act))).toEqual(['changed d1']);
    expect(await since(() => groups.update(project, 'c', { selector: 'id=d1|d2' }, ACTOR))).toEqual(['changed d1']);
    expect(await since(() => groups.update(project, 'c', { level: 'site' }, ACTOR))).toEqual([]);
    expect(await since(() => groups.delete(project, 'c', { ...act, all: true }))).toEqual(['changed d1', 'changed d2']);
    await expectStored(started);
  });

  it('keep a name of their own when they move, and follow with one that was the last level', async () => {
    const started = await startedFleet();
    const { groups, project } = started;
    await groups.create(project, { path: 'a' }, ACTOR);
    await groups.create(project, { path: 'a/b', name: 'Hall B' }, ACTOR);
    await groups.move(project, 'a', 'x/y', act);
    expect(started.directory.groups.list(project).map(({ path, name }) => [path, name])).toEqual([
      ['x', 'x'],
      ['x/y', 'y'],
      ['x/y/b', 'Hall B'],
    ]);
    await expectStored(started);
  });

  it('count those that stay behind because of their label', async () => {
    const started = await startedFleet();
    const { groups, project } = started;
    await groups.ensure(project, ['a/b'], ACTOR);
    await put(started, 'd1', ['a/b'], { labels: { group: 'a' } });
    await put(started, 'd2', [], { labels: { group: 'a/b' } });
    expect(await groups.move(project, 'a', 'z', { ...act, check: true })).toEqual({ groups: 2, devices: 1, byLabel: 1 });
    await groups.move(project, 'a', 'z', act);
    expect(started.directory.groups.deviceCount(project, 'a')).toBe(2);
  });

  it('are the same on disk and in memory after whatever changes, and a refusal changes nothing', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
    const device = fc.constantFrom('d1', 'd2', 'd3', 'd4') as fc.Arbitrary<DeviceId>;
    const change = fc.oneof(
      fc.record({ kind: fc.constant('make' as const), path }),
      fc.record({ kind: fc.constant('move' as const), path, to: path }),
      fc.record({ kind: fc.constant('delete' as const), path, all: fc.boolean() }),
      fc.record({ kind: fc.constant('add' as const), path, devices: fc.uniqueArray(device) }),
      fc.record({ kind: fc.constant('remove' as const), path, devices: fc.uniqueArray(device) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 15 }), async (changes) => {
        const started = await startedFleet();
        const { groups, project, directory } = started;
        for (const id of ['d1', 'd2', 'd3', 'd4']) await put(started, id);
        for (const each of changes) {
          const before = [...directory.groups.list(project)];
          const work =
            each.kind === 'make'
              ? groups.ensure(project, [each.path], ACTOR)
              : each.kind === 'move'
                ? groups.move(project, each.path, each.to, act)
                : each.kind === 'delete'
                  ? groups.delete(project, each.path, { ...act, all: each.all })
                  : groups[each.kind](project, each.path, each.devices, act);
          if ((await codeOf(work)) !== 'done') expect([...directory.groups.list(project)]).toEqual(before);
        }
        await expectStored(started);
        for (const { path: known } of directory.groups.list(project)) {
          const members = [...directory.groups.devices(project, known)].map((entry) => entry.device);
          for (const { groups: own } of members) expect(own.some((each) => each === known || each.startsWith(`${known}/`))).toBe(true);
          for (const { device: each } of directory.devices())
            for (const own of each.groups) expect(directory.groups.group(project, own as GroupPath)).toBeDefined();
        }
      }),
      { numRuns: 25 },
    );
  });
});
