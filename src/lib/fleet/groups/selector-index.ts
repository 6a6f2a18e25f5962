import type { Device } from '../../domain/device.ts';
import { pathsTo } from '../../domain/group.ts';
import type { GroupPath } from '../../domain/ids.ts';
import { parseSelector, type Selector, type SelectorTerm, selectorMatcher } from '../../domain/selector.ts';

interface GroupSelector {
  readonly path: GroupPath;
  readonly matches: (device: Device) => boolean;
}

/** The selectors of a project's groups, so kept that a device is asked only of those that it may fit. */
export interface SelectorIndex {
  readonly size: number;
  /** Those that are tried on each device. */
  readonly tried: number;
  /** In the place of the one before; null: it has none. */
  set(path: GroupPath, selector: string | null): void;
  /** Groups whose selector fits, sorted. `putInto`: the groups that the device was put into: a selector sees those, not what other selectors make of it. */
  matching(device: Device, putInto: readonly GroupPath[]): readonly GroupPath[];
}

const NONE: readonly GroupPath[] = [];

/**
 * A selector that wants one of some values of a field (`site=paris`) is found by that value; all others are tried on each device. So thousands of groups
 * that differ in the value of one label cost a look-up.
 */
export function createSelectorIndex(): SelectorIndex {
  const known = new Map<GroupPath, { readonly selector: GroupSelector; readonly key: Key | null }>();
  const byField = new Map<string, Map<string, Set<GroupSelector>>>();
  const others = new Set<GroupSelector>();
  /** Selectors are compiled once and asked while this device is looked at. */
  let putIntoNow: readonly GroupPath[] = NONE;

  return {
    get size() {
      return known.size;
    },
    get tried() {
      return others.size;
    },
    set(path, text) {
      drop(path);
      if (text === null) return;
      const parsed = parseSelector(text);
      // It was checked when it was taken: one that a newer hub wrote fits nothing.
      if (!parsed.ok) return;
      const selector = { path, matches: selectorMatcher(parsed.selector, () => putIntoNow) };
      const key = keyOf(parsed.selector);
      known.set(path, { selector, key });
      if (key === null) others.add(selector);
      else for (const value of key.values) bucket(key.field, value).add(selector);
    },
    matching(device, putInto) {
      if (known.size === 0) return NONE;
      putIntoNow = putInto.length === 0 ? NONE : putInto.flatMap(pathsTo);
      const found = new Set<GroupPath>();
      for (const selector of others) if (selector.matches(device)) found.add(selector.path);
      for (const [field, byValue] of byField) {
        const value = fieldOf(device, field);
        for (const selector of value === null ? [] : (byValue.get(value) ?? [])) if (selector.matches(device)) found.add(selector.path);
      }
      return found.size === 0 ? NONE : [...found].sort();
    },
  };

  function drop(path: GroupPath): void {
    const before = known.get(path);
    if (before === undefined) return;
    known.delete(path);
    others.delete(before.selector);
    const { key, selector } = before;
    const byValue = key === null ? undefined : byField.get(key.field);
    if (key === null || byValue === undefined) return;
    for (const value of key.values) {
      const selectors = byValue.get(value);
      selectors?.delete(selector);
      if (selectors?.size === 0) byValue.delete(value);
    }
    if (byValue.size === 0) byField.delete(key.field);
  }

  function bucket(field: string, value: string): Set<GroupSelector> {
    const byValue = byField.get(field) ?? new Map<string, Set<GroupSelector>>();
    byField.set(field, byValue);
    const selectors = byValue.get(value) ?? new Set();
    byValue.set(value, selectors);
    return selectors;
  }
}

/** Is it tried on each device, as there is no value to find it by? */
export function isTried(selector: string): boolean {
  const parsed = parseSelector(selector);
  return parsed.ok && keyOf(parsed.selector) === null;
}

interface Key {
  /** `label:NAME`, or a field of a device. */
  readonly field: string;
  readonly values: readonly string[];
}

const INDEXED: ReadonlySet<string> = new Set(['label', 'id', 'type', 'parent']);

function keyOf({ terms }: Selector): Key | null {
  for (const { field, name, negated, values } of terms as readonly SelectorTerm[]) {
    if (negated || values === null || !INDEXED.has(field) || values.some((value) => value.includes('*'))) continue;
    return { field: field === 'label' ? `label:${name}` : field, values: [...new Set(values)] };
  }
  return null;
}

function fieldOf(device: Device, field: string): string | null {
  if (!field.startsWith('label:')) return device[field as 'id' | 'type' | 'parent'];
  const name = field.slice('label:'.length);
  return Object.hasOwn(device.labels, name) ? (device.labels[name] ?? null) : null;
}
