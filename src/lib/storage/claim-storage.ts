import type { Claim } from '../domain/claim.ts';
import type { ClaimId, DeviceId, ProjectId } from '../domain/ids.ts';
import type { ProvisioningRule } from '../domain/provisioning.ts';
import type { Statement } from './commit-log.ts';

/** A claim with what it is proven with: a token, or certificates of an authority. */
export interface ClaimRecord extends Claim {
  /** The public part of its token, and SHA-256 of the secret one; null: it has none. */
  readonly tokenId: string | null;
  readonly secretHash: string | null;
  /** The authority whose certificates claim; null: none. */
  readonly authority: string | null;
}

/** How a device came. */
export interface ClaimedDevice {
  readonly device: DeviceId;
  readonly project: ProjectId;
  readonly claim: ClaimId;
  /** SHA-256 of what it shows that it is the same; null: it cannot ask again. */
  readonly proof: string | null;
  /** The credential that it got last. */
  readonly credential: string | null;
  readonly address: string | null;
  /** The provisioning rule that decided; null: none did. */
  readonly rule: string | null;
  /** ms since 1970 */
  readonly claimedAt: number;
}

/** Claims, the devices that came with them, and the rules that decide. */
export interface ClaimStorage {
  /** By name. */
  list(project: ProjectId): Promise<readonly ClaimRecord[]>;
  get(project: ProjectId, id: string): Promise<ClaimRecord | null>;
  byToken(tokenId: string): Promise<ClaimRecord | null>;
  byAuthority(project: ProjectId, authority: string): Promise<readonly ClaimRecord[]>;
  count(project: ProjectId): Promise<number>;
  insert(claim: ClaimRecord): Statement;
  /** Must change one row: one that was revoked before has none to change. */
  revoke(project: ProjectId, id: string, at: number): Statement;
  /** Removes what was revoked or expired before this time. */
  removeEnded(project: ProjectId, before: number): Statement;
  /**
   * Takes a place of the claim. Must change one row: it has none when the claim is revoked, expired or full, nor when more devices are on hold then, the one
   * of the same transaction included (null: that one is not held).
   */
  take(project: ProjectId, id: string, now: number, heldMax: number | null): Statement;
  held(project: ProjectId): Promise<number>;

  device(device: DeviceId): Promise<ClaimedDevice | null>;
  byProof(project: ProjectId, proof: string): Promise<ClaimedDevice | null>;
  /** Those that came with a claim, by id. */
  devicesOf(project: ProjectId, claim: string, page: { readonly after: string | null; readonly limit: number }): Promise<readonly ClaimedDevice[]>;
  insertDevice(device: ClaimedDevice): Statement;
  /** The device asked again and has another credential. Must change one row: it has none when its credential is not `before` any more. */
  renewDevice(device: DeviceId, before: string, credential: string, at: number): Statement;

  readonly rules: {
    all(): Promise<readonly ProvisioningRule[]>;
    insert(rule: ProvisioningRule): Statement;
    /** Must change one row. */
    update(rule: ProvisioningRule): Statement;
    /** Must change one row. */
    remove(project: ProjectId, id: string): Statement;
  };
}
