import type { MqttCounters, MqttPorts } from './ports.ts';
import type { ChangeWriter } from './sessions/change-writer.ts';
import type { Dispatcher } from './sessions/dispatcher.ts';
import type { RetainedMessages } from './sessions/retained-messages.ts';
import type { Session } from './sessions/session.ts';
import type { SessionStore } from './sessions/session-store.ts';
import type { SubscriptionIndex } from './sessions/subscription-index.ts';
import type { Wills } from './sessions/wills.ts';
import type { TopicTurns } from './topic-turns.ts';

/** What all connections of one broker share. */
export interface Surroundings {
  readonly ports: MqttPorts;
  readonly counters: MqttCounters;
  readonly writer: ChangeWriter;
  readonly index: SubscriptionIndex;
  readonly dispatcher: Dispatcher;
  readonly store: SessionStore;
  readonly retained: RetainedMessages;
  readonly wills: Wills;
  readonly topicTurns: TopicTurns;
  /** No new messages are taken. */
  readonly isDraining: () => boolean;
  /** The hub ends: what its clients leave behind is no death. */
  readonly isStopping: () => boolean;
  /** Grows with every change of a credential. */
  readonly credentialChanges: () => number;
  /** A client is there and subscribes to this filter: since now, or again. */
  readonly listening: (session: Session, topicFilter: string) => void;
  /** A message that waited for the disk is settled. */
  readonly settled: () => void;
  /** Steps of the shared clock of all time limits; see deadlines.ts. */
  readonly ticks: () => number;
  /** Writes what a connection gathered, at the end of this turn of the event loop. */
  readonly flushSoon: (output: { flush(): void }) => void;
}
