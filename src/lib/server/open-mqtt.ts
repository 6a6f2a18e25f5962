import { authorize } from '../access/authorize.ts';
import type { Access } from '../access/create-access.ts';
import type { HubTls } from '../certificates/tls-options.ts';
import { createConfigReports } from '../configuration/config-reports.ts';
import type { Configurations } from '../configuration/configurations.ts';
import type { Control } from '../control/control.ts';
import type { MqttProtocol } from '../protocols/mqtt/mqtt-protocol.ts';
import { PROTOCOLS } from '../protocols/registry.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { Foundation } from './foundation.ts';
import type { IngestDoor } from './open-ingest.ts';
import type { LifecycleDoor } from './open-lifecycle.ts';
import type { ProvisioningDoor } from './open-provisioning.ts';

/** MQTT, which takes no traffic before it is started. */
export async function openMqtt(
  ports: Foundation & {
    readonly access: Access;
    readonly ingest: IngestDoor;
    readonly alarms: HotSupervision;
    readonly configurations: Configurations;
    readonly provisioning: ProvisioningDoor;
    readonly lifecycle: LifecycleDoor;
    readonly control: Pick<Control, 'answered'>;
    readonly tls: HubTls | null;
  },
): Promise<MqttProtocol> {
  const { settings, storage, access, ingest, alarms, provisioning, configurations, lifecycle, control, tls, clock, log } = ports;
  const { directory, presence } = storage;
  const { create } = await PROTOCOLS.mqtt.load();
  return create({
    settings,
    log,
    directory,
    presence: {
      ...presence,
      connected(connection, at) {
        presence.connected(connection, at);
        alarms.deviceSeen(connection.device);
      },
    },
    authenticator: access.authenticator,
    authorize,
    ingest: ingest.pipeline,
    deviceMessages: {
      alarm: ingest.alarmReports(alarms.alarms.reported),
      'set/result': ingest.commandResults(control, 'set'),
      'call/result': ingest.commandResults(control, 'call'),
      'config/result': createConfigReports(
        ingest.deviceMessages,
        configurations,
        ingest.commandResults(control, 'config'),
        settings['limits.command-bytes-max'],
      ),
      renew: provisioning.renewals,
      ...lifecycle.sinks,
    },
    time: lifecycle.time,
    claimDesk: provisioning.desk,
    broker: ingest.broker,
    clock,
    tls,
    onCredentialsChanged: access.deviceCredentials.onCredentialsChanged,
    onTokenRevoked: access.accounts.onTokenRevoked,
    onRefused: ingest.refused,
    onTrouble: ingest.trouble,
  });
}
