import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { Storage } from './open-storage.ts';
import type { Shutdown } from './shutdown.ts';

/** What every part of the hub stands on. */
export interface Foundation {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly clock: () => number;
  readonly log: Log;
  readonly shutdown: Shutdown;
}
