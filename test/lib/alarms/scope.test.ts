import { describe, expect, test } from 'vitest';
import type { Scope } from '../../../src/lib/alarms/rule.ts';
import { explainScope, groupsWatched, matchesDevice, matchesPoint } from '../../../src/lib/alarms/scope.ts';
import { deviceGroups, IN_NO_GROUP } from '../../../src/lib/domain/group.ts';
import type { GroupPath } from '../../../src/lib/domain/ids.ts';

const scope = (part: Partial<Scope>): Scope => ({ types: [], groups: [], labels: [], devices: [], points: [], ...part });
const boiler = { id: 'b7', type: 'boiler', labels: { site: 'paris', critical: '' } };
const groups = deviceGroups(['paris/hall-2' as GroupPath]);
const holds = (part: Partial<Scope>, device: Parameters<typeof matchesDevice>[1] = boiler): boolean => matchesDevice(scope(part), device, groups);

test('an empty scope has all devices and points', () => {
  expect(holds({})).toBe(true);
  expect(matchesPoint(scope({}), 'boiler/temperature')).toBe(true);
});

test('of a list one is enough, and every part must hold', () => {
  expect(holds({ types: ['pump', 'boiler'] })).toBe(true);
  expect(holds({ types: ['boiler'], devices: ['x*'] })).toBe(false);
  expect(holds({ types: ['boiler'] }, { ...boiler, type: null })).toBe(false);
});

test('a device is in its group and in those above it, level by level', () => {
  expect(['paris', 'paris/hall-2', '/paris/', 'paris/hall', 'par', 'hall-2', 'paris/hall-2/x', ''].map((group) => holds({ groups: [group] }))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(matchesDevice(scope({ groups: ['paris'] }), boiler, IN_NO_GROUP)).toBe(false);
  expect(matchesDevice(scope({ groups: ['lyon'] }), boiler, deviceGroups(['paris/hall-2', 'lyon/hall-1'] as GroupPath[]))).toBe(true);
});

test('a rule over groups watches those it names, however their paths are written, or else those that a device is in itself', () => {
  expect(groupsWatched(scope({ groups: ['/paris/', 'lyon'] }), groups)).toEqual(['paris']);
  expect(groupsWatched(scope({ groups: ['paris//hall-2', 'paris'] }), groups)).toEqual(['paris', 'paris/hall-2']);
  expect(groupsWatched(scope({}), groups)).toEqual(['paris/hall-2']);
  expect(groupsWatched(scope({}), IN_NO_GROUP)).toEqual([]);
});

test('all labels must hold, by value or by name alone', () => {
  expect(holds({ labels: ['site=paris', 'critical'] })).toBe(true);
  expect(holds({ labels: ['site=paris', 'missing'] })).toBe(false);
  expect(holds({ labels: ['site=par'] })).toBe(false);
  expect(holds({ labels: ['critical='] })).toBe(true);
  expect(holds({ labels: ['toString'] })).toBe(false);
});

test('devices and points are named, or matched with *', () => {
  expect([['b7'], ['b*'], ['*7'], ['B7'], ['b']].map((devices) => holds({ devices }))).toEqual([true, true, true, false, false]);
  expect(['boiler/temperature', '*/temperature', '*', 'boiler'].map((points) => matchesPoint(scope({ points: [points] }), 'boiler/temperature'))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

describe('the explanation', () => {
  test('has the parts that are given, each with what is there', () => {
    expect(explainScope(scope({ types: ['pump'], groups: ['paris'], points: ['x'] }), boiler, groups, 'boiler/temperature')).toEqual([
      { part: 'type', wanted: ['pump'], is: 'boiler', holds: false },
      { part: 'group', wanted: ['paris'], is: 'paris/hall-2', holds: true },
      { part: 'points', wanted: ['x'], is: 'boiler/temperature', holds: false },
    ]);
  });

  test('leaves out the points when there is none', () => {
    expect(explainScope(scope({ points: ['x'], labels: ['a=b'] }), { ...boiler, labels: {} }, IN_NO_GROUP, null)).toEqual([
      { part: 'labels', wanted: ['a=b'], is: null, holds: false },
    ]);
  });
});
