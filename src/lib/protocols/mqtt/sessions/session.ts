import type { Principal } from '../../../access/principal.ts';
import type { StoredSession } from '../../../storage/broker-state.ts';
import type { ProtocolVersion, Subscription } from '../codec/packet.ts';
import type { ReasonCode } from '../codec/reason-codes.ts';
import type { Handed, Outbox } from './outbox.ts';
import type { RetainedBacklog } from './retained-messages.ts';

/** The connection of a session, as far as sending goes. */
export interface Outlet {
  readonly version: ProtocolVersion;
  /** QoS 1 and 2 messages that may be under way to it. */
  readonly window: number;
  /** The client's Maximum Packet Size; Infinity without one. */
  readonly packetBytesMax: number;
  /** CONNACK is out and nothing has ended it. */
  readonly isOpen: boolean;
  /** Not too much waits to be written. */
  hasRoom(): boolean;
  send(bytes: Buffer): void;
  /** Sends an encoded PUBLISH, which is not larger than `packetBytesMax`. */
  publish(topic: string, bytes: Buffer): void;
  acknowledge(type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number): void;
  cut(code: ReasonCode, reason: string): void;
}

/** A subscription of one session. */
export interface Subscriber extends Omit<Subscription, 'retainHandling'> {
  readonly session: Session;
  readonly identifier: number | null;
  /** The generation of the index that it came with. */
  since: number;
  /** The retained messages that were there are on their way to it; what is retained after that reaches it as it comes. */
  recalled: boolean;
}

/** A QoS 2 message of the client that is on its way to the disk; repeats of it wait for the same answer. */
export interface Settling {
  follow(listener: (answer: SettledAnswer) => void): void;
  /** Calls once its answer has left. */
  afterwards(listener: () => void): void;
}
export interface SettledAnswer {
  readonly code: ReasonCode;
  readonly reason: string | null;
  readonly failed: boolean;
}

/** What the hub remembers of a client beyond its connection. Most clients never need the maps. */
export class Session {
  readonly key: number;
  readonly id: string;
  principal: Principal;
  outlet: Outlet | null = null;
  /** It is on disk, and so is all that is its own. */
  stored = false;
  /** Session Expiry Interval; Infinity never ends, 0 ends with the connection. */
  expirySeconds = 0;
  /** ms since 1970; null while the client is connected. */
  leftAt: number | null = null;
  removed = false;
  subscriptions: Map<string, Subscriber> | null = null;
  /** Characters of their filters. */
  filterLength = 0;
  /** QoS 2 messages that were taken and answered, until PUBREL: a repeat is not taken again. */
  incoming: Set<number> | null = null;
  settling: Map<number, Settling> | null = null;
  outbox: Outbox | null = null;
  /** Messages with QoS 0 that were handed to its connection: nobody will say that they arrived. */
  handedOnce: Handed[] | null = null;
  /** Retained messages of its new subscriptions that were not sent yet. */
  backlog: RetainedBacklog[] | null = null;

  constructor(key: number, id: string, principal: Principal) {
    this.key = key;
    this.id = id;
    this.principal = principal;
  }

  /** ms since 1970; Infinity while connected. */
  get expiresAt(): number {
    return this.leftAt === null ? Number.POSITIVE_INFINITY : this.leftAt + this.expirySeconds * 1000;
  }

  toStored(): StoredSession {
    const { key, id, principal, expirySeconds, leftAt } = this;
    return { key, id, principal: JSON.stringify(principal), expirySeconds, leftAt };
  }
}

/** Shared subscriptions of different tenants have nothing to do with each other, whatever their names. */
export function roomOf(principal: Principal): string {
  return principal.kind === 'open' ? 'open' : principal.project;
}
