import { isDeepStrictEqual } from 'node:util';
import type { Device } from '../domain/device.ts';
import type { DeviceType } from '../domain/device-type.ts';
import type { Actor, EventKind } from '../domain/event.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { JsonValue } from '../domain/value.ts';
import type { NewEvent } from './event-recorder.ts';

type Details = NewEvent['details'];

const DEVICE_FIELDS = ['name', 'kind', 'type', 'parent', 'state', 'labels', 'aliases', 'groups'] as const;
const TYPE_FIELDS = ['mode', 'description', 'points'] as const;

/** null: nothing of it is another, so nothing is to be told. */
export function deviceUpdated(before: Device, after: Device, actor: Actor, time: number): NewEvent | null {
  const changed = changesOf(before, after, DEVICE_FIELDS);
  return changed === null ? null : deviceEvent('device.updated', after, actor, time, changed);
}

export function deviceCreated(device: Device, actor: Actor, time: number): NewEvent {
  return deviceEvent('device.created', device, actor, time, { kind: device.kind, type: device.type, parent: device.parent });
}

export function deviceDeleted(device: Device, points: number, actor: Actor, time: number): NewEvent {
  return deviceEvent('device.deleted', device, actor, time, { points });
}

/** What became of the devices of a chunk. */
export interface ChangedDevices {
  readonly created: readonly Device[];
  readonly updated: readonly { readonly before: Device; readonly after: Device }[];
  readonly deleted: readonly { readonly device: Device; readonly points: number }[];
}

/**
 * Of one device its own event; of several one for all of them, which names each: an import of a hundred thousand is a hundred entries of the journal.
 * null: nothing changed.
 */
export function devicesChanged(project: ProjectId, { created, updated, deleted }: ChangedDevices, actor: Actor, time: number): NewEvent | null {
  const count = created.length + updated.length + deleted.length;
  if (count === 0) return null;
  const [only] = created;
  if (count === 1 && only) return deviceCreated(only, actor, time);
  if (count === 1 && updated[0]) return deviceUpdated(updated[0].before, updated[0].after, actor, time);
  if (count === 1 && deleted[0]) return deviceDeleted(deleted[0].device, deleted[0].points, actor, time);
  const details = {
    ...(created.length > 0 && { created: created.map(({ id }) => id) }),
    ...(updated.length > 0 && { updated: updated.map(({ after }) => after.id) }),
    ...(deleted.length > 0 && { deleted: deleted.map(({ device }) => device.id) }),
  };
  const parts = Object.entries(details).map(([verb, ids]) => `${ids.length} ${verb}`);
  const text = `${count} devices were changed by ${actor}: ${parts.join(', ')}`;
  return { project, time, kind: 'devices.changed', actor, severity: null, device: null, point: null, alarm: null, rule: null, text, details };
}

/** With the words of who did it, for those who ask later. */
export function withReason(event: NewEvent, reason: string | undefined): NewEvent {
  return reason === undefined ? event : { ...event, text: `${event.text}: ${reason}`, details: { ...event.details, reason } };
}

/** null: nothing of it is another. Of points only how many there are: a type may have thousands. */
export function typeUpdated(before: DeviceType, after: DeviceType, actor: Actor, time: number): NewEvent | null {
  const changed = changesOf(counted(before), counted(after), TYPE_FIELDS);
  if (changed !== null) return typeEvent('type.updated', after, actor, time, changed);
  const reworded = (['points', 'configSchema'] as const).filter((field) => !isDeepStrictEqual(before[field], after[field]));
  return reworded.length === 0 ? null : typeEvent('type.updated', after, actor, time, { changed: reworded });
}

export function typeCreated(type: DeviceType, actor: Actor, time: number): NewEvent {
  return typeEvent('type.created', type, actor, time, { mode: type.mode, points: type.points.length });
}

export function typeDeleted(type: DeviceType, actor: Actor, time: number): NewEvent {
  return typeEvent('type.deleted', type, actor, time, {});
}

function deviceEvent(kind: EventKind, { project, id }: Device, actor: Actor, time: number, details: Details): NewEvent {
  return { project, time, kind, actor, severity: null, device: id, point: null, alarm: null, rule: null, text: sentenceOf(kind, id, actor, details), details };
}

function typeEvent(kind: EventKind, { project, id }: DeviceType, actor: Actor, time: number, details: Details): NewEvent {
  const text = sentenceOf(kind, id, actor, details);
  return { project, time, kind, actor, severity: null, device: null, point: null, alarm: null, rule: null, text, details: { type: id, ...details } };
}

/** `device b1 was updated by user:anna: name, state disabled` */
function sentenceOf(kind: EventKind, id: string, actor: Actor, { changed, after }: Details): string {
  const [noun = '', verb = ''] = kind.split('.');
  const { state } = (after ?? {}) as { readonly state?: string };
  const words = Array.isArray(changed) ? changed.map((field) => (field === 'state' ? `state ${state}` : field)) : null;
  return `${noun} ${id} was ${verb} by ${actor}${words === null ? '' : `: ${words.join(', ')}`}`;
}

function counted(type: DeviceType) {
  return { mode: type.mode, description: type.description, points: type.points.length };
}

function changesOf<Field extends string>(
  before: Readonly<Record<Field, unknown>>,
  after: Readonly<Record<Field, unknown>>,
  fields: readonly Field[],
): Details | null {
  const changed = fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
  if (changed.length === 0) return null;
  const pick = (from: Readonly<Record<Field, unknown>>) => Object.fromEntries(changed.map((field) => [field, from[field] as JsonValue]));
  return { changed, before: pick(before), after: pick(after) };
}
