import { createConfigPlanner, type HotConfigPlanner } from '../configuration/plan-config.ts';
import { createControl, type HotControl } from '../control/create-control.ts';
import { createJobs, type HotJobs } from '../control/create-jobs.ts';
import type { HubEvent } from '../domain/event.ts';
import type { Statement } from '../storage/commit-log.ts';
import { type CommandStream, createCommandStream } from '../stream/command-stream.ts';
import type { SubscriberSeats } from '../stream/subscriber-seats.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

export interface ControlDoor {
  readonly control: HotControl;
  readonly jobs: HotJobs;
  readonly configPlanner: HotConfigPlanner;
  /** Changes of commands, to those who watch. */
  readonly stream: CommandStream;
  /** What was open in the last run goes on. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What is asked of devices. Started by its owner, who says what carries commands to devices. */
export function openControl(ports: Foundation & { readonly events: EventsDoor; readonly seats: SubscriberSeats }): ControlDoor {
  const { settings, storage, events, seats, clock, log } = ports;
  const { system, directory, disk } = storage;
  const commit = (statements: readonly Statement[]) => system.log.commit({ statements });
  const shared = {
    directory,
    commit,
    insertEvents: (batch: readonly HubEvent[]) => system.alarming.events.insert(batch),
    complete: events.recorder.complete,
    publish: (batch: readonly HubEvent[]) => events.stream.publish(batch),
    closed: disk.refusal,
    clock,
    log,
  };
  const control = createControl({
    ...shared,
    storage: system.commands,
    limits: {
      expiryDefaultMs: settings['control.expiry-default-ms'],
      expiryMaxMs: settings['control.expiry-max-ms'],
      bytesMax: settings['limits.command-bytes-max'],
      perDevice: settings['limits.commands-open-per-device'],
      perProject: settings['limits.commands-open-per-project'],
      bytesOpenMax: settings['limits.command-bytes-open'],
    },
  });
  const stream = createCommandStream({ queueMax: settings['limits.stream-queue'], queueBytesMax: settings['limits.stream-queue-bytes'], seats, clock });
  control.onChanged(stream.publish);
  const configPlanner = createConfigPlanner({ storage: system.configs, directory, versionsKept: settings['limits.config-versions-kept'] });
  const jobs = createJobs({
    ...shared,
    control,
    configPlanner,
    storage: system.jobs,
    limits: {
      openPerProject: settings['limits.jobs-open-per-project'],
      concurrencyMax: settings['limits.job-concurrency'],
      expiryDefaultMs: settings['control.expiry-default-ms'],
      expiryMaxMs: settings['control.expiry-max-ms'],
    },
  });
  return {
    control,
    jobs,
    configPlanner,
    stream,
    async start() {
      await jobs.load();
      await control.start();
      jobs.goOn();
    },
    async stop() {
      await jobs.stop();
      await control.stop();
    },
  };
}
