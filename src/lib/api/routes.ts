import type { SystemStore } from '../storage/system/system-store.ts';
import { type AccessPorts, accessRoutes } from './rest/access.ts';
import { type AlarmPorts, alarmRoutes } from './rest/alarms.ts';
import { type AuthorityPorts, authorityRoutes } from './rest/authorities.ts';
import { type BacktestPorts, backtestRoutes } from './rest/backtests.ts';
import { type CertificatePorts, certificateRoutes } from './rest/certificates.ts';
import { type ChannelPorts, channelRoutes } from './rest/channels.ts';
import { type ClaimPorts, claimRoutes } from './rest/claims.ts';
import { type CommandPorts, commandRoutes } from './rest/commands.ts';
import { type ConfigPorts, configRoutes } from './rest/config.ts';
import { type DeliveryPorts, deliveryRoutes } from './rest/deliveries.ts';
import { type DeviceBatchRoutePorts, deviceBatchRoutes } from './rest/device-batches.ts';
import { type DeviceRulePorts, deviceRuleRoutes } from './rest/device-rules.ts';
import { type DevicePorts, deviceRoutes } from './rest/devices.ts';
import { type EventPorts, eventRoutes } from './rest/events.ts';
import { type ExportPorts, exportRoutes } from './rest/export.ts';
import { type GroupPorts, groupRoutes } from './rest/groups.ts';
import { type HubPorts, hubRoutes } from './rest/hub.ts';
import { type JobPorts, jobRoutes } from './rest/jobs.ts';
import { type LifePorts, lifeRoutes } from './rest/life.ts';
import { type MaintenancePorts, maintenanceRoutes } from './rest/maintenances.ts';
import { type ManifestSetPorts, manifestSetRoutes } from './rest/manifest-sets.ts';
import { type NotificationRoutePorts, notificationRoutes } from './rest/notification-routes.ts';
import { type PointPorts, pointRoutes } from './rest/points.ts';
import { type ProvisioningPorts, provisioningRoutes } from './rest/provisioning.ts';
import { rejectRoutes } from './rest/rejects.ts';
import { type ReportPorts, reportRoutes } from './rest/report.ts';
import { revocationListRoutes } from './rest/revocation-lists.ts';
import { type RulePorts, ruleRoutes } from './rest/rules.ts';
import { type SamplePorts, sampleRoutes } from './rest/samples.ts';
import { type StatusPorts, statusRoutes } from './rest/status.ts';
import { type StoragePorts, storageRoutes } from './rest/storage.ts';
import { typeRoutes } from './rest/types.ts';
import type { Route } from './route.ts';

export type RoutePorts = HubPorts &
  StatusPorts &
  AccessPorts &
  AuthorityPorts &
  CertificatePorts &
  DevicePorts &
  ClaimPorts &
  ProvisioningPorts &
  GroupPorts &
  ManifestSetPorts &
  DeviceBatchRoutePorts &
  LifePorts &
  ConfigPorts &
  PointPorts &
  CommandPorts &
  JobPorts &
  ReportPorts &
  SamplePorts &
  ExportPorts &
  RulePorts &
  DeviceRulePorts &
  BacktestPorts &
  MaintenancePorts &
  AlarmPorts &
  EventPorts &
  ChannelPorts &
  NotificationRoutePorts &
  DeliveryPorts &
  StoragePorts &
  Pick<SystemStore, 'rejects'>;

/** Every route of the API. Each names its permission; the server checks it. */
export function allRoutes(ports: RoutePorts): Route[] {
  return [
    ...hubRoutes(ports),
    ...statusRoutes(ports),
    ...accessRoutes(ports),
    ...authorityRoutes(ports),
    ...revocationListRoutes(ports),
    ...certificateRoutes(ports),
    ...typeRoutes(ports),
    ...deviceRoutes(ports),
    ...claimRoutes(ports),
    ...provisioningRoutes(ports),
    ...groupRoutes(ports),
    ...manifestSetRoutes(ports),
    ...deviceBatchRoutes(ports),
    ...lifeRoutes(ports),
    ...configRoutes(ports),
    ...rejectRoutes(ports),
    ...pointRoutes(ports),
    ...commandRoutes(ports),
    ...jobRoutes(ports),
    ...reportRoutes(ports),
    ...sampleRoutes(ports),
    ...exportRoutes(ports),
    ...ruleRoutes(ports),
    ...deviceRuleRoutes(ports),
    ...backtestRoutes(ports),
    ...maintenanceRoutes(ports),
    ...alarmRoutes(ports),
    ...eventRoutes(ports),
    ...channelRoutes(ports),
    ...notificationRoutes(ports),
    ...deliveryRoutes(ports),
    ...storageRoutes(ports),
  ];
}
