import type { Device, DeviceKind, DeviceState, DeviceStatus } from '../../domain/device.ts';
import type { DeviceId, DeviceTypeId, ProjectId } from '../../domain/ids.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly kind: string;
  readonly type: string | null;
  readonly parent: string | null;
  readonly state: string;
  readonly labels: string;
  readonly aliases: string;
  readonly groups: string;
  readonly created_at: number;
  readonly updated_at: number;
}

interface StatusRow {
  readonly device: string;
  readonly online: number;
  readonly connected_at: number | null;
  readonly last_seen_at: number | null;
  readonly last_address: string | null;
  readonly protocol: string | null;
}

const ALL = 'select * from devices order by id';
const STATUSES = 'select * from device_statuses order by device';
const INSERT =
  'insert into devices (id, project, name, kind, type, parent, state, labels, aliases, groups, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const UPDATE = 'update devices set name = ?, kind = ?, type = ?, parent = ?, state = ?, labels = ?, aliases = ?, groups = ?, updated_at = ? where id = ?';
/** Saved in the background: a device that went in the meantime has no status any more, and that is no error. */
const SAVE_STATUS = `insert into device_statuses (device, online, connected_at, last_seen_at, last_address, protocol)
  select id, ?, ?, ?, ?, ? from devices where id = ?
  on conflict (device) do update set online = excluded.online, connected_at = excluded.connected_at, last_seen_at = excluded.last_seen_at,
    last_address = excluded.last_address, protocol = excluded.protocol`;
/** Aliases, points, credentials, status and rejects go with it by reference. */
const REMOVE = 'delete from devices where id = ?';

export function createDevices(database: () => ReadDatabase): SystemStore['devices'] {
  return {
    all: async () => database().all<Row>(ALL).map(deviceOf),
    statuses: async () => database().all<StatusRow>(STATUSES).map(statusOf),
    insert: (device) => ({
      sql: INSERT,
      parameters: [
        device.id,
        device.project,
        device.name,
        device.kind,
        device.type,
        device.parent,
        device.state,
        JSON.stringify(device.labels),
        JSON.stringify(device.aliases),
        JSON.stringify(device.groups),
        device.createdAt,
        device.updatedAt,
      ],
    }),
    update: (device) => ({
      sql: UPDATE,
      parameters: [
        device.name,
        device.kind,
        device.type,
        device.parent,
        device.state,
        JSON.stringify(device.labels),
        JSON.stringify(device.aliases),
        JSON.stringify(device.groups),
        device.updatedAt,
        device.id,
      ],
      mustChange: true,
    }),
    saveStatus: (device, status) => ({
      sql: SAVE_STATUS,
      parameters: [status.online ? 1 : 0, status.connectedAt, status.lastSeenAt, status.lastAddress, status.protocol, device],
    }),
    remove: (device) => [{ sql: REMOVE, parameters: [device], mustChange: true }],
  };
}

function deviceOf(row: Row): Device {
  return {
    id: row.id as DeviceId,
    project: row.project as ProjectId,
    name: row.name,
    kind: row.kind as DeviceKind,
    type: row.type as DeviceTypeId | null,
    parent: row.parent as DeviceId | null,
    state: row.state as DeviceState,
    labels: JSON.parse(row.labels) as Device['labels'],
    aliases: JSON.parse(row.aliases) as Device['aliases'],
    groups: JSON.parse(row.groups) as Device['groups'],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function statusOf(row: StatusRow): DeviceStatus & { readonly device: DeviceId } {
  return {
    device: row.device as DeviceId,
    online: row.online !== 0,
    connectedAt: row.connected_at,
    lastSeenAt: row.last_seen_at,
    lastAddress: row.last_address,
    protocol: row.protocol,
  };
}
