import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';

/**
 * The parts of aedes 2.0.0-beta.1 that this adapter reads or replaces and that its own types leave out. The version is
 * pinned; test/lib/protocols/mqtt/aedes-client.test.ts fails when one of them is gone.
 */
export interface PublishPacket {
  readonly cmd?: string;
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup?: boolean;
  messageId?: number | undefined;
  properties?: PublishProperties | undefined;
  /** Absolute, ms since 1970. */
  messageExpiry?: number | undefined;
  brokerId?: string | null | undefined;
  brokerCounter?: number;
  clientId?: string;
  /** No Local of the subscription that this copy is for. */
  nl?: boolean;
  /** aedes skips a publish that carries this: it has been answered already. */
  _notAuthorized?: boolean;
}

export interface PublishProperties {
  readonly contentType?: unknown;
  readonly subscriptionIdentifier?: unknown;
  readonly [name: string]: unknown;
}

export interface SubscriptionPacket {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly rh?: number;
  readonly rap?: boolean;
  readonly nl?: boolean;
  readonly subscriptionIdentifier?: number;
}

export interface ConnectPacket {
  readonly clientId: string;
  readonly protocolVersion: number;
  keepalive: number;
  readonly clean: boolean;
  readonly will?: PublishPacket;
}

export type Deliver = (packet: PublishPacket, done: (error?: Error) => void) => void;

export interface AedesClient extends EventEmitter {
  id: string;
  readonly clean: boolean;
  readonly version: 3 | 4 | 5 | null;
  readonly conn: Duplex;
  readonly connecting: boolean;
  readonly connected: boolean;
  readonly connackSent: boolean;
  readonly closed: boolean;
  readonly errored: boolean;
  readonly sessionExpiryInterval: number;
  readonly maximumPacketSize: number | undefined;
  readonly receiveMaximum: number;
  subscriptions: Record<string, { readonly qos: 0 | 1 | 2 }>;
  readonly duplicates: Record<string, number>;
  deliver0: Deliver;
  deliverQoS: Deliver;
  readonly _will: PublishPacket | null;
  readonly _parser: EventEmitter & { parse(chunk: Buffer): number };
  /** Packets of the last read that are not done; aedes reads again at 0. */
  _parsingBatch: number;
  readonly _nextBatch: () => void;
  readonly _requestProblemInformation?: boolean;
  _assignedClientId: string | undefined;
  _serverKeepAlive: number | undefined;
  close(done?: () => void): void;
  disconnect(options: { reasonCode: number; properties?: { reasonString: string } }, done?: () => void): void;
}

export interface AedesBroker extends EventEmitter {
  readonly id: string;
  clients: Record<string, AedesClient>;
  readonly closed: boolean;
  handle(stream: Duplex): AedesClient;
  listen(): Promise<void>;
  publish(packet: PublishPacket, client: AedesClient | null, done: (error?: Error) => void): void;
  unregisterClient(client: AedesClient): void;
  scheduleSessionExpiry(client: AedesClient): void;
  close(done: () => void): void;
}
