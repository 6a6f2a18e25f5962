import type { Settings } from '../config/settings.ts';
import type { HotControl } from '../control/create-control.ts';
import type { HotJobs } from '../control/create-jobs.ts';
import type { DeviceSearch } from '../fleet/search/device-search.ts';
import type { HubLevels } from '../metrics/hub-figures.ts';
import type { Notifications } from '../notifications/create-notifications.ts';
import type { MqttProtocol } from '../protocols/mqtt/mqtt-protocol.ts';
import type { CommandStream } from '../stream/command-stream.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import type { SubscriberSeats } from '../stream/subscriber-seats.ts';
import type { HotSupervision } from '../supervision/create-supervision.ts';
import type { ConnectionCount } from './limit-connections.ts';
import { limitLevels } from './limit-levels.ts';
import type { EventsDoor } from './open-events.ts';
import type { IngestDoor } from './open-ingest.ts';
import type { LifecycleDoor } from './open-lifecycle.ts';
import type { ProvisioningDoor } from './open-provisioning.ts';
import type { Storage } from './open-storage.ts';

export interface HubState {
  /** What keeps the hub from taking traffic; null: nothing does. Anybody may ask: what exactly failed, with its paths, stands in the log. */
  checks(): Readonly<Record<'traffic' | 'writes' | 'samples' | 'disk', string | null>>;
  /** What is not as it should be, though traffic is taken. Anybody may ask: no figures. */
  notes(): Readonly<Record<'pressure' | 'damage', string | null>>;
  levels(): HubLevels;
}

/** What the hub says of itself at a moment, gathered from all its parts. */
export function hubState(parts: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly ingest: IngestDoor;
  readonly events: EventsDoor;
  readonly alarms: HotSupervision;
  readonly notifications: Notifications;
  readonly control: HotControl;
  readonly provisioning: Pick<ProvisioningDoor, 'counts'>;
  readonly jobs: Pick<HotJobs, 'open'>;
  readonly commandStream: Pick<CommandStream, 'dropped'>;
  readonly search: Pick<DeviceSearch, 'running'>;
  readonly lifecycle: Pick<LifecycleDoor, 'connections' | 'clocks'>;
  readonly mqtt: MqttProtocol;
  readonly stream: LiveStream;
  readonly seats: SubscriberSeats;
  readonly connections: () => ConnectionCount;
  readonly isStopping: () => boolean;
}): HubState {
  const { settings, storage, ingest, events, alarms, notifications, control, jobs, provisioning, mqtt, stream, seats, connections, isStopping } = parts;
  const { search, lifecycle } = parts;
  const { directory, disk, samples, system } = storage;
  const { pipeline, pressure } = ingest;
  return { checks, notes, levels };

  function checks() {
    return {
      traffic: isStopping() ? 'the hub is stopping' : null,
      writes: system.log.failing ? 'nothing can be written at the moment' : null,
      samples: storage.failed() ? 'the sample store takes nothing at the moment' : null,
      disk: disk.refusal() === null ? null : 'the disk has too little room: writes are refused',
    };
  }

  function notes() {
    const pressed = pressure.state();
    return {
      pressure: pressed === null ? null : `senders are held back since ${new Date(pressed.since).toISOString()}: the hub cannot follow`,
      damage: system.log.walWasDamaged ? 'the log of the system database was damaged at the last start: see the log, and storage' : null,
    };
  }

  function levels(): HubLevels {
    const limited = {
      messagesWaiting: ingest.waiting(),
      bytesWaiting: pipeline.bytesWaiting,
      journalBytes: system.log.journalBytes,
      httpConnections: connections().open,
      streamSubscribers: seats.taken,
      events: {
        recorded: events.stream.published,
        dropped: events.recorder.dropped,
        waiting: events.recorder.waiting,
        streamDropped: events.stream.dropped,
      },
      searches: search.running,
      history: { waiting: lifecycle.connections.waiting, dropped: lifecycle.connections.dropped },
      alarms: alarms.counts(),
      commands: { ...control.counts(), jobs: jobs.open, streamDropped: parts.commandStream.dropped },
      mqtt: mqtt.counters(),
    };
    return {
      ...limited,
      problems: Object.values(checks()).filter((problem) => problem !== null),
      steps: pipeline.steps,
      devices: sumOf(directory.projects.keys(), (project) => directory.deviceCount(project)),
      points: sumOf(directory.projects.keys(), (project) => directory.pointCount(project)),
      groups: sumOf(directory.projects.keys(), (project) => directory.groups.count(project)),
      clocksWrong: lifecycle.clocks.wrong,
      commitsWaiting: system.log.depth,
      commitsFailing: system.log.failing,
      commitGroupsFailed: system.log.counts.failedGroups,
      commitThreadRestarts: system.log.counts.restarts,
      damagedEntries: system.log.counts.damagedEntries,
      journalEntriesToApply: Math.max(0, system.log.lastJournalId - samples.appliedJournalId),
      sampleStoreFailed: storage.failed(),
      pressure: pressure.state(),
      pressureTimes: pressure.counts.times,
      pressureHeldMs: pressure.counts.heldMs,
      diskFreeBytes: disk.freeBytes,
      diskFloorBytes: disk.freeBytesMin,
      diskFull: disk.refusal() !== null,
      httpRefused: connections().refused,
      damagedFiles: samples.damaged.length,
      streamDropped: stream.dropped,
      notifications: notifications.counts(),
      provisioning: provisioning.counts(),
      limits: limitLevels(settings, { ...limited, mqttConnectionsMax: mqtt.connectionsMax }),
    };
  }
}

function sumOf<Key>(keys: Iterable<Key>, count: (key: Key) => number): number {
  let sum = 0;
  for (const key of keys) sum += count(key);
  return sum;
}
