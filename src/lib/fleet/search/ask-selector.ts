import { ALIAS_KINDS } from '../../domain/device.ts';
import { isWithin } from '../../domain/group.ts';
import { globMatcher } from '../../domain/matching.ts';
import type { Selector, SelectorTerm } from '../../domain/selector.ts';
import type { Named } from '../../expressions/condition.ts';
import type { Directory } from '../directory.ts';
import type { BlockTable } from './block-table.ts';

/** Leaves 1 in `mask` for devices that a selector means, and 0 for the others. Says the same as domain/selector.ts says of one device. */
export type SelectorNarrowing = (table: BlockTable, mask: Uint8Array) => void;

export function selectorNarrowing(selector: Selector, directory: Directory): SelectorNarrowing {
  const terms = selector.terms.map((term) => termNarrowing(term, directory));
  return (table, mask) => {
    for (const narrow of terms) narrow(table, mask);
  };
}

function termNarrowing(term: SelectorTerm, directory: Directory): SelectorNarrowing {
  const { negated, values } = term;
  if (term.field === 'group') {
    const matchers = values?.map((value) => (value.includes('*') ? globMatcher(value) : (group: string) => isWithin(group, value))) ?? null;
    return ({ entries }, mask) => {
      for (let at = 0; at < mask.length; at++) {
        const entry = entries[at];
        if (mask[at] === 0 || entry === undefined) continue;
        const groups = directory.groupsOf(entry.device);
        const holds = matchers === null ? groups.length > 0 : groups.some((group) => matchers.some((matches) => matches(group)));
        if (holds === negated) mask[at] = 0;
      }
    };
  }
  const named = namedOf(term);
  const matchers = values?.map(globMatcher) ?? null;
  return (table, mask) => {
    const column = table.valuesOf(named);
    for (let at = 0; at < mask.length; at++) {
      if (mask[at] === 0) continue;
      const value = column[at];
      const holds = typeof value === 'string' && (matchers === null || matchers.some((matches) => matches(value)));
      if (holds === negated) mask[at] = 0;
    }
  };
}

function namedOf({ field, name }: SelectorTerm): Named {
  const rest = { quoted: false, variable: '' };
  if (field === 'label') return { name: 'labels', key: name, ...rest };
  if ((ALIAS_KINDS as readonly string[]).includes(field)) return { name: 'aliases', key: field, ...rest };
  return { name: field, key: null, ...rest };
}
