import type { DeviceBatch, DeviceBatchAnswer, DeviceBatchDelete, SelectedDevice } from '../../api/schema/device-batch.ts';
import type { Connection } from '../connection.ts';
import { pagesOf } from '../pages.ts';

export interface DeviceBatchResources {
  readonly deviceBatches: {
    /** Creates or changes up to 1,000 devices in one transaction; refusals of single ones are in the answer. */
    provision(batch: DeviceBatch): Promise<DeviceBatchAnswer>;
    delete(batch: DeviceBatchDelete): Promise<DeviceBatchAnswer>;
    /** All that fit, page after page. */
    select(selector: string): AsyncGenerator<SelectedDevice>;
  };
}

export function deviceBatchResources(connection: Connection): DeviceBatchResources {
  return {
    deviceBatches: {
      provision: (body) => connection.request('POST', '/devices/batch', { body }),
      delete: (body) => connection.request('POST', '/devices/batch/delete', { body }),
      select: (selector) =>
        pagesOf<SelectedDevice>((page) => connection.request('POST', '/devices/batch/select', { body: { selector, ...page, limit: 10_000 } })),
    },
  };
}
