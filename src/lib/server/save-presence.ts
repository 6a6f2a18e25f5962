import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { LivePresence } from '../fleet/live-presence.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

const EVERY_MS = 5_000;
const DEVICES_PER_COMMIT = 1_000;

/** Writes who was seen when to disk, in the background: a restart forgets a few seconds of it at most. */
export function savePresence(presence: LivePresence, directory: Directory, system: SystemStore, log: Log): { stop(): Promise<void> } {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= save().finally(() => (running = null));
  }, EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await save();
    },
  };

  async function save(): Promise<void> {
    for (;;) {
      const devices = presence.takeChanged(DEVICES_PER_COMMIT).filter((device) => directory.device(device));
      if (devices.length === 0) return;
      try {
        await system.log.commit({ statements: devices.map((device) => system.devices.saveStatus(device, presence.status(device))) });
      } catch (error: unknown) {
        // The next change of each of them is another chance; the live status is not touched.
        log.warn({ devices: devices.length, reason: messageOf(error) }, 'the status of devices could not be saved');
        return;
      }
    }
  }
}
