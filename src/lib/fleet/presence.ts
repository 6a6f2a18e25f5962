import type { DeviceStatus } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';

/** Where and how a device is connected. */
export interface Connection {
  /** Unique among open connections of the hub. */
  readonly id: string;
  readonly device: DeviceId;
  readonly protocol: string;
  readonly address: string | null;
  /** The client identifier, where the protocol has one. */
  readonly client?: string;
  /** What it came with: the id of a token, `certificate:<fingerprint>`; absent: a password. */
  readonly credential?: string | undefined;
}

/** Who is there: kept in memory, saved in the background, true within a second. */
export interface Presence {
  connected(connection: Connection, at: number): void;
  /** `reason`: for people, `the client disconnected`. */
  disconnected(connectionId: string, at: number, reason: string): void;
  /** A message came, perhaps for a child through its gateway's connection, perhaps without a connection (HTTP). */
  seen(device: DeviceId, origin: { readonly connectionId: string | null; readonly protocol: string; readonly address: string | null }, at: number): void;
  status(device: DeviceId): DeviceStatus;
  /** The same as in its status, which is not read for it. */
  isOnline(device: DeviceId): boolean;
}
