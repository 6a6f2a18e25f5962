import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { type AccessResources, accessResources } from './resources/access.ts';
import { type AlarmResources, alarmResources } from './resources/alarms.ts';
import { type BacktestResources, backtestResources } from './resources/backtests.ts';
import { type CertificateResources, certificateResources } from './resources/certificates.ts';
import { type DeviceBatchResources, deviceBatchResources } from './resources/device-batches.ts';
import { type EventResources, eventResources } from './resources/events.ts';
import { type FleetResources, fleetResources } from './resources/fleet.ts';
import { type GroupResources, groupResources } from './resources/groups.ts';
import { type ManifestResources, manifestResources } from './resources/manifests.ts';
import { type NotificationResources, notificationResources } from './resources/notifications.ts';
import { type RuleResources, ruleResources } from './resources/rules.ts';
import { type SampleResources, sampleResources } from './resources/samples.ts';
import { type StorageResources, storageResources } from './resources/storage.ts';

/** A hub's API. Every method throws a MusterError with the catalogue's code. */
export interface HubClient
  extends Pick<Connection, 'url' | 'project' | 'request' | 'stream' | 'pages' | 'close'>,
    AccessResources,
    AlarmResources,
    BacktestResources,
    DeviceBatchResources,
    CertificateResources,
    EventResources,
    FleetResources,
    GroupResources,
    ManifestResources,
    NotificationResources,
    RuleResources,
    SampleResources,
    StorageResources {
  time(): Promise<{ time: number }>;
}

export function createHubClient(options: ConnectionOptions): HubClient {
  const connection = createConnection(options);
  const { url, project, request, stream, pages, close } = connection;
  return {
    url,
    project,
    request,
    stream,
    pages,
    close,
    time: () => request('GET', '/time'),
    ...accessResources(connection),
    ...alarmResources(connection),
    ...backtestResources(connection),
    ...deviceBatchResources(connection),
    ...certificateResources(connection),
    ...eventResources(connection),
    ...fleetResources(connection),
    ...groupResources(connection),
    ...manifestResources(connection),
    ...notificationResources(connection),
    ...ruleResources(connection),
    ...sampleResources(connection),
    ...storageResources(connection),
  };
}
