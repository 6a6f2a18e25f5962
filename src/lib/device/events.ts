import type { DeviceCommand } from './commands.ts';
import type { DeviceError } from './device-error.ts';

/** What a device tells its program; each has one object. */
export interface DeviceEvents {
  /** `again`: not the first time. */
  connected: [{ readonly again: boolean }];
  /** The next attempt comes after so long. */
  disconnected: [{ readonly error: DeviceError; readonly retryInMs: number }];
  /** An attempt came to nothing; null: there is no other by itself. */
  connectFailed: [{ readonly error: DeviceError; readonly retryInMs: number | null }];
  /** A message was thrown away: the store is full. */
  dropped: [{ readonly values: number }];
  /** The hub will never take this message, or this subscription. */
  refused: [{ readonly error: DeviceError }];
  /** The hub's clock minus the system's, and how long the way was on which it was measured. */
  timeSynced: [{ readonly offsetMs: number; readonly roundTripMs: number }];
  /** `state` is `new` while the device waits to be approved: it is refused until then. */
  claimed: [{ readonly id: string; readonly state: string }];
  /** There is a new token, and it is saved. */
  renewed: [{ readonly expiresAt: number | null }];
  /** It is tried again later. */
  renewFailed: [{ readonly error: DeviceError }];
  /** A handler threw something that is not `Rejected`: what asked was told that the device failed. */
  handlerFailed: [{ readonly command: DeviceCommand; readonly error: unknown }];
}
