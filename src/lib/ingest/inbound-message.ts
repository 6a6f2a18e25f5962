import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import type { BrokerChange } from '../storage/broker-state.ts';

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
  /** How its sender knows it again, if it may send it twice. */
  readonly origin?: MessageOrigin;
  /** Broker state that is committed in the transaction of the message, whatever becomes of its samples. */
  readonly alongside?: readonly BrokerChange[];
}

/**
 * A repeat (same sender, id and payload) is answered as the first was, and stored once, even if its values carry no time:
 * an MQTT session and packet identifier, or a device and its Idempotency-Key.
 */
export interface MessageOrigin {
  readonly sender: string;
  readonly id: string | number;
  /** The sender says so (DUP), or cannot know: only then is it looked up. */
  readonly mayBeRepeat: boolean;
  /** The id stands for one payload for as long as it is remembered, as an Idempotency-Key does: another one under it is refused, and repeats with times of their own are known too. */
  readonly onePayload?: boolean;
}
