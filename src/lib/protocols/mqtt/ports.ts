import type { Authenticator, CredentialListener, TokenListener } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import type { HubTls } from '../../certificates/tls-options.ts';
import type { Settings } from '../../config/settings.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { Log } from '../../domain/log.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Presence } from '../../fleet/presence.ts';
import type { ClaimDesk } from '../../ingest/claim-desk.ts';
import type { DeviceMessageSinks } from '../../ingest/device-messages.ts';
import type { DeviceTime } from '../../ingest/device-time.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { BrokerStorage } from '../../storage/broker-state.ts';
import type { Authorize } from './topic-access.ts';

/** A publish, or a last will, that its sender may not make. */
export interface RefusedPublish {
  readonly principal: Principal;
  /** The device that tried it; null for applications. */
  readonly device: DeviceId | null;
  readonly protocol: string;
  readonly address: string | null;
  readonly topic: string;
  readonly action: Action;
  readonly reason: string;
  readonly payloadBytes: number;
  /** At most 256 bytes. */
  readonly payloadHead: Uint8Array;
  /** ms since 1970 */
  readonly time: number;
}

/** Anything else of a device that was not taken: a log-in, a subscription, bytes that are no MQTT or too many. */
export interface Trouble {
  readonly device: DeviceId;
  readonly protocol: string;
  readonly address: string | null;
  /** As of a rejected message: `not_logged_in`, `not_allowed`, `payload_too_large`, `protocol_error`. */
  readonly code: string;
  /** connect, subscribe or receive */
  readonly step: string;
  readonly reason: string;
  /** The topic filter, of a subscription. */
  readonly topic: string | null;
  /** ms since 1970 */
  readonly time: number;
}

/** What the hub lends to the MQTT adapter. */
export interface MqttPorts {
  readonly settings: Settings;
  readonly log: Log;
  readonly directory: Directory;
  readonly presence: Presence;
  readonly authenticator: Authenticator;
  readonly authorize: Authorize;
  readonly ingest: Ingest;
  /** What takes the messages of devices that are no reports. */
  readonly deviceMessages: DeviceMessageSinks;
  /** Absent: the time is told, and nothing is learned of theirs. */
  readonly time?: DeviceTime;
  /** Where devices that come with a claim get their identity; absent: nowhere. */
  readonly claimDesk?: ClaimDesk;
  /** Sessions, queues, retained messages and wills on disk. */
  readonly broker: BrokerStorage;
  /** ms since 1970 */
  readonly clock: () => number;
  /** PEM, for MQTT over TLS. */
  readonly tls: HubTls | null;
  /** Subscribe; the answer unsubscribes. Also fired when a device is disabled or deleted. */
  readonly onCredentialsChanged: (listener: CredentialListener) => () => void;
  readonly onTokenRevoked: (listener: TokenListener) => () => void;
  /** Called for each refused publish, so that it can be kept as a rejected message. Must not throw. */
  readonly onRefused: (refused: RefusedPublish) => void;
  /** Called for all other refusals of what a known device tried. Must not throw. */
  readonly onTrouble: (trouble: Trouble) => void;
}

/** Since start, except where it says *now*. */
export interface MqttCounters {
  /** now */
  connections: number;
  /** Connections without a CONNECT that was answered, now. */
  halfOpen: number;
  /** Sockets that wait for their turn (mqtt.connects-per-second-max), now. */
  waitingConnects: number;
  /** Let in, TLS handshake or log-in under way, now; those of the last two seconds. */
  connecting: number;
  /** now, of clients present and absent */
  sessions: number;
  /** now */
  sessionsPresent: number;
  sessionsAbsent: number;
  /** Topic filters, and those of them in shared subscriptions, now. */
  subscriptions: number;
  sharedSubscriptions: number;
  /** now */
  retained: number;
  retainedBytes: number;
  /** Last wills, now. */
  wills: number;
  /** QoS 1 and 2 messages to clients that are not done, now; a message counts once for each client in `queuedMessages`, once in all in `queuedBytes`. */
  queuedMessages: number;
  queuedBytes: number;
  /** Those of them that were sent and are not acknowledged, now. */
  inFlight: number;
  /** Messages that wait for the disk, now. */
  held: number;
  received: number;
  reports: number;
  acknowledged: number;
  /** Reports that ingest did not take: overloaded, storage failed, stopping. */
  failed: number;
  /** Publishes, wills and subscriptions that a right was missing for. */
  refused: number;
  /** Connections refused, in all; then by reason. */
  refusedConnections: number;
  refusedLogIn: number;
  refusedIdentifier: number;
  /** Not this hub's protocol, version or authentication method. */
  refusedProtocol: number;
  refusedFull: number;
  refusedPerAddress: number;
  refusedPerDevice: number;
  /** The hub stops, or cannot write. */
  refusedUnavailable: number;
  /** Cut while half-open: too slow, or too many. */
  refusedHalfOpen: number;
  /** The operating system gave no descriptor. */
  acceptFailures: number;
  /** Connections cut for what they sent. */
  violations: number;
  /** Connections that were silent for longer than their keep-alive. */
  keepAliveTimeouts: number;
  /** Messages that subscribers did not get, in all; then by reason. */
  dropped: number;
  /** The queue of the session, or of all together, was full. */
  droppedQueueFull: number;
  /** QoS 0, and the client did not take what was written before. */
  droppedSlow: number;
  /** Larger than the client takes. */
  droppedTooLarge: number;
  /** There was no room for another retained message. */
  droppedRetained: number;
  /** Nobody of a shared subscription could take it. */
  droppedShared: number;
  /** Messages sent to clients; one that is sent again counts again. */
  sent: number;
}

const NAMES = [
  ...[
    'connections',
    'halfOpen',
    'waitingConnects',
    'connecting',
    'sessions',
    'sessionsPresent',
    'sessionsAbsent',
    'subscriptions',
    'sharedSubscriptions',
    'retained',
    'retainedBytes',
  ],
  ...['wills', 'queuedMessages', 'queuedBytes', 'inFlight', 'held', 'received', 'reports', 'acknowledged', 'failed', 'refused', 'refusedConnections'],
  ...['refusedLogIn', 'refusedIdentifier', 'refusedProtocol', 'refusedFull', 'refusedPerAddress', 'refusedPerDevice', 'refusedUnavailable'],
  ...['refusedHalfOpen', 'acceptFailures', 'violations', 'keepAliveTimeouts', 'sent'],
  ...['dropped', 'droppedQueueFull', 'droppedSlow', 'droppedTooLarge', 'droppedRetained', 'droppedShared'],
] as const satisfies readonly (keyof MqttCounters)[];

/** The counters of CONNECTs that were refused, by reason. */
export type RefusalCounter = Extract<keyof MqttCounters, `refused${Capitalize<string>}`>;

export type DropCounter = Extract<keyof MqttCounters, `dropped${Capitalize<string>}`>;

export function countDrop(counters: MqttCounters, reason: DropCounter): void {
  counters.dropped++;
  counters[reason]++;
}

export function newCounters(): MqttCounters {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as unknown as MqttCounters;
}
