import type { DeviceTypeCreate, DeviceTypeUpdate } from '../../api/schema/fleet.ts';
import type { Body, ManifestKind } from '../manifest-kind.ts';
import { sortedBy, withDefaults } from '../normal-fields.ts';
import { oneByOne } from '../one-by-one.ts';

const POINT: Body = { kind: 'measure', valueType: 'number', unit: null, decimals: null, min: null, max: null, description: null, retention: null };

export const typeKind: ManifestKind = {
  name: 'type',
  plural: 'types',
  key: 'id',
  fields: ['mode', 'description', 'points', 'configSchema'],
  whole: false,
  normal(body) {
    const filled = withDefaults(body, { mode: 'strict', description: null, points: [], configSchema: null });
    return { ...filled, points: sortedBy(filled.points, 'path', (point) => withDefaults(point, POINT)) };
  },
  list: (hub) => hub.types.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.types.show(name)) as unknown as Body,
  store: (hub, changes) =>
    oneByOne(changes, ({ name, before, wanted }) =>
      before === null ? hub.types.create({ ...wanted, id: name } as DeviceTypeCreate) : hub.types.update(name, withoutKey(wanted) as DeviceTypeUpdate),
    ),
  remove: (hub, names) => oneByOne(names, (name) => hub.types.delete(name)),
};

/** A point says what differs from what points are as a rule. */
export function shortPoints(points: unknown): unknown {
  if (!Array.isArray(points)) return points;
  return points.map((point: Body) => Object.fromEntries(Object.entries(point).filter(([name, value]) => value !== POINT[name])));
}

function withoutKey({ id: _, ...rest }: Body): Body {
  return rest;
}
