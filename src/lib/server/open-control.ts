import type { Settings } from '../config/settings.ts';
import { createControl, type HotControl } from '../control/create-control.ts';
import type { Log } from '../domain/log.ts';
import type { EventsDoor } from './open-events.ts';
import type { Storage } from './open-storage.ts';

/** What is asked of devices. Started by its owner, who says what carries commands to devices. */
export function openControl(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly events: EventsDoor;
  readonly clock: () => number;
  readonly log: Log;
}): HotControl {
  const { settings, storage, events, clock, log } = ports;
  const { system, directory, disk } = storage;
  return createControl({
    directory,
    storage: system.commands,
    limits: {
      expiryDefaultMs: settings['control.expiry-default-ms'],
      expiryMaxMs: settings['control.expiry-max-ms'],
      bytesMax: settings['limits.command-bytes-max'],
      perDevice: settings['limits.commands-open-per-device'],
      perProject: settings['limits.commands-open-per-project'],
      bytesOpenMax: settings['limits.command-bytes-open'],
    },
    commit: (statements) => system.log.commit({ statements }),
    insertEvents: (batch) => system.alarming.events.insert(batch),
    complete: events.recorder.complete,
    publish: (batch) => events.stream.publish(batch),
    closed: disk.refusal,
    clock,
    log,
  });
}
