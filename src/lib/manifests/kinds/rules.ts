import type { RuleDocument } from '../../api/schema/rules.ts';
import type { Body, ManifestKind } from '../manifest-kind.ts';
import { oneByOne } from '../one-by-one.ts';

/** A rule is its document, whole: only `enabled` stays as it is when the file does not say. */
export const ruleKind: ManifestKind = {
  name: 'rule',
  plural: 'rules',
  key: 'id',
  fields: null,
  whole: true,
  normal: (body) => body,
  async *list(hub) {
    for await (const { document, enabled } of hub.rules.list()) yield { ...document, enabled };
  },
  async show(hub, name) {
    const { document, enabled } = await hub.rules.show(name);
    return { ...document, enabled };
  },
  store: (hub, changes) =>
    oneByOne(changes, ({ name, before, wanted }) =>
      before === null ? hub.rules.create({ ...wanted, id: name }) : hub.rules.update(name, { ...wanted, id: name } as RuleDocument),
    ),
  remove: (hub, names) => oneByOne(names, (name) => hub.rules.delete(name)),
  async check(hub, body: Body) {
    const { problems } = await hub.rules.check(body as RuleDocument);
    return problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  },
};
