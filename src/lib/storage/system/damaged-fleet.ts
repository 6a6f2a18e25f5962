import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { CORRUPT_HINT } from './driver.ts';

/** What is read of the fleet, where whatever goes wrong is damage. Throws storage_failed. */
export function whole<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause: unknown) {
    throw damaged(messageOf(cause), cause);
  }
}

export function damaged(what: string, cause?: unknown): MusterError {
  return new MusterError('storage_failed', `the fleet on disk is damaged: ${what}`, { cause, hint: CORRUPT_HINT });
}
