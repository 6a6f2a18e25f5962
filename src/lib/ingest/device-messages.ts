import type { InboundMessage } from './inbound-message.ts';
import type { Outcome } from './ingest.ts';

/** What devices say besides their samples, by the topic below `devices/<device>/`. `death` comes as a last will. */
const DEVICE_MESSAGE_KINDS = ['alarm', 'birth', 'death', 'set/result', 'call/result', 'config/result', 'renew'] as const;
export type DeviceMessageKind = (typeof DEVICE_MESSAGE_KINDS)[number];

/** The way in for one kind of them, as protocol adapters see it. */
export interface DeviceMessages {
  /**
   * Resolves when what the message says is on disk, or noted among the device's rejected messages: only then may the adapter acknowledge. Rejects as
   * Ingest.accept does: then it must not. Given twice, it changes nothing the second time.
   */
  accept(message: InboundMessage): Promise<Outcome>;
}

/** A kind that is missing is passed on to who subscribes, and nothing more. */
export type DeviceMessageSinks = Readonly<Partial<Record<DeviceMessageKind, DeviceMessages>>>;
