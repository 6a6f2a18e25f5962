import { ALIAS_KINDS } from '../../domain/device.ts';
import { type DeviceGroups, IN_NO_GROUP, isWithin } from '../../domain/group.ts';
import { globMatcher } from '../../domain/matching.ts';
import type { Selector, SelectorTerm } from '../../domain/selector.ts';
import type { Named } from '../../expressions/condition.ts';
import type { BlockTable } from './block-table.ts';
import type { FieldPorts } from './fields.ts';
import { sourceOf } from './value-source.ts';

/** Leaves 1 in `mask` for devices that a selector means, and 0 for the others. Says the same as domain/selector.ts says of one device. */
export type SelectorNarrowing = (table: BlockTable, mask: Uint8Array) => void;

/** Whether the texts of a code fit: filled and read within one step. */
const FITS = new Uint8Array(256);

export function selectorNarrowing(selector: Selector, ports: FieldPorts): SelectorNarrowing {
  const terms = selector.terms.map((term) => (term.field === 'group' ? groupNarrowing(term) : textNarrowing(term, ports)));
  return (table, mask) => {
    for (const narrow of terms) narrow(table, mask);
  };
}

function groupNarrowing({ negated, values }: SelectorTerm): SelectorNarrowing {
  const matchers = values?.map((value) => (value.includes('*') ? globMatcher(value) : (group: string) => isWithin(group, value))) ?? null;
  const fits = ({ all }: DeviceGroups) => (matchers === null ? all.length > 0 : all.some((group) => matchers.some((matches) => matches(group)))) !== negated;
  return ({ entries }, mask) => {
    // Devices of the same groups have one membership, and neighbours are in the same groups, mostly.
    let last: DeviceGroups | null = null;
    let lastFits = false;
    for (let at = 0; at < mask.length; at++) {
      const entry = entries[at];
      if (mask[at] === 0 || entry === undefined) continue;
      const groups = entry.membership ?? IN_NO_GROUP;
      if (groups !== last) {
        last = groups;
        lastFits = fits(groups);
      }
      if (!lastFits) mask[at] = 0;
    }
  };
}

function textNarrowing(term: SelectorTerm, ports: FieldPorts): SelectorNarrowing {
  const { negated, values } = term;
  const matchers = values?.map(globMatcher) ?? null;
  const fits = (text: string | undefined) => (text !== undefined && (matchers === null || matchers.some((matches) => matches(text)))) !== negated;
  const source = sourceOf(namedOf(term), ports);
  if (source.kind !== 'texts') throw new Error(`selectors know no field ${term.field}`);
  return (table, mask) => {
    const { codes, texts } = table.column(source.column);
    if (codes === null) {
      for (let at = 0; at < mask.length; at++) if (mask[at] === 1 && !fits(texts[at])) mask[at] = 0;
      return;
    }
    let fitting = 0;
    for (let code = 0; code < texts.length; code++) {
      FITS[code] = fits(texts[code]) ? 1 : 0;
      fitting += FITS[code] ?? 0;
    }
    if (fitting === 0) mask.fill(0);
    else for (let at = 0; at < mask.length; at++) if (FITS[codes[at] ?? 0] === 0) mask[at] = 0;
  };
}

function namedOf({ field, name }: SelectorTerm): Named {
  const rest = { quoted: false, variable: '' };
  if (field === 'label') return { name: 'labels', key: name, ...rest };
  if ((ALIAS_KINDS as readonly string[]).includes(field)) return { name: 'aliases', key: field, ...rest };
  return { name: field, key: null, ...rest };
}
