import type { ClaimId, ProjectId } from './ids.ts';

/**
 * A credential of a batch, with which devices that were never seen register themselves: a token (`msc_<id>_<secret>`), or any certificate of an authority that is registered
 * for it. A device uses it once; what it gets is its own.
 */
export interface Claim {
  readonly id: ClaimId;
  readonly project: ProjectId;
  readonly kind: 'token' | 'certificate';
  /** Devices that may come with it; null: any number. */
  readonly devicesMax: number | null;
  /** Devices that came, those on hold included. */
  readonly used: number;
  /** ms since 1970; null: until it is revoked. */
  readonly expiresAt: number | null;
  /** Networks (CIDR) that they may come from; none: any. */
  readonly addresses: readonly string[];
  /** The type that its devices get; null: as the rules say. */
  readonly type: string | null;
  /** Patterns of ids and of aliases (`imei:35*`) that may come; none: any. */
  readonly allowed: readonly string[];
  readonly description: string | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly revokedAt: number | null;
}
