import type { JsonValue } from '../domain/value.ts';
import { type DocumentProblem, problemsOfIssues } from './document-problems.ts';
import type { Scope } from './rule.ts';
import { scopeSchema } from './rule-schema.ts';

export type ReadScope = { readonly ok: true; readonly scope: Scope } | { readonly ok: false; readonly problems: readonly DocumentProblem[] };

/** A scope on its own, such as that of a maintenance window. Never throws. */
export function readScope(document: JsonValue): ReadScope {
  const parsed = scopeSchema.safeParse(document, { reportInput: true });
  if (!parsed.success) return { ok: false, problems: problemsOfIssues(parsed.error.issues) };
  return { ok: true, scope: scopeOf(parsed.data) };
}

/** As it stands in a document, after its schema. */
export function scopeOf(given: { [part in 'type' | 'group' | 'labels' | 'device' | 'points']?: readonly string[] | undefined } = {}): Scope {
  const { type = [], group = [], labels = [], device = [], points = [] } = given;
  return Object.freeze({ types: type, groups: group, labels, devices: device, points });
}
