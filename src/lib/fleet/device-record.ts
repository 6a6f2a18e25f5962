import type { Device } from '../domain/device.ts';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId } from '../domain/ids.ts';
import { createInterner } from '../domain/interner.ts';

/** Distinct texts, and lists of groups, that devices may share. */
const DISTINCT_MAX = 50_000;
/** Texts up to so many characters are kept once by JSON.parse itself. */
const SHORT = 10;

/**
 * Makes what is kept of devices: always the same fields in the same order (V8 then reads them several times as fast), and with texts and lists that many devices
 * have in common kept once. `parent`: its id as a text that is in memory already.
 */
export function createDeviceRecords(): (device: Device, parent: DeviceId | null) => Device {
  const once = createInterner(DISTINCT_MAX);
  const lists = new Map<string, readonly GroupPath[]>();
  return ({ id, project, name, kind, type, state, labels, aliases, groups, createdAt, updatedAt }, parent) => ({
    id,
    project: once(project) as ProjectId,
    name: name === id ? id : name,
    kind,
    type: type === null ? null : (once(type) as DeviceTypeId),
    parent,
    state,
    labels: sharedValues(labels),
    aliases,
    groups: sharedList(groups),
    createdAt,
    updatedAt,
  });

  function sharedValues(labels: Device['labels']): Device['labels'] {
    let isLong = false;
    for (const name in labels) if ((labels[name]?.length ?? 0) > SHORT) isLong = true;
    if (!isLong) return labels;
    const shared: Record<string, string> = {};
    for (const name in labels) shared[name] = textOf(labels[name] ?? '');
    return shared;
  }

  function textOf(value: string): string {
    return value.length > SHORT ? once(value) : value;
  }

  function sharedList(groups: readonly GroupPath[]): readonly GroupPath[] {
    if (groups.length === 0) return NO_GROUPS;
    const key = groups.join('\n');
    const known = lists.get(key);
    if (known !== undefined) return known;
    if (lists.size < DISTINCT_MAX) lists.set(key, groups);
    return groups;
  }
}

const NO_GROUPS: readonly GroupPath[] = [];
