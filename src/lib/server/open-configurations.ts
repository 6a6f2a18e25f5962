import { type Configurations, createConfigurations } from '../configuration/configurations.ts';
import type { Control } from '../control/control.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

/** Configuration documents of devices. They end after the control that carries them. */
export async function openConfigurations(
  ports: Foundation & {
    readonly events: EventsDoor;
    readonly control: Control;
  },
): Promise<Configurations> {
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
