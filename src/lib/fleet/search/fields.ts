import type { ExpressionType } from '../../expressions/expression.ts';
import type { DeviceEntry, Directory } from '../directory.ts';
import { isOnline, type LivePresence } from '../live-presence.ts';

/** What is known of a device besides its points, by the names that conditions and orders use. Times are ms since 1970. */
export const DEVICE_FIELDS = {
  id: 'string',
  name: 'string',
  kind: 'string',
  type: 'string',
  parent: 'string',
  state: 'string',
  labels: 'map',
  aliases: 'map',
  groups: 'list',
  points: 'number',
  createdAt: 'number',
  updatedAt: 'number',
  online: 'bool',
  connectedAt: 'number',
  lastSeenAt: 'number',
  address: 'string',
  protocol: 'string',
  now: 'number',
} as const satisfies Record<string, ExpressionType>;
export type DeviceField = keyof typeof DEVICE_FIELDS;

export interface FieldPorts {
  readonly directory: Directory;
  readonly presence: Pick<LivePresence, 'live'>;
  readonly clock: () => number;
}

export function isDeviceField(name: string): name is DeviceField {
  return Object.hasOwn(DEVICE_FIELDS, name);
}

/** undefined: it has none. */
export function fieldOf({ id, device, pointCount }: DeviceEntry, field: DeviceField, { directory, presence, clock }: FieldPorts): unknown {
  switch (field) {
    case 'points':
      return pointCount;
    case 'groups':
      return directory.groupsOf(device);
    case 'online':
      return isOnline(presence.live(id));
    case 'connectedAt':
      return isOnline(presence.live(id)) ? (presence.live(id).connectedAt ?? undefined) : undefined;
    case 'lastSeenAt':
      return presence.live(id).lastSeenAt ?? undefined;
    case 'address':
      return presence.live(id).lastAddress ?? undefined;
    case 'protocol':
      return presence.live(id).protocol ?? undefined;
    case 'now':
      return clock();
    default:
      return device[field] ?? undefined;
  }
}
