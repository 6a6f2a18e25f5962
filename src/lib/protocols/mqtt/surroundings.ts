import type { AedesBroker } from './aedes-client.ts';
import type { MessageBus } from './message-bus.ts';
import type { MqttCounters, MqttPorts } from './ports.ts';
import type { SessionStore } from './session-store.ts';

/** What all connections of one broker share. */
export interface Surroundings {
  readonly ports: MqttPorts;
  readonly broker: AedesBroker;
  readonly bus: MessageBus;
  readonly store: SessionStore;
  readonly counters: MqttCounters;
  /** No new messages are taken. */
  readonly isDraining: () => boolean;
  /** A message that waited for ingest is settled. */
  readonly settled: () => void;
}
