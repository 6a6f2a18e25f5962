import { isDeepStrictEqual } from 'node:util';
import type { ChannelCreate, ChannelUpdate } from '../../api/schema/notifications.ts';
import type { Body, ManifestKind } from '../manifest-kind.ts';
import { withDefaults } from '../normal-fields.ts';
import { oneByOne } from '../one-by-one.ts';

/** Secrets stay out of files: those that the hub has stay as they are, and are not compared. */
export const channelKind: ManifestKind = {
  name: 'channel',
  plural: 'channels',
  key: 'id',
  fields: ['kind', 'enabled', 'config'],
  whole: false,
  normal: (body) => withDefaults(body, { enabled: true, config: {} }),
  differs(field, wanted, before) {
    if (field !== 'config') return !isDeepStrictEqual(wanted[field], before[field]);
    const secrets = new Set(Array.isArray(before.secrets) ? before.secrets.map((name) => String(name).split('.')[0]) : []);
    // The hub fills in what goes without saying: only what the file names is compared.
    const has = (before.config ?? {}) as Body;
    return Object.entries((wanted.config ?? {}) as object).some(([name, value]) => !secrets.has(name) && !isDeepStrictEqual(value, has[name]));
  },
  list: (hub) => hub.channels.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.channels.show(name)) as unknown as Body,
  store: (hub, changes) =>
    oneByOne(changes, ({ name, before, wanted: { id: _, kind, ...rest } }) =>
      before === null ? hub.channels.create({ id: name, kind, ...rest } as ChannelCreate) : hub.channels.update(name, rest as ChannelUpdate),
    ),
  remove: (hub, names) => oneByOne(names, (name) => hub.channels.delete(name)),
};
