import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import { type ClockWatch, createClockWatch } from '../lifecycle/clock-watch.ts';
import type { EventsDoor } from './open-events.ts';
import type { Storage } from './open-storage.ts';
import type { Shutdown } from './shutdown.ts';

/** How right the clocks of devices are. */
export async function openClocks(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly events: EventsDoor;
  readonly log: Log;
  readonly shutdown: Shutdown;
}): Promise<ClockWatch> {
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
