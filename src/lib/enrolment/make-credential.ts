import { generatePassword, hashOfPassword, PASSWORD_COST, RANDOM_PASSWORD_COST } from '../access/passwords.ts';
import { makeToken } from '../access/secrets.ts';
import type { BatchCredential } from '../api/schema/device-batch.ts';

export const CREDENTIAL_KINDS = ['token', 'password', 'none'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** A credential that the hub has never seen the secret of. */
export interface MadeCredential {
  readonly kind: 'token' | 'password';
  readonly id: string;
  readonly secret: string;
  /** What the hub gets. */
  readonly wire: BatchCredential;
}

/**
 * Made here, so that the secret is on our disk before the hub hears of it: an answer that is lost takes nothing with it. A password that is made at random needs no slow
 * hash: nobody tries 2^100 of them. One that somebody thought of does.
 */
export async function makeCredential(kind: 'token' | 'password', given: string | null, expiresAt: number | null): Promise<MadeCredential> {
  const { id, token, secretHash } = makeToken('device');
  if (kind === 'token') return { kind, id, secret: token, wire: { kind, id, secretHash, expiresAt } };
  const secret = given ?? generatePassword();
  const passwordHash = await hashOfPassword(secret, given === null ? RANDOM_PASSWORD_COST : PASSWORD_COST);
  return { kind, id, secret, wire: { kind, id, passwordHash, expiresAt } };
}
