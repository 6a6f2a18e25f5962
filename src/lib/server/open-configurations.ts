import { type Configurations, createConfigurations } from '../configuration/configurations.ts';
import type { Foundation } from './foundation.ts';
import type { ControlDoor } from './open-control.ts';
import type { EventsDoor } from './open-events.ts';

/** Configuration documents of devices. They end after the control that carries them. */
export async function openConfigurations(
  ports: Foundation & {
    readonly events: EventsDoor;
    readonly asking: ControlDoor;
  },
): Promise<Configurations> {
  const { settings, storage, events, asking, clock, log, shutdown } = ports;
  const { system } = storage;
  const { control, configPlanner: planner } = asking;
  const configurations = createConfigurations({
    control,
    storage: system.configs,
    planner,
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
