import type { DeviceError } from './device-error.ts';

/** A message, for who counts them. */
export interface MessageFacts {
  /** Values of points in it. */
  readonly values: number;
}

/**
 * For figures: called for every message and attempt, so keep it short. Must not throw. Each message that is handed over ends in exactly one of acknowledged (QoS 0: written),
 * failed and dropped.
 */
export interface DeviceObserver {
  /** Written to the network for the first time. */
  onSent?(message: MessageFacts): void;
  /** QoS 1: PUBACK, QoS 2: PUBCOMP; not called for QoS 0. `ms` since the message was handed over, waiting included. */
  onAcknowledged?(message: MessageFacts, ms: number): void;
  /** Refused for good; or lost with its connection (QoS 0); or not acknowledged when the device was closed. */
  onFailed?(message: MessageFacts, error: DeviceError): void;
  /** There was no room for it. */
  onDropped?(message: MessageFacts): void;
  /** `ms` from the beginning of the attempt. `again`: not the first time. */
  onConnected?(ms: number, again: boolean): void;
  /** A connection was lost, or closed (error null). */
  onDisconnected?(error: DeviceError | null): void;
  /** An attempt came to nothing. */
  onConnectFailed?(error: DeviceError): void;
}
