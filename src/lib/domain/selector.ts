import { ALIAS_KINDS, type AliasKind, type Device } from './device.ts';
import { isWithin } from './group.ts';
import { globMatcher } from './matching.ts';

/** Names that a selector knows; every other name is a label. `label.NAME` is always the label. */
const SELECTOR_FIELDS = ['id', 'name', 'kind', 'type', 'parent', 'state', 'group', ...ALIAS_KINDS] as const;
export type SelectorField = (typeof SELECTOR_FIELDS)[number];

/** One condition. `values` null: it has to be there at all, or (not) not to be there. */
export interface SelectorTerm {
  readonly field: SelectorField | 'label';
  /** Of a label: its name. */
  readonly name: string;
  readonly negated: boolean;
  /** Any of them will do; each may hold `*` for any text. */
  readonly values: readonly string[] | null;
}

/** Which devices are meant: all terms must hold. No term: every device. */
export interface Selector {
  readonly text: string;
  readonly terms: readonly SelectorTerm[];
}

export type ParsedSelector = { readonly ok: true; readonly selector: Selector } | { readonly ok: false; readonly reason: string };

const TEXT_CHARACTERS_MAX = 4_000;
const TERMS_MAX = 64;
const VALUES_MAX = 1_000;
const TERM = /^(!)?([A-Za-z0-9][A-Za-z0-9._:-]*)(?:(!?=)(.*))?$/s;
const KNOWN: ReadonlySet<string> = new Set(SELECTOR_FIELDS);

/**
 * `site=paris,type=meter`: a comma joins conditions that must all hold. `a|b`: one of them. `*`: any text. `name!=value`, `name` (it is there), `!name` (it is not).
 * Never throws.
 */
export function parseSelector(text: string): ParsedSelector {
  if (text.length > TEXT_CHARACTERS_MAX) return { ok: false, reason: `a selector has ${TEXT_CHARACTERS_MAX} characters at most` };
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length === 1 && parts[0] === '') return { ok: true, selector: { text: '', terms: [] } };
  if (parts.length > TERMS_MAX) return { ok: false, reason: `a selector has ${TERMS_MAX} conditions at most` };
  const terms: SelectorTerm[] = [];
  for (const part of parts) {
    const [, bang, written = '', operator, value = ''] = TERM.exec(part) ?? [];
    if (written === '' || (bang !== undefined && operator !== undefined))
      return {
        ok: false,
        reason: part === '' ? 'a condition is empty' : `${JSON.stringify(part.slice(0, 100))} is none of name=value, name!=value, name, !name`,
      };
    const isLabel = written.startsWith('label.') || !KNOWN.has(written);
    const name = written.startsWith('label.') ? written.slice('label.'.length) : written;
    if (name === '') return { ok: false, reason: 'label. lacks the name of a label' };
    const values = operator === undefined ? null : value.split('|').map((each) => each.trim());
    if (values !== null && values.length > VALUES_MAX) return { ok: false, reason: `a condition has ${VALUES_MAX} values at most` };
    terms.push({ field: isLabel ? 'label' : (name as SelectorField), name, negated: bang !== undefined || operator === '!=', values });
  }
  return { ok: true, selector: { text, terms } };
}

/** Compiled once, asked for many devices. `groupsOf`: all groups that a device is in, those above included. */
export function selectorMatcher(selector: Selector, groupsOf: (device: Device) => readonly string[]): (device: Device) => boolean {
  const tests = selector.terms.map((term) => termMatcher(term, groupsOf));
  return (device) => tests.every((test) => test(device));
}

function termMatcher({ field, name, negated, values }: SelectorTerm, groupsOf: (device: Device) => readonly string[]): (device: Device) => boolean {
  if (field === 'group') {
    const matchers = values === null ? null : values.map((value) => (value.includes('*') ? globMatcher(value) : (group: string) => isWithin(group, value)));
    return (device) => {
      const groups = groupsOf(device);
      const holds = matchers === null ? groups.length > 0 : groups.some((group) => matchers.some((matches) => matches(group)));
      return holds !== negated;
    };
  }
  const matchers = values?.map(globMatcher) ?? null;
  return (device) => {
    const value = textOf(device, field, name);
    const holds = value !== null && (matchers === null || matchers.some((matches) => matches(value)));
    return holds !== negated;
  };
}

function textOf(device: Device, field: Exclude<SelectorTerm['field'], 'group'>, name: string): string | null {
  if (field === 'label') return Object.hasOwn(device.labels, name) ? (device.labels[name] ?? null) : null;
  if ((ALIAS_KINDS as readonly string[]).includes(field)) return device.aliases[field as AliasKind] ?? null;
  return device[field as Exclude<SelectorField, 'group' | AliasKind>];
}
