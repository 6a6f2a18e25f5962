import type { ProvisioningRuleCreate, ProvisioningRuleUpdate } from '../../api/schema/provisioning.ts';
import type { Body, ManifestKind } from '../manifest-kind.ts';
import { sortedTexts, withDefaults } from '../normal-fields.ts';
import { oneByOne } from '../one-by-one.ts';

const SILENT = {
  ...{ priority: 100, when: null, decision: 'accept', reason: null, kind: null, type: null, name: null },
  ...{ groups: [], createGroups: false, labels: {}, description: null },
};

/** A provisioning rule is whole: what the file leaves out, it does not have. */
export const provisioningKind: ManifestKind = {
  name: 'provisioning',
  plural: 'provisioning',
  ownKind: 'deviceKind',
  key: 'id',
  fields: ['enabled', ...Object.keys(SILENT)],
  whole: true,
  normal(body) {
    const filled = withDefaults(body, { enabled: true, ...SILENT });
    return { ...filled, groups: sortedTexts(filled.groups) };
  },
  list: (hub) => hub.provisioningRules.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.provisioningRules.show(name)) as unknown as Body,
  store: (hub, changes) =>
    oneByOne(changes, ({ name, before, wanted: { id: _, ...rest } }) =>
      before === null
        ? hub.provisioningRules.create({ ...rest, id: name } as ProvisioningRuleCreate)
        : hub.provisioningRules.update(name, { ...SILENT, ...rest } as ProvisioningRuleUpdate),
    ),
  remove: (hub, names) => oneByOne(names, (name) => hub.provisioningRules.delete(name)),
};
