import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { type AccessResources, accessResources } from './resources/access.ts';
import { type AlarmResources, alarmResources } from './resources/alarms.ts';
import { type BacktestResources, backtestResources } from './resources/backtests.ts';
import { type CertificateResources, certificateResources } from './resources/certificates.ts';
import { type CommandResources, commandResources } from './resources/commands.ts';
import { type ConfigResources, configResources } from './resources/configs.ts';
import { type DeviceBatchResources, deviceBatchResources } from './resources/device-batches.ts';
import { type EventResources, eventResources } from './resources/events.ts';
import { type FleetResources, fleetResources } from './resources/fleet.ts';
import { type GroupResources, groupResources } from './resources/groups.ts';
import { type JobResources, jobResources } from './resources/jobs.ts';
import { type NotificationResources, notificationResources } from './resources/notifications.ts';
import { type ProvisioningResources, provisioningResources } from './resources/provisioning.ts';
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
    CommandResources,
    ConfigResources,
    EventResources,
    FleetResources,
    GroupResources,
    JobResources,
    NotificationResources,
    ProvisioningResources,
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
    ...commandResources(connection),
    ...configResources(connection),
    ...eventResources(connection),
    ...fleetResources(connection),
    ...groupResources(connection),
    ...jobResources(connection),
    ...notificationResources(connection),
    ...provisioningResources(connection),
    ...ruleResources(connection),
    ...sampleResources(connection),
    ...storageResources(connection),
  };
}
