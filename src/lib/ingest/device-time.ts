import type { DeviceEntry } from '../fleet/directory.ts';

/** The hub's time for devices that ask, as protocol adapters see it. */
export interface DeviceTime {
  /** The payload of the answer. A question that cannot be read is answered as one that says nothing. `receivedAt`: ms since 1970. */
  answer(device: DeviceEntry, question: Uint8Array, receivedAt: number): Uint8Array;
}
