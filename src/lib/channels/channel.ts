import type { z } from 'zod';
import type { NotifyCause } from '../domain/notification.ts';
import type { Severity } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';

/** One alarm change, as a message tells it. */
export interface NotifiedAlarm {
  readonly alarm: string;
  readonly event: string;
  readonly cause: NotifyCause;
  readonly severity: Severity;
  readonly rule: string;
  readonly device: string | null;
  readonly point: string | null;
  readonly group: string | null;
  readonly level: string | null;
  readonly value: JsonValue;
  readonly message: string;
  readonly explanation: string;
  readonly labels: Readonly<Record<string, string>>;
  /** ms since 1970 */
  readonly time: number;
}

/** What goes out at once: one alarm change, or a group of them. */
export interface Notification {
  /** The dedupe key: the same for every attempt. */
  readonly delivery: string;
  readonly project: string;
  readonly route: string | null;
  /** One line. */
  readonly title: string;
  /** Plain text, several lines. */
  readonly text: string;
  /** The worst of them. */
  readonly severity: Severity;
  readonly count: number;
  /** At most ALARMS_LISTED of `count`. */
  readonly alarms: readonly NotifiedAlarm[];
  /** Made by `channel test`. */
  readonly test: boolean;
  /** ms since 1970 */
  readonly createdAt: number;
}

export const ALARMS_LISTED = 100;

/** A failed attempt. `retryable` false: another would fail as well. */
export class ChannelError extends Error {
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  constructor(message: string, retryable: boolean, retryAfterMs: number | null = null, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'ChannelError';
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sends over one configured channel. */
export interface ChannelSender {
  /**
   * Resolves, with a few words of the receiver (`200 OK`), when the other side has taken it. Rejects with ChannelError, within the channel's time. Called
   * again with the same delivery until it resolves or fails for good; calls may overlap, as many as `concurrency` says.
   */
  send(notification: Notification, signal: AbortSignal): Promise<string>;
  /** Closes kept connections; idempotent. */
  stop(): Promise<void>;
}

/** What every channel is configured with, whatever its kind (delivery-config.ts). */
export interface DeliveryConfig {
  /** Notifications a minute, on average; beyond it they are gathered. */
  readonly ratePerMinute: number;
  /** So many may go at once before that. */
  readonly burst: number;
}

/** May the hub connect there? */
export interface TargetGuard {
  /** Of an IP address: null when it may, else why not. */
  refusal(address: string): string | null;
}

/** What a sender gets of the hub besides its configuration. */
export interface ChannelSurroundings {
  /** Whoever opens a connection asks it for each address, names resolved. */
  readonly targets: TargetGuard;
  /** ms since 1970 */
  readonly clock: () => number;
}

/** A kind of channel: a folder with this as its definition.ts, and one line in registry.ts. */
export interface ChannelDefinition<Config extends DeliveryConfig = DeliveryConfig> {
  readonly name: string;
  readonly summary: string;
  /** Of `config`; unknown names are refused. Flags of `channel create`, completion and reference derive from it. */
  readonly schema: z.ZodType<Config>;
  /** Names in `config` that are stored, never shown, and kept when an update leaves them out. The first is what `--secret-file` means without a name. */
  readonly secrets: readonly string[];
  /** Secrets that are made when nobody gives them, and shown once. */
  readonly generate?: Readonly<Record<string, () => string>>;
  /** For each secret that is sent: the names in `config` that say to whom. When one of those changes, the secret must be given again. */
  readonly sentTo?: Readonly<Record<string, readonly string[]>>;
  readonly example: JsonValue;
  /** Notifications of one channel that may be on their way at once. */
  readonly concurrency: number;
  load(): Promise<(config: Config, surroundings: ChannelSurroundings) => ChannelSender>;
}

/** Keeps the type of the configuration between the schema and the sender, and erases it for the registry. */
export function channelKind<Config extends DeliveryConfig>(definition: ChannelDefinition<Config>): ChannelDefinition {
  // The hub hands the sender exactly what this schema gave.
  return definition as unknown as ChannelDefinition;
}
