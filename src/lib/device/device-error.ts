import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, type MusterErrorOptions } from '../errors/muster-error.ts';

/**
 * What can go wrong for a device. `unreachable`, `timed_out`: no connection. `not_logged_in`: wrong, expired or revoked credentials. `not_allowed`: the device is disabled, or waits
 * to be approved; or the topic is not its own. `overloaded`, `rate_limited`, `disk_full`, `storage_failed`, `stopping`: the hub takes it later. `limit_reached`: the store of the
 * device is full, or the hub has no room for its connection. `rejected` and the codes of values: the hub will never take this message. `payload_too_large`: as it says.
 * `interrupted`: closed before it was done. `usage`, `invalid`: the program is wrong.
 */
export type DeviceErrorCode = ErrorCode;

const PASSING: ReadonlySet<ErrorCode> = new Set(['unreachable', 'timed_out', 'overloaded', 'rate_limited', 'disk_full', 'storage_failed', 'stopping']);

/** Every error of the library: a sentence, a stable code, and what to do. */
export class DeviceError extends MusterError {
  constructor(code: DeviceErrorCode, message: string, options: MusterErrorOptions = {}) {
    super(code, message, options);
    this.name = 'DeviceError';
  }

  /** The same may work later, without a change of the program or of the credentials. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}

/** Thrown by a handler: the device does not do what it was asked, and says why. The reason is for people; what asked gets it as it is. */
export class Rejected extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Rejected';
  }
}
