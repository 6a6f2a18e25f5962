import type { Settings } from '../config/settings.ts';
import { type Configurations, createConfigurations } from '../configuration/configurations.ts';
import type { Control } from '../control/control.ts';
import type { Log } from '../domain/log.ts';
import type { EventsDoor } from './open-events.ts';
import type { Storage } from './open-storage.ts';
import type { Shutdown } from './shutdown.ts';

/** Configuration documents of devices. They end after the control that carries them. */
export async function openConfigurations(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly events: EventsDoor;
  readonly control: Control;
  readonly clock: () => number;
  readonly log: Log;
  readonly shutdown: Shutdown;
}): Promise<Configurations> {
  const { settings, storage, events, control, clock, log, shutdown } = ports;
  const { system, directory } = storage;
  const configurations = createConfigurations({
    control,
    storage: system.configs,
    directory,
    recorder: events.recorder,
    commits: system.log,
    versionsKept: settings['limits.config-versions-kept'],
    expiryMaxMs: settings['control.expiry-max-ms'],
    clock,
    log,
  });
  await configurations.start();
  shutdown.defer('configurations', () => configurations.stop());
  return configurations;
}
