import type { ProjectId } from '../domain/ids.ts';
import { type AccessEvents, recordAccess } from '../events/access-events.ts';
import { recordConnections } from '../events/connection-events.ts';
import { createEventRecorder, type EventRecorder } from '../events/event-recorder.ts';
import { createEventStream, type EventStream } from '../events/event-stream.ts';
import type { SubscriberSeats } from '../stream/subscriber-seats.ts';
import type { Foundation } from './foundation.ts';
import { retainHistory } from './retain-history.ts';

export interface EventsDoor {
  readonly recorder: EventRecorder;
  readonly stream: EventStream;
  readonly access: AccessEvents;
  /** Traffic is taken from now on. */
  started(): void;
}

/** The journal: its recorder, who watches it, what the hub itself writes in it, and how long it is kept. It ends after everything that writes in it. */
export function openEvents(
  ports: Foundation & {
    readonly seats: SubscriberSeats;
    readonly version: string;
    /** The project of what belongs to none, such as a log-in of somebody unknown. */
    readonly home: ProjectId;
    readonly isStopping: () => boolean;
  },
): EventsDoor {
  const { settings, storage, seats, version, home, isStopping, clock, log, shutdown } = ports;
  const { system, directory, disk, presence } = storage;
  const stream = createEventStream({ queueMax: settings['limits.stream-queue'], queueBytesMax: settings['limits.stream-queue-bytes'], seats });
  const recorder = createEventRecorder({
    storage: system.alarming.events,
    commits: system.log,
    clock,
    closed: disk.refusal,
    waitingMax: settings['limits.events-waiting'],
    onCommitted: (events) => stream.publish(events),
    log,
  });
  const access = recordAccess({ recorder, clock, home });
  presence.observe(recordConnections({ recorder, projectOf: (device) => directory.device(device)?.device.project ?? null, isStopping }));
  const projects = (): Iterable<ProjectId> => directory.projects.keys();
  const retention = retainHistory({
    settings,
    storage: system.alarming,
    connections: system.life.connections,
    commands: system.commands,
    jobs: system.jobs,
    commits: system.log,
    projects,
    clock,
    log,
  });
  let startedAt: number | null = null;
  shutdown.defer('events', async () => {
    access.stop();
    if (startedAt !== null) ofHub('hub.stopped', 'the hub stopped', { version, startedAt });
    await Promise.all([recorder.stop(), retention.stop()]);
  });
  return {
    recorder,
    stream,
    access,
    started() {
      startedAt = clock();
      ofHub('hub.started', `the hub started (version ${version})`, { version });
    },
  };

  function ofHub(kind: 'hub.started' | 'hub.stopped', text: string, details: { readonly version: string; readonly startedAt?: number }): void {
    for (const project of projects())
      recorder.record({ project, time: clock(), kind, actor: 'hub', severity: null, device: null, point: null, alarm: null, rule: null, text, details });
  }
}
