import type {
  Credential,
  CredentialCreate,
  CredentialCreated,
  Device,
  DeviceCreate,
  DeviceCreated,
  DeviceQuery,
  DeviceType,
  DeviceTypeCreate,
  DeviceTypeUpdate,
  DeviceUpdate,
  Point,
  PointQuery,
  PointUpdate,
  Reject,
} from '../../api/schema/fleet.ts';
import type { DeviceConnection, DeviceHealth } from '../../api/schema/life.ts';
import type { DeviceRules, DeviceRulesQuery, EdgeReport, EdgeReported, EdgeRules } from '../../api/schema/rules.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { encodeLevels, pathOf } from '../hub-url.ts';

export interface FleetResources {
  readonly types: {
    list(options?: ListOptions): AsyncGenerator<DeviceType>;
    create(type: DeviceTypeCreate): Promise<DeviceType>;
    show(id: string): Promise<DeviceType>;
    update(id: string, change: DeviceTypeUpdate): Promise<DeviceType>;
    delete(id: string): Promise<void>;
  };
  readonly devices: {
    list(filters?: Filters<DeviceQuery>, options?: ListOptions): AsyncGenerator<Device>;
    create(device: DeviceCreate): Promise<DeviceCreated>;
    show(id: string): Promise<Device>;
    update(id: string, change: DeviceUpdate): Promise<Device>;
    delete(id: string): Promise<void>;
    credentials(id: string, options?: ListOptions): AsyncGenerator<Credential>;
    addCredential(id: string, credential: CredentialCreate): Promise<CredentialCreated>;
    removeCredential(id: string, credentialId: string): Promise<void>;
    rejects(id: string, options?: ListOptions): AsyncGenerator<Reject>;
    /** Its connections, the newest first. */
    connections(id: string, options?: ListOptions): AsyncGenerator<DeviceConnection>;
    /** How it began, and how it is. */
    health(id: string): Promise<DeviceHealth>;
    /** Which alarm rules hold for it, and why the others do not. */
    explain(id: string, query?: DeviceRulesQuery): Promise<DeviceRules>;
    /** What a gateway evaluates itself. `credential`: of the device, in the place of the client's own. */
    edgeRules(id: string, credential?: string): Promise<EdgeRules>;
    /** An alarm that a gateway found itself. */
    reportAlarm(id: string, report: EdgeReport): Promise<EdgeReported>;
  };
  readonly points: {
    list(filters?: Filters<PointQuery>, options?: ListOptions): AsyncGenerator<Point>;
    show(device: string, path: string): Promise<Point>;
    update(device: string, path: string, change: PointUpdate): Promise<Point>;
  };
  /** Rejected messages of the whole project, newest first. */
  rejects(options?: ListOptions): AsyncGenerator<Reject>;
}

const pointAt = (device: string, path: string): string => `${pathOf('devices', device)}/points/${encodeLevels(path)}`;

export function fleetResources(connection: Connection): FleetResources {
  return {
    types: {
      list: (list) => connection.pages('/types', {}, list),
      create: (body) => connection.request('POST', '/types', { body }),
      show: (id) => connection.request('GET', pathOf('types', id)),
      update: (id, body) => connection.request('PATCH', pathOf('types', id), { body }),
      delete: (id) => connection.request('DELETE', pathOf('types', id)),
    },
    devices: {
      list: (filters, list) => connection.pages('/devices', filters, list),
      create: (body) => connection.request('POST', '/devices', { body }),
      show: (id) => connection.request('GET', pathOf('devices', id)),
      update: (id, body) => connection.request('PATCH', pathOf('devices', id), { body }),
      delete: (id) => connection.request('DELETE', pathOf('devices', id)),
      credentials: (id, list) => connection.pages(`${pathOf('devices', id)}/credentials`, {}, list),
      addCredential: (id, body) => connection.request('POST', `${pathOf('devices', id)}/credentials`, { body }),
      removeCredential: (id, credentialId) => connection.request('DELETE', `${pathOf('devices', id)}/credentials/${encodeURIComponent(credentialId)}`),
      rejects: (id, list) => connection.pages(`${pathOf('devices', id)}/rejects`, {}, list),
      connections: (id, list) => connection.pages(`${pathOf('devices', id)}/connections`, {}, list),
      health: (id) => connection.request('GET', `${pathOf('devices', id)}/health`),
      explain: (id, query) => connection.request('GET', `${pathOf('devices', id)}/explain`, { query }),
      edgeRules: (id, credential) =>
        connection.request('GET', `${pathOf('devices', id)}/rules`, credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } }),
      reportAlarm: (id, body) => connection.request('POST', `${pathOf('devices', id)}/alarms`, { body }),
    },
    points: {
      list: (filters, list) => connection.pages('/points', filters, list),
      show: (device, path) => connection.request('GET', pointAt(device, path)),
      update: (device, path, body) => connection.request('PATCH', pointAt(device, path), { body }),
    },
    rejects: (list) => connection.pages('/rejects', {}, list),
  };
}
