import { isWithinNetworks } from '../access/networks.ts';
import { ALIAS_KINDS, type AliasKind } from '../domain/device.ts';
import { globMatcher } from '../domain/matching.ts';
import type { ClaimRequest } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { ClaimRecord } from '../storage/claim-storage.ts';

/** Throws not_allowed for a claim that holds no more, or not for this address. Whether there is a place left shows when it is taken. */
export function checkLive({ id, revokedAt, expiresAt, addresses }: ClaimRecord, address: string | null, now: number): void {
  if (revokedAt !== null) throw new MusterError('not_allowed', `the claim ${id} is revoked`);
  if (expiresAt !== null && expiresAt <= now) throw new MusterError('not_allowed', `the claim ${id} has expired`);
  if (addresses.length > 0 && (address === null || !isWithinNetworks(address, addresses)))
    throw new MusterError('not_allowed', `the claim ${id} does not hold at this address`);
}

/** Throws not_allowed for a device that none of the claim's patterns allows. */
export function checkAllowed({ id: claim, allowed }: ClaimRecord, id: string, aliases: ClaimRequest['aliases']): void {
  if (allowed.length === 0 || allowed.some((pattern) => allows(pattern, id, aliases))) return;
  throw new MusterError('not_allowed', `the claim ${claim} does not allow this device`);
}

/** `imei:35*` is of an alias, `id:gw-*` and `gw-*` are of the id. */
function allows(pattern: string, id: string, aliases: ClaimRequest['aliases']): boolean {
  const colon = pattern.indexOf(':');
  const kind = colon < 0 ? '' : pattern.slice(0, colon);
  if ((ALIAS_KINDS as readonly string[]).includes(kind)) {
    const value = aliases[kind as AliasKind];
    return value !== undefined && globMatcher(pattern.slice(colon + 1))(value);
  }
  return globMatcher(kind === 'id' ? pattern.slice(colon + 1) : pattern)(id);
}
