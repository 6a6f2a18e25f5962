import type { ManagedObject, ManifestSet, ManifestSetChange } from '../../api/schema/manifests.ts';
import type { Connection, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface ManifestResources {
  /** What `muster apply` manages. */
  readonly manifestSets: {
    list(): Promise<{ readonly items: readonly ManifestSet[] }>;
    objects(set: string, options?: ListOptions): AsyncGenerator<ManagedObject>;
    change(set: string, change: ManifestSetChange): Promise<void>;
  };
}

export function manifestResources(connection: Connection): ManifestResources {
  return {
    manifestSets: {
      list: () => connection.request('GET', '/manifest-sets'),
      objects: (set, list) => connection.pages(`${pathOf('manifest-sets', set)}/objects`, {}, list),
      change: (set, body) => connection.request('POST', `${pathOf('manifest-sets', set)}/objects`, { body }),
    },
  };
}
