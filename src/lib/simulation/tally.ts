import type { DeviceObserver } from '../device/observer.ts';
import { createLatency, type Latency } from './latency.ts';

/** Counts of a run, shared by all of its gateways. Samples are single values; a message carries one or more. */
export interface Amount {
  messages: number;
  samples: number;
}

export interface Tally {
  /** Handed to the network at least once. */
  readonly sent: Amount;
  /** QoS 1: PUBACK, QoS 2: PUBCOMP. QoS 0 knows no acknowledgement. */
  readonly acknowledged: Amount;
  /** Refused by the hub, or lost with a connection, or still without acknowledgement at the end. */
  readonly failed: Amount;
  /** Not sent, because the gateway's buffer was full: the hub was slower than the load. */
  readonly dropped: Amount;
  connected: number;
  connectFailures: number;
  reconnects: number;
  /** From the hand-over to the connection, waiting in the buffer included, to the acknowledgement. */
  readonly acknowledgeTime: Latency;
  readonly connectTime: Latency;
  noteError(reason: string): void;
  errors(): readonly { readonly reason: string; readonly count: number }[];
}

const REASONS_MAX = 20;

export function add(amount: Amount, samples: number): void {
  amount.messages += 1;
  amount.samples += samples;
}

export function createTally(): Tally {
  const reasons = new Map<string, number>();
  const amount = (): Amount => ({ messages: 0, samples: 0 });
  return {
    sent: amount(),
    acknowledged: amount(),
    failed: amount(),
    dropped: amount(),
    connected: 0,
    connectFailures: 0,
    reconnects: 0,
    acknowledgeTime: createLatency(),
    connectTime: createLatency(),
    noteError(reason) {
      const known = reasons.has(reason) || reasons.size < REASONS_MAX ? reason : 'other';
      reasons.set(known, (reasons.get(known) ?? 0) + 1);
    },
    errors: () => [...reasons].map(([reason, count]) => ({ reason, count })).sort((one, other) => other.count - one.count),
  };
}

/** Counts what a gateway does. */
export function observing(tally: Tally): DeviceObserver {
  return {
    onSent: ({ values }) => add(tally.sent, values),
    onAcknowledged({ values }, ms) {
      add(tally.acknowledged, values);
      tally.acknowledgeTime.record(ms);
    },
    onFailed({ values }, error) {
      add(tally.failed, values);
      // With QoS 0 a lost connection takes many messages; it is told once, below.
      if (error.code !== 'unreachable') tally.noteError(error.message);
    },
    onDropped: ({ values }) => add(tally.dropped, values),
    onConnected(ms, again) {
      tally.connected += 1;
      tally.connectTime.record(ms);
      if (again) tally.reconnects += 1;
    },
    onDisconnected(error) {
      tally.connected -= 1;
      if (error !== null) tally.noteError(error.message);
    },
    onConnectFailed(error) {
      tally.connectFailures += 1;
      tally.noteError(error.message);
    },
  };
}
