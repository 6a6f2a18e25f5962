import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from './value.ts';

/** One place where two documents differ. */
export interface JsonChange {
  /** Names from the top, joined by dots; `$` for the whole. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Absent: it was not there, or is not any more. */
  readonly from?: JsonValue;
  readonly to?: JsonValue;
}

/** In the order of the paths. Objects are compared member by member, lists as a whole: their elements have no names. */
export function jsonDifference(from: JsonValue, to: JsonValue): readonly JsonChange[] {
  const changes: JsonChange[] = [];
  compare('', from, to, changes);
  return changes.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function compare(path: string, from: JsonValue | undefined, to: JsonValue | undefined, changes: JsonChange[]): void {
  if (isObject(from) && isObject(to)) {
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const inside = (object: JsonObject) => (Object.hasOwn(object, name) ? object[name] : undefined);
      compare(path === '' ? name : `${path}.${name}`, inside(from), inside(to), changes);
    }
    return;
  }
  if (isDeepStrictEqual(from, to)) return;
  const shown = path === '' ? '$' : path;
  if (from === undefined) changes.push({ path: shown, change: 'added', to: to ?? null });
  else if (to === undefined) changes.push({ path: shown, change: 'removed', from });
  else changes.push({ path: shown, change: 'changed', from, to });
}

/** RFC 7396: what is null in the patch goes, objects are merged, everything else takes the place of what was there. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, JsonValue>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
