import type { RouteCreate, RouteUpdate } from '../../api/schema/notifications.ts';
import type { Body, ManifestKind } from '../manifest-kind.ts';
import { oneByOne } from '../one-by-one.ts';

const FIELDS = ['description', 'enabled', 'channels', 'match', 'cleared', 'groupBy', 'groupWait', 'groupInterval', 'quietHours', 'schedule'] as const;

/** A route is its document, whole. */
export const routeKind: ManifestKind = {
  name: 'route',
  plural: 'routes',
  key: 'id',
  fields: FIELDS,
  whole: true,
  normal: (body) => body,
  list: (hub) => hub.routes.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.routes.show(name)) as unknown as Body,
  store: (hub, changes) =>
    oneByOne(changes, ({ name, before, wanted: { id: _, ...rest } }) => {
      if (before === null) return hub.routes.create({ id: name, ...rest } as RouteCreate);
      const gone = FIELDS.filter((field) => field !== 'enabled' && before[field] !== undefined && rest[field] === undefined).map((field) => [field, null]);
      return hub.routes.update(name, { ...Object.fromEntries(gone), ...rest } as RouteUpdate);
    }),
  remove: (hub, names) => oneByOne(names, (name) => hub.routes.delete(name)),
};
