import { expect, it } from 'vitest';
import type { DeviceTypeId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { aDevice, aPoint, aType } from '../../helpers/fleet.ts';

it('gives all points the same fields in the same order, whoever made them', () => {
  const directory = new Directory();
  directory.putDevice(aDevice('a'));
  const { createdAt, ...rest } = aPoint('a', 'x', 1);
  const one = directory.putPoint({ createdAt, ...rest });
  const fields = Object.keys(one.point);
  const other = directory.putPoint(aPoint('a', 'y', 2));
  expect(Object.keys(other.point)).toEqual(fields);
  expect(Object.keys(directory.putPoint({ ...aPoint('a', 'y', 2), unit: 'K' }).point)).toEqual(fields);
  expect(other.point).toEqual({ ...aPoint('a', 'y', 2), unit: 'K' });
});

it('keeps the types of two projects apart', () => {
  const directory = new Directory();
  directory.putType(aType('t'));
  directory.putType({ ...aType('t'), project: 'other' as ProjectId, mode: 'open' });
  expect([...directory.typesOf('other' as ProjectId)].map(({ mode }) => mode)).toEqual(['open']);
  directory.removeType('other' as ProjectId, 't' as DeviceTypeId);
  expect(directory.type('other' as ProjectId, 't' as DeviceTypeId)).toBeUndefined();
  expect(directory.type('default' as ProjectId, 't' as DeviceTypeId)).toEqual(aType('t'));
  expect([...directory.typesOf('nobody' as ProjectId)]).toEqual([]);
});
