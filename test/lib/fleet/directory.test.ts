import { expect, it } from 'vitest';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId } from '../../../src/lib/domain/ids.ts';
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

it('walks through the devices of one project by id, and finds each by its aliases, as they change', () => {
  const directory = new Directory();
  const other = 'other' as ProjectId;
  for (const id of ['c', 'a', 'b']) directory.putDevice({ ...aDevice(id), aliases: { serial: `s-${id}` } });
  directory.putDevice({ ...aDevice('x'), project: other, aliases: { serial: 's-a' } });
  const ids = (project: ProjectId, after?: string) => Array.from(directory.sortedDevices(project, after), ({ device }) => device.id);
  expect([ids(aDevice('a').project), ids(aDevice('a').project, 'a'), ids(other), ids('nobody' as ProjectId)]).toEqual([['a', 'b', 'c'], ['b', 'c'], ['x'], []]);
  directory.putDevice({ ...aDevice('b'), aliases: { serial: 's-new', imei: '1' } });
  directory.removeDevice('a' as DeviceId);
  const owner = (project: ProjectId, kind: 'serial' | 'imei', value: string) => directory.byAlias(project, kind, value)?.device.id;
  expect([owner(aDevice('a').project, 'serial', 's-b'), owner(aDevice('a').project, 'serial', 's-new'), owner(aDevice('a').project, 'imei', '1')]).toEqual([
    undefined,
    'b',
    'b',
  ]);
  expect([owner(aDevice('a').project, 'serial', 's-a'), owner(other, 'serial', 's-a')]).toEqual([undefined, 'x']);
  expect([directory.deviceCount(aDevice('a').project), directory.deviceCount(other)]).toEqual([2, 1]);
  expect(Array.from(directory.devices(), ({ device }) => device.id).sort()).toEqual(['b', 'c', 'x']);
});

it('keeps what devices have in common once, and the same fields whoever made them', () => {
  const directory = new Directory();
  const far = (text: string) => [...text].join('');
  const put = (id: string) =>
    directory.putDevice({ ...aDevice(id), labels: { site: far('a-site-with-a-long-name') }, groups: [far('paris/hall') as GroupPath] }).device;
  const [one, two] = [put('one'), put('two')];
  expect(one.groups).toBe(two.groups);
  const { groups, ...rest } = aDevice('three');
  expect(Object.keys(directory.putDevice({ groups, ...rest }).device)).toEqual(Object.keys(one));
  expect(directory.putDevice({ ...aDevice('four'), labels: { site: 'x', floor: '2' } }).device).toEqual({
    ...aDevice('four'),
    labels: { site: 'x', floor: '2' },
  });
});
