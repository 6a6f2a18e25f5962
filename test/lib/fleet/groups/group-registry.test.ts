import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Device } from '../../../../src/lib/domain/device.ts';
import { compareGroupPaths, type Group, groupPath, isWithin, movedPath, pathsTo } from '../../../../src/lib/domain/group.ts';
import type { DeviceId, GroupPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import { parseSelector, selectorMatcher } from '../../../../src/lib/domain/selector.ts';
import { Directory } from '../../../../src/lib/fleet/directory.ts';

const PROJECT = 'default' as ProjectId;

const group = (path: string, selector: string | null = null): Group => ({
  ...{ project: PROJECT, path: path as GroupPath, name: path, level: null, description: null, labels: {}, selector, attributes: {} },
  ...{ createdAt: 0, updatedAt: 0 },
});

const device = (id: string, more: { groups?: readonly string[]; labels?: Record<string, string>; type?: string } = {}): Device =>
  ({
    ...{ id: id as DeviceId, project: PROJECT, name: id, kind: 'device', type: null, parent: null, state: 'active', labels: {}, aliases: {}, groups: [] },
    ...{ createdAt: 0, updatedAt: 0 },
    ...more,
  }) as Device;

const ids = (directory: Directory, path: string): string[] => [...directory.groups.devices(PROJECT, path)].map((entry) => entry.device.id).sort();

describe('a device is', () => {
  it('in what it was put into and in all above that, each once, the widest first', () => {
    const directory = new Directory();
    directory.putDevice(device('b1', { groups: ['lyon', 'paris/hall-1/a', 'paris/hall-2'] }));
    const entry = directory.device('b1');
    expect(entry && directory.groupsOf(entry.device)).toEqual(['lyon', 'paris', 'paris/hall-1', 'paris/hall-2', 'paris/hall-1/a']);
    expect(ids(directory, 'paris')).toEqual(['b1']);
    expect(directory.groups.deviceCount(PROJECT, 'paris')).toBe(1);
  });

  it('in the group that its label names, which comes first', () => {
    const directory = new Directory();
    const { device: put } = directory.putDevice(device('b1', { groups: ['a', 'paris/hall-2'], labels: { group: '/paris//hall-2/' } }));
    expect(directory.membershipOf(put).own).toEqual(['paris/hall-2', 'a']);
    expect(directory.groupsOf(device('b2', { labels: Object.create({ group: 'inherited' }) }))).toEqual([]);
  });

  it('in the groups whose selector fits, and follows when it changes or goes', () => {
    const directory = new Directory();
    directory.groups.put(group('meters', 'type=meter'));
    directory.groups.put(group('meters/paris', 'type=meter,site=paris'));
    directory.groups.put(group('odd', '!site'));
    directory.putDevice(device('m1', { type: 'meter', labels: { site: 'paris' } }));
    directory.putDevice(device('m2', { type: 'meter' }));
    expect(ids(directory, 'meters')).toEqual(['m1', 'm2']);
    expect(ids(directory, 'meters/paris')).toEqual(['m1']);
    expect(ids(directory, 'odd')).toEqual(['m2']);
    directory.putDevice(device('m2', { labels: { site: 'paris' } }));
    expect(ids(directory, 'meters')).toEqual(['m1']);
    expect(ids(directory, 'odd')).toEqual([]);
    directory.removeDevice('m1' as DeviceId);
    expect(ids(directory, 'meters')).toEqual([]);
    expect([...directory.groups.memberships(PROJECT)]).toEqual([]);
  });

  it('seen by a selector in the groups that it was put into, not in those that other selectors make', () => {
    const directory = new Directory();
    directory.groups.put(group('first', 'type=meter'));
    directory.groups.put(group('second', 'group=first'));
    directory.groups.put(group('third', 'group=paris'));
    directory.putDevice(device('m1', { type: 'meter', groups: ['paris/hall-1'] }));
    directory.putDevice(device('m2', { type: 'other', groups: ['first'] }));
    expect([ids(directory, 'first'), ids(directory, 'second'), ids(directory, 'third')]).toEqual([['m1', 'm2'], ['m2'], ['m1']]);
  });

  it('placed anew when the selector of a group changes', () => {
    const directory = new Directory();
    const entry = directory.putDevice(device('m1', { type: 'meter' }));
    directory.groups.put(group('meters', 'type=meter'));
    expect([directory.groups.place(entry), directory.groups.place(entry)]).toEqual([true, false]);
    expect(ids(directory, 'meters')).toEqual(['m1']);
    directory.groups.remove(PROJECT, 'meters' as GroupPath);
    expect(directory.groups.place(entry)).toBe(true);
    expect(entry.membership).toBeNull();
  });
});

it('what the index of selectors finds is what each selector finds by itself, through all changes', () => {
  const word = fc.constantFrom('a', 'b', 'c');
  const term = fc.oneof(
    fc.tuple(fc.constantFrom('site', 'label.zone', 'type', 'id', 'state', 'name'), fc.constantFrom('=', '!='), fc.constantFrom('a', 'b', 'a|b', 'a*', '')),
    fc.tuple(fc.constantFrom('site', '!site', 'type', '!zone'), fc.constant(''), fc.constant('')),
  );
  const selector = fc.array(term, { maxLength: 3 }).map((terms) => terms.map((parts) => parts.join('')).join(','));
  const change = fc.oneof(
    fc.record({ path: word, selector: fc.option(selector) }),
    fc.record({ id: word, type: fc.option(word), labels: fc.dictionary(fc.constantFrom('site', 'zone', 'group'), word, { maxKeys: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
      const directory = new Directory();
      for (const each of changes) {
        if ('path' in each) {
          directory.groups.put(group(each.path, each.selector));
          for (const entry of directory.devices()) directory.groups.place(entry);
        } else directory.putDevice(device(each.id, { labels: each.labels, type: each.type as never }));
      }
      for (const { device: known } of directory.devices()) {
        const putInto = known.labels.group === undefined ? [] : [known.labels.group];
        const fits = directory.groups.list(PROJECT).filter(({ selector: text }) => {
          const parsed = text === null ? null : parseSelector(text);
          return parsed?.ok === true && selectorMatcher(parsed.selector, () => putInto)(known);
        });
        const expected = [...new Set([...putInto, ...fits.map(({ path }) => path)])].sort();
        expect([...directory.groupsOf(known)].sort()).toEqual(expected);
        for (const path of ['a', 'b', 'c']) expect(ids(directory, path).includes(known.id)).toBe(expected.includes(path as GroupPath));
      }
    }),
  );
});

describe('paths', () => {
  it('are read as a tree: a group, then all below it, then its neighbour', () => {
    expect(['b', 'a-1', 'a/z', 'a', 'a/b/c', 'a.x'].sort(compareGroupPaths)).toEqual(['a', 'a/b/c', 'a/z', 'a-1', 'a.x', 'b']);
  });

  it('move with what is above them', () => {
    expect([movedPath('a/b/c', 'a/b', 'x'), movedPath('a/b', 'a/b', 'x/y'), movedPath('a/bc', 'a/b', 'x')]).toEqual(['x/c', 'x/y', 'a/bc']);
    expect([isWithin('a/b', 'a'), isWithin('ab', 'a'), pathsTo('a/b')]).toEqual([true, false, ['a', 'a/b']]);
    expect(groupPath('//a/ b//')).toBe('a/ b');
  });
});
