import type { CompactRequest, CompactResult, RetentionState, RetentionUpdate, StorageStats, VerifyResult } from '../../api/schema/storage.ts';
import type { Connection, RequestOptions } from '../connection.ts';

export interface StorageResources {
  /** Long work gets `timeoutMs` of its own: the answer comes when it is done. */
  readonly storage: {
    show(): Promise<StorageStats>;
    compact(what: CompactRequest, options?: Pick<RequestOptions, 'timeoutMs'>): Promise<CompactResult>;
    verify(options?: Pick<RequestOptions, 'timeoutMs'>): Promise<VerifyResult>;
    /** `retention`: as if the project's own were this, or `inherit`. */
    retention(options?: Pick<RequestOptions, 'timeoutMs'> & { readonly retention?: string }): Promise<RetentionState>;
    setRetention(change: RetentionUpdate, options?: Pick<RequestOptions, 'timeoutMs'>): Promise<RetentionState>;
    retain(options?: Pick<RequestOptions, 'timeoutMs'>): Promise<RetentionState>;
  };
}

export function storageResources(connection: Connection): StorageResources {
  return {
    storage: {
      show: () => connection.request('GET', '/storage'),
      compact: (body, given) => connection.request('POST', '/storage/compact', { body, ...given }),
      verify: (given) => connection.request('POST', '/storage/verify', given),
      retention: ({ retention, ...given } = {}) => connection.request('GET', '/storage/retention', { query: { retention }, ...given }),
      setRetention: (body, given) => connection.request('PATCH', '/storage/retention', { body, ...given }),
      retain: (given) => connection.request('POST', '/storage/retention', given),
    },
  };
}
