import type { SecureContext } from 'node:tls';
import type { JsonValue } from '../domain/value.ts';
import type { IdentityStore } from './identity.ts';
import type { DeviceObserver } from './observer.ts';
import type { FullPolicy } from './outbox.ts';
import type { ReportFormat } from './report.ts';

/** A certificate of the device and its key, PEM or PKCS#12. */
export type DeviceCertificate =
  | { readonly cert: string | Buffer; readonly key: string | Buffer; readonly passphrase?: string }
  | { readonly pfx: Buffer; readonly passphrase?: string };

/** How a device shows who it is: a token (`msd_...`), a password, or a certificate over `mqtts://` or `wss://`. */
export type Credential = { readonly token: string } | { readonly password: string } | { readonly certificate: DeviceCertificate };

/** How a device that the hub has never seen registers itself, and what it says of itself then. */
export interface Claim {
  /** `msc_...`; or the certificate of a batch. */
  readonly credential: { readonly token: string } | { readonly certificate: DeviceCertificate };
  /**
   * A certificate in the place of a token, over `mqtts://` or `wss://`: the key is made here, or given. It is kept in the `identity` and sent nowhere.
   */
  readonly key?: 'p256' | 'ed25519' | { readonly pem: string | Buffer; readonly passphrase?: string };
  /** The id that it would like to have; without it the hub chooses. */
  readonly id?: string;
  readonly name?: string;
  readonly kind?: 'gateway' | 'device';
  readonly type?: string;
  /** Serial number and the like: `{ serial: 'B-1234', imei: '...' }`. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Anything else that the rules of the hub may look at. */
  readonly attributes?: Readonly<Record<string, JsonValue>>;
}

/** What a device says of itself each time it connects (its birth message). Further fields are kept as they are. */
export interface About {
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly hardware?: string | number;
  readonly firmware?: string | number;
  /** Versions of programs, by name. */
  readonly software?: Readonly<Record<string, string | number>>;
  readonly boot?: { readonly reason?: string; readonly count?: number };
  /** Version of the configuration document that is in force. */
  readonly config?: number | null;
  /** Points that tell of the device's own health, besides those below `$health/`. */
  readonly health?: readonly string[];
  readonly [field: string]: JsonValue | undefined;
}

export interface TlsOptions {
  /** PEM: whom to trust instead of the authorities that Node brings. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** Name in the hub's certificate, when it is not the host of the URL. */
  readonly servername?: string;
  /** In place of `ca`, made once for many devices. */
  readonly secureContext?: SecureContext;
}

export interface StoreOptions {
  /** Messages that wait while the hub is away or slow. @default 10000 */
  readonly messagesMax?: number;
  /** About what they take in memory. @default 16777216 */
  readonly bytesMax?: number;
  /** @default 'drop-oldest' */
  readonly whenFull?: FullPolicy;
}

interface CommonOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://` */
  readonly url: string;
  /** Told in the birth message, with a last will beside it; without it there is neither. */
  readonly about?: About | (() => About);
  readonly tls?: TlsOptions;
  readonly store?: StoreOptions;
  /** mqtt is 3.1.1; only mqtt5 can say why a message was refused. @default 'mqtt5' */
  readonly protocol?: 'mqtt' | 'mqtt5';
  /** Of reports. With 0 nobody tells the device whether they arrived. @default 1 */
  readonly qos?: 0 | 1 | 2;
  /** @default 'json' */
  readonly format?: ReportFormat;
  /** Messages on their way without acknowledgement; the hub may allow fewer. @default 50 */
  readonly inFlightMax?: number;
  /** Waits between attempts, drawn from nothing to as long as the outage has lasted, `firstMs` at least and `longestMs` at most. @default 1 s, 60 s */
  readonly reconnect?: { readonly firstMs?: number; readonly longestMs?: number };
  /** @default 60 */
  readonly keepAliveSeconds?: number;
  /** From the attempt to the hub's answer. A hub to which all its devices come back at once lets them in one after the other: who gives up early loses its place. @default 30000 */
  readonly connectTimeoutMs?: number;
  /** The hub is asked for its time, with each connection and every hour, so that reports carry the right time though the device's clock is wrong. @default true */
  readonly timeSync?: boolean;
  /** A message that the hub cannot take at the moment (rate, full disk) is sent again later, or has failed. @default 'retry' */
  readonly refused?: 'retry' | 'fail';
  /** Called for every message and attempt: for figures. */
  readonly observer?: DeviceObserver;
  /** For the jitter: 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/**
 * A device that knows who it is gives `id` and `credential`; one that registers itself gives `claim`, and a store that keeps what it gets. A store alone is enough for a device
 * that has claimed its identity before.
 */
export type DeviceOptions = CommonOptions &
  (
    | { readonly id: string; readonly credential: Credential; readonly identity?: never; readonly claim?: never }
    | { readonly identity: IdentityStore; readonly claim?: Claim; readonly id?: never; readonly credential?: never }
  );
