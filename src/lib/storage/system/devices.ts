import type { Device, DeviceKind, DeviceState, DeviceStatus } from '../../domain/device.ts';
import { GROUP_LABEL } from '../../domain/group.ts';
import type { DeviceId, DeviceTypeId, ProjectId } from '../../domain/ids.ts';
import type { StoredDevice } from '../fleet-reading.ts';
import type { SystemStore } from './system-store.ts';

/** As `DEVICE_TEXTS` gives a line. */
type Row = readonly [
  project: string,
  name: string,
  kind: string,
  type: string | null,
  parent: string | null,
  state: string,
  labels: Device['labels'],
  groups: Device['groups'],
  createdAt: number,
  updatedAt: number,
];

type StatusRow = readonly [
  device: string,
  online: number,
  connectedAt: number | null,
  lastSeenAt: number | null,
  lastAddress: string | null,
  protocol: string | null,
];

/** Of the devices behind an id, up to and with another; see FleetTexts. Put together as text: what is JSON already is not read again. */
export const DEVICE_TEXTS = `select
    '[' || group_concat('[' || json_quote(id) || ',' || json_quote(project) || ',' || json_quote(parent) || ',' || aliases || ',' || groups || ','
      || (instr(labels, '"${GROUP_LABEL}"') > 0) || ']') || ']' as devices,
    group_concat('[' || json_quote(project) || ',' || json_quote(name) || ',' || json_quote(kind) || ',' || json_quote(type) || ',' || json_quote(parent) || ','
      || json_quote(state) || ',' || labels || ',' || groups || ',' || created_at || ',' || updated_at || ']', char(10)) as lines
  from (select * from devices where id > ? and id <= ? order by id)`;
export const STATUS_LINES = `select group_concat(json_array(device, online, connected_at, last_seen_at, last_address, protocol), char(10)) as lines
  from (select * from device_statuses where device > ? and device <= ? order by device)`;
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

export function createDevices(): SystemStore['devices'] {
  return {
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

export function storedDevicesOf(text: string): readonly StoredDevice[] {
  return JSON.parse(text) as readonly StoredDevice[];
}

/** `line`: of `DEVICE_TEXTS`. */
export function deviceOf(line: string, id: DeviceId, aliases: Device['aliases']): Device {
  const [project, name, kind, type, parent, state, labels, groups, createdAt, updatedAt] = JSON.parse(line) as Row;
  return {
    id,
    project: project as ProjectId,
    name,
    kind: kind as DeviceKind,
    type: type as DeviceTypeId | null,
    parent: parent as DeviceId | null,
    state: state as DeviceState,
    labels,
    aliases,
    groups,
    createdAt,
    updatedAt,
  };
}

/** `line`: of `STATUS_LINES`. */
export function statusOf(line: string): DeviceStatus {
  const [, online, connectedAt, lastSeenAt, lastAddress, protocol] = JSON.parse(line) as StatusRow;
  return { online: online !== 0, connectedAt, lastSeenAt, lastAddress, protocol };
}
