import type { z } from 'zod';
import { ALIAS_KINDS } from '../domain/device.ts';
import { groupPath } from '../domain/group.ts';
import type { ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type Condition, compileCondition, type Literal } from '../expressions/condition.ts';
import type { Directory } from '../fleet/directory.ts';
import type { DeviceOrder, OrderKey } from '../fleet/search/device-order.ts';
import type { DevicePosition, DeviceQuery as Search } from '../fleet/search/device-search.ts';
import { DEVICE_FIELDS, isDeviceField } from '../fleet/search/fields.ts';
import { foreignCursor } from './cursor.ts';
import { narrowedToGroups, selectorOf } from './read-selector.ts';
import type { DeviceQuery } from './schema/fleet.ts';
import { listOf } from './select-points.ts';

type Query = Omit<z.output<typeof DeviceQuery>, 'limit' | 'cursor' | 'sort'> & { readonly sort?: string | undefined };

export interface DeviceSelection {
  readonly asked: Search;
  readonly order: DeviceOrder | null;
  /** Newest values of points are asked for. */
  readonly namesPoints: boolean;
}

/** What a query of devices asks for. Throws invalid. */
export function selectDevices(project: ProjectId, query: Query, directory: Directory): DeviceSelection {
  const { id, kind, type, parent, state, online, label, alias, group, q, selector, where, sort } = query;
  const ids = listOf(id);
  const compiled = where === undefined ? null : conditionOf(where);
  const order = sort === undefined ? null : orderOf(sort);
  const conditions: Condition[] = [
    ...Object.entries({ kind, type, parent, state }).flatMap(([name, value]) => (value === undefined ? [] : [equals(name, null, value)])),
    ...(online === undefined ? [] : [equals('online', null, online === 'true')]),
    ...(listOf(label) ?? []).map(labelCondition),
    ...(compiled === null ? [] : [compiled.condition]),
  ];
  const names = [...(compiled?.names ?? []), ...(order === null ? [] : [{ name: order.by.split('.', 1)[0] ?? '', quoted: false }])];
  return {
    asked: {
      text: q ?? null,
      selector: narrowedToGroups(selector === undefined ? null : selectorOf(selector), listOf(group)?.map(groupPath)),
      conditions,
      ids: alias === undefined ? (ids ?? null) : ownersOf(project, alias, directory).filter((owner) => ids?.includes(owner) ?? true),
    },
    order: order?.by === 'id' && !order.descending ? null : order,
    namesPoints: names.some(({ name, quoted }) => quoted || !isDeviceField(name)),
  };
}

function conditionOf(text: string) {
  const compiled = compileCondition(text, { fields: DEVICE_FIELDS });
  if (compiled.ok) return compiled;
  const { message, line, column } = compiled;
  const place = line > 1 ? `line ${line}, column ${column}` : `column ${column}`;
  throw new MusterError('invalid', `the condition is wrong: ${message} (${place})`, {
    hint: 'Such as `battery < 20 and online`; texts stand in quotes.',
    details: { field: 'where', line, column },
  });
}

function orderOf(sort: string): DeviceOrder {
  const descending = sort.startsWith('-');
  const by = descending ? sort.slice(1) : sort;
  if (by === '' || (isDeviceField(by) && (DEVICE_FIELDS[by] === 'map' || DEVICE_FIELDS[by] === 'list')))
    throw new MusterError('invalid', `the list cannot be sorted by ${by === '' ? 'nothing' : by}`, {
      hint: 'By a field, labels.NAME, aliases.KIND or the path of a point.',
      details: { field: 'sort' },
    });
  return { by, descending };
}

function equals(name: string, key: string | null, value: Literal): Condition {
  return { kind: 'compare', named: { name, key, quoted: false, variable: name }, op: '==', value };
}

/** `alias`: a value of any kind, or kind:value. */
function ownersOf(project: ProjectId, alias: string, directory: Directory): readonly string[] {
  return ALIAS_KINDS.flatMap((kind) => {
    const values = alias.startsWith(`${kind}:`) ? [alias, alias.slice(kind.length + 1)] : [alias];
    return values.flatMap((value) => directory.byAlias(project, kind, value)?.device.id ?? []);
  });
}

/** `site=paris`; a bare name asks that the label is there. */
function labelCondition(text: string): Condition {
  const at = text.indexOf('=');
  if (at >= 0) return equals('labels', text.slice(0, at), text.slice(at + 1));
  return { kind: 'there', named: { name: 'labels', key: text, quoted: false, variable: 'labels' } };
}

export function writeDevicePosition({ id, key }: DevicePosition, order: DeviceOrder | null): string {
  return Buffer.from(JSON.stringify(order === null ? [id] : [id, key])).toString('base64url');
}

/** Throws invalid for the cursor of another list. */
export function devicePosition(cursor: string | undefined, order: DeviceOrder | null): DevicePosition | null {
  if (cursor === undefined) return null;
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(position) || position.length !== (order === null ? 1 : 2)) throw foreignCursor();
    const [id, key = null] = position as readonly unknown[];
    if (typeof id === 'string' && (key === null || typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean'))
      return { id, key: key as OrderKey };
  } catch {
    // Said below, as for every cursor that is not ours.
  }
  throw foreignCursor();
}
