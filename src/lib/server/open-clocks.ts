import { type ClockWatch, createClockWatch } from '../lifecycle/clock-watch.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

/** How right the clocks of devices are. */
export async function openClocks(ports: Foundation & { readonly events: EventsDoor }): Promise<ClockWatch> {
  const { settings, storage, events, log, shutdown } = ports;
  const { system, directory } = storage;
  const clocks = createClockWatch({
    storage: system.life.clocks,
    commits: system.log,
    directory,
    recorder: events.recorder,
    wrongAfterMs: settings['clocks.wrong-after-ms'],
    log,
  });
  await clocks.start();
  shutdown.defer('clocks', () => clocks.stop());
  return clocks;
}
