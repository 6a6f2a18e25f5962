import type { Configurations } from '../configuration/configurations.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { DeviceMessageSinks } from '../ingest/device-messages.ts';
import type { ClockWatch } from '../lifecycle/clock-watch.ts';
import { type ConnectionHistory, createConnectionHistory } from '../lifecycle/connection-history.ts';
import { createTimeService, type TimeService } from '../lifecycle/time-service.ts';
import { createVitals } from '../lifecycle/vitals.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';
import type { IngestDoor } from './open-ingest.ts';

export interface LifecycleDoor {
  readonly sinks: Pick<DeviceMessageSinks, 'birth' | 'death'>;
  readonly connections: ConnectionHistory;
  readonly clocks: ClockWatch;
  readonly time: TimeService;
}

/** Births and deaths of devices, and the history of their connections. It ends after the doors that devices come through. */
export async function openLifecycle(
  ports: Foundation & {
    readonly ingest: IngestDoor;
    readonly events: EventsDoor;
    readonly clocks: ClockWatch;
    readonly configurations: Pick<Configurations, 'reported'>;
  },
): Promise<LifecycleDoor> {
  const { settings, storage, ingest, events, clocks, configurations, clock, log, shutdown } = ports;
  const { system, presence } = storage;
  const connections = createConnectionHistory({
    storage: system.life.connections,
    commits: system.log,
    clock,
    keptMax: settings['limits.connections-kept'],
    waitingMax: settings['limits.events-waiting'],
    log,
  });
  await connections.start();
  presence.observe(connections);
  shutdown.defer('connection history', () => connections.stop());
  const sinks = createVitals({
    messages: ingest.deviceMessages,
    storage: system.life.vitals,
    events: system.alarming.events,
    recorder: events.recorder,
    commits: system.log,
    onCommitted: (committed) => events.stream.publish(committed),
    onLeft: (device, at) => presence.left(device, at),
    onBorn(device, { config }) {
      if (typeof config !== 'number' || config === 0) return;
      const report = { version: config, document: null };
      configurations
        .reported(device, report, clock())
        .catch((error: unknown) => log.warn({ device: device.id, reason: messageOf(error) }, 'the configuration that a birth names could not be noted'));
    },
  });
  return { sinks, connections, clocks, time: createTimeService({ clocks, clock }) };
}
