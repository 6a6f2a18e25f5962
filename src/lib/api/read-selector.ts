import type { GroupPath } from '../domain/ids.ts';
import { parseSelector, type Selector, type SelectorTerm } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';

/** In one of these groups besides. */
export function narrowedToGroups(selector: Selector | null, groups: readonly GroupPath[] | undefined): Selector | null {
  if (groups === undefined) return selector;
  const term: SelectorTerm = { field: 'group', name: 'group', negated: false, values: groups };
  return { text: selector?.text ?? '', terms: [...(selector?.terms ?? []), term] };
}

/** Throws invalid. */
export function selectorOf(text: string): Selector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new MusterError('invalid', `the selector is wrong: ${parsed.reason}`, { details: { field: 'selector' } });
  return parsed.selector;
}
