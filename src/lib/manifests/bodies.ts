import { isDeepStrictEqual } from 'node:util';
import { shortPoints } from './kinds/types.ts';
import type { Body, ManifestKind } from './manifest-kind.ts';
import { ownKindField } from './read-manifests.ts';

/** The fields of `wanted` that `before` does not have that way. Of a kind that is whole, also what only `before` has. */
export function changedFields(kind: ManifestKind, before: Body, wanted: Body): readonly string[] {
  const [old, fresh] = [kind.normal(only(kind, before)), kind.normal(only(kind, wanted))];
  const gone = kind.whole ? Object.keys(only(kind, before)).filter((field) => field !== 'enabled') : [];
  const fields = new Set([...Object.keys(only(kind, wanted)), ...gone]);
  fields.delete(kind.key);
  return [...fields].filter((field) =>
    kind.differs ? kind.differs(field, { ...wanted, ...fresh }, { ...before, ...old }) : !isDeepStrictEqual(old[field], fresh[field]),
  );
}

/** What the object will be, as far as the file decides. */
export function bodyAfter(kind: ManifestKind, before: Body | null, wanted: Body): Body {
  if (before === null) return wanted;
  const kept = kind.whole ? ('enabled' in before && !('enabled' in wanted) ? { enabled: before.enabled } : {}) : only(kind, before);
  return { ...kept, ...wanted };
}

/** As one writes it into a file: what goes without saying is left out. */
function shortBody(kind: ManifestKind, body: Body): Body {
  const name = body[kind.key];
  const fields = kind.fields ?? Object.keys(body).filter((field) => field !== kind.key);
  const silent = kind.normal({ [kind.key]: name });
  const normal = kind.normal(only(kind, body));
  const said = fields.filter(
    (field) => body[field] !== undefined && !isDeepStrictEqual(normal[field], silent[field]) && !(field === 'enabled' && body[field] === true),
  );
  const shown = said.map((field) => [field, kind.name === 'type' && field === 'points' ? shortPoints(body[field]) : body[field]]);
  return { [kind.key]: name, ...Object.fromEntries(shown) };
}

/** A manifest of its own: with the kind, and what the hub calls `kind` under another name. */
export function manifestOf(kind: ManifestKind, body: Body): Body {
  const { [kind.key]: name, kind: own, ...rest } = shortBody(kind, body);
  return { kind: kind.name, [kind.key]: name, ...(own === undefined ? {} : { [ownKindField(kind)]: own }), ...rest };
}

export async function manifestYaml(kind: ManifestKind, body: Body | null): Promise<string> {
  if (body === null) return '';
  const { stringify } = await import('yaml');
  return stringify(manifestOf(kind, body), { aliasDuplicateObjects: false, lineWidth: 0 });
}

function only(kind: ManifestKind, body: Body): Body {
  const { fields } = kind;
  return fields === null ? body : Object.fromEntries(Object.entries(body).filter(([name]) => name === kind.key || fields.includes(name)));
}
