import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';

/** Bytes and their authenticated origin: what a protocol adapter hands to the pipeline. */
export interface InboundMessage {
  /** The device that the message is about; a gateway may send for a child. */
  readonly device: Device;
  readonly principal: Principal;
  readonly protocol: string;
  readonly address: string | null;
  /** MQTT topic or HTTP path, for the reject journal. */
  readonly topic: string | null;
  readonly contentType: string | null;
  readonly payload: Uint8Array;
  /** ms since 1970 */
  readonly receivedAt: number;
}
