import type { ConfigRollback, ConfigSet, ConfigVersion, DeviceConfig } from '../../api/schema/config.ts';
import type { Connection, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface ConfigResources {
  readonly configs: {
    show(device: string): Promise<DeviceConfig>;
    set(device: string, wish: ConfigSet): Promise<ConfigVersion>;
    rollback(device: string, wish: ConfigRollback): Promise<ConfigVersion>;
    /** The newest first. */
    versions(device: string, options?: ListOptions): AsyncGenerator<ConfigVersion>;
    version(device: string, version: number): Promise<ConfigVersion>;
  };
}

export function configResources(connection: Connection): ConfigResources {
  const at = (device: string): string => `${pathOf('devices', device)}/config`;
  return {
    configs: {
      show: (device) => connection.request('GET', at(device)),
      set: (device, body) => connection.request('PUT', at(device), { body }),
      rollback: (device, body) => connection.request('POST', `${at(device)}/rollback`, { body }),
      versions: (device, list) => connection.pages(`${at(device)}/versions`, {}, list),
      version: (device, version) => connection.request('GET', `${at(device)}/versions/${version}`),
    },
  };
}
