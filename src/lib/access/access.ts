import type { PeerCertificate } from '../certificates/authority.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { Principal } from './principal.ts';
import type { Role } from './roles.ts';

/** Says no more than it must: a wrong name and a wrong password look the same. */
export type Authentication =
  | {
      readonly ok: true;
      readonly principal: Principal;
      /** When the credentials end by themselves, in ms since 1970; absent or null: never. */
      readonly expiresAt?: number | null;
    }
  | {
      readonly ok: false;
      readonly code: 'not_logged_in' | 'locked_out';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      /** Whose certificate it was, when the hub knows it. */
      readonly device?: DeviceId | null;
    };

/** Who is it? Every way in asks here; guessing is counted per account and per address in one place. */
export interface Authenticator {
  /** An API token (`mst_<id>_<secret>`) or a device token (`msd_<id>_<secret>`). */
  bearer(token: string, address: string | null): Promise<Authentication>;
  /** A device by its id and its password or token. A token alone, as user name or password, will do. */
  device(username: string, password: string, address: string | null): Promise<Authentication>;
  /** A device by the certificate that it showed in the TLS handshake. Nobody can guess one, so nothing is counted. */
  certificate(peer: PeerCertificate, address: string | null): Promise<Authentication>;
  /** A person. */
  user(name: string, password: string, address: string | null): Promise<Authentication>;
}

export interface IssuedToken {
  readonly id: string;
  /** The whole token; the hub keeps only a hash of its secret. */
  readonly token: string;
  readonly expiresAt: number | null;
}

/** A device's credentials changed or went: whoever holds a session of it cuts it. `credential`: only what came with this one. */
export type CredentialListener = (device: DeviceId, credential?: string) => void;
/** A token was revoked, or its user disabled or removed. */
export type TokenListener = (tokenId: string) => void;

export interface NewToken {
  readonly project: ProjectId;
  readonly name: string;
  readonly role: Role;
  readonly user: string | null;
  readonly expiresAt: number | null;
}
