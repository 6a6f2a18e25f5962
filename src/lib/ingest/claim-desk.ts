import type { Principal } from '../access/principal.ts';

/** A device without an identity that asks for one, as a protocol adapter hands it on. */
export interface ClaimMessage {
  readonly principal: Principal;
  readonly protocol: string;
  readonly address: string | null;
  readonly payload: Uint8Array;
}

/** Where devices get their identity. */
export interface ClaimDesk {
  /**
   * What to tell the connection that asked, and nobody else: the identity, once it is on disk, or why there is none. Rejects with MusterError `overloaded`, `storage_failed`,
   * `disk_full` or `stopping`: then the request must not be acknowledged.
   */
  accept(message: ClaimMessage): Promise<Uint8Array>;
}
