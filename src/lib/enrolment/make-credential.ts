import { generatePassword, hashOfPassword, PASSWORD_COST, RANDOM_PASSWORD_COST } from '../access/passwords.ts';
import { makeToken } from '../access/secrets.ts';
import type { BatchCredential } from '../api/schema/device-batch.ts';
import { makeKeyPair } from '../certificates/keys.ts';
import type { KeyKind } from '../domain/certificate.ts';
import { publicPem } from './issue-papers.ts';

export const CREDENTIAL_KINDS = ['token', 'password', 'certificate', 'claim', 'none'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** A credential that the hub has never seen the secret of. */
export interface MadeCredential {
  readonly kind: Exclude<CredentialKind, 'none'>;
  /** Of a certificate or a place empty: the hub gives it its name. */
  readonly id: string;
  /** Of a certificate the private key, in PEM (PKCS #8); of a place empty. */
  readonly secret: string;
  /** What the hub gets. */
  readonly wire: BatchCredential;
}

/**
 * `expiresAt` null: as the hub has it by default.
 *
 * Made here, so that the secret is on our disk before the hub hears of it: an answer that is lost takes nothing with it. A password that is made at random needs no slow
 * hash: nobody tries 2^100 of them. One that somebody thought of does.
 */
export async function makeCredential(kind: MadeCredential['kind'], given: string | null, expiresAt: number | null, key: KeyKind): Promise<MadeCredential> {
  if (kind === 'certificate') {
    const keys = await makeKeyPair(key);
    const secret = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { kind, id: '', secret, wire: { kind, publicKey: publicPem(keys), ...(expiresAt !== null && { expiresAt }) } };
  }
  if (kind === 'claim') return { kind, id: '', secret: '', wire: { kind, ...(expiresAt !== null && { expiresAt }) } };
  const { id, token, secretHash } = makeToken('device');
  const validity = expiresAt === null ? {} : { expiresAt };
  if (kind === 'token') return { kind, id, secret: token, wire: { kind, id, secretHash, ...validity } };
  const secret = given ?? generatePassword();
  const passwordHash = await hashOfPassword(secret, given === null ? RANDOM_PASSWORD_COST : PASSWORD_COST);
  return { kind, id, secret, wire: { kind, id, passwordHash, ...validity } };
}
