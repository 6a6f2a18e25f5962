import type {
  AggregateQuery,
  AggregateResult,
  CountQuery,
  CountResult,
  DownsampleQuery,
  DownsampleResult,
  ReportResult,
  SampleItem,
  SamplesQuery,
  StreamMessage,
  StreamQuery,
} from '../../api/schema/samples.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface SampleResources {
  /**
   * `payload`: text and bytes as they are, anything else as JSON. Default content type: application/json. Under an idempotency key the same report
   * may be sent again, whatever became of the first: it is stored once.
   */
  report(device: string, payload: unknown, options?: { readonly contentType?: string; readonly idempotencyKey?: string }): Promise<ReportResult>;
  samples(device: string, query: Filters<SamplesQuery>, options?: ListOptions): AsyncGenerator<SampleItem>;
  aggregate(device: string, query: AggregateQuery): Promise<AggregateResult>;
  downsample(device: string, query: DownsampleQuery): Promise<DownsampleResult>;
  count(query: CountQuery): Promise<CountResult>;
  /** Samples as they are stored. Ends when `signal` aborts or after a `bye`; throws `unreachable` when the connection is lost. */
  live(query: StreamQuery, signal: AbortSignal): AsyncGenerator<StreamMessage>;
}

export function sampleResources(connection: Connection): SampleResources {
  return {
    report: (device, payload, { contentType = 'application/json', idempotencyKey } = {}) =>
      connection.request('POST', `${pathOf('devices', device)}/report`, {
        body: payload,
        headers: { 'content-type': contentType, ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) },
      }),
    samples: (device, query, list) => connection.pages(`${pathOf('devices', device)}/samples`, query, list),
    aggregate: (device, query) => connection.request('GET', `${pathOf('devices', device)}/aggregate`, { query }),
    downsample: (device, query) => connection.request('GET', `${pathOf('devices', device)}/downsample`, { query }),
    count: (query) => connection.request('GET', '/samples/count', { query }),
    live: (query, signal) => connection.live('/stream', query, signal),
  };
}
