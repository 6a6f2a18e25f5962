import type { GroupCreate, GroupUpdate } from '../../api/schema/groups.ts';
import type { Body, Change, ManifestKind } from '../manifest-kind.ts';
import { withDefaults } from '../normal-fields.ts';
import { oneByOne } from '../one-by-one.ts';

export const groupKind: ManifestKind = {
  name: 'group',
  plural: 'groups',
  key: 'path',
  fields: ['name', 'level', 'description', 'labels', 'selector', 'attributes'],
  whole: false,
  normal(body) {
    const path = String(body.path ?? '');
    return withDefaults(body, { name: path.slice(path.lastIndexOf('/') + 1), level: null, description: null, labels: {}, selector: null, attributes: {} });
  },
  list: (hub) => hub.groups.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.groups.show(name)) as unknown as Body,
  store: (hub, changes) =>
    oneByOne(changes, (change) =>
      change.before === null ? hub.groups.create({ ...change.wanted, path: change.name } as GroupCreate) : hub.groups.update(change.name, updateOf(change)),
    ),
  // From below: a group that is not empty does not go by itself.
  remove: (hub, names) => oneByOne(names, (name) => hub.groups.delete(name)),
};

/** Labels are exactly those of the file. */
function updateOf({ before, wanted }: Change): GroupUpdate {
  const { path: _, labels, ...rest } = wanted;
  return { ...rest, ...(labels === undefined ? {} : { labels: exactly(before?.labels, labels) }) } as GroupUpdate;
}

/** A change that leaves what is wanted and nothing else: null takes away. */
export function exactly(before: unknown, wanted: unknown): Record<string, unknown> {
  const gone = Object.keys((before ?? {}) as object).map((name) => [name, null]);
  return { ...Object.fromEntries(gone), ...((wanted ?? {}) as object) };
}
