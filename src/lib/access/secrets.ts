import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** API tokens act for people and scripts, device tokens for one device, claim tokens for a batch of devices that have no identity yet. */
export const TOKEN_KINDS = ['api', 'device', 'claim'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

const PREFIX: Readonly<Record<TokenKind, string>> = { api: 'mst', device: 'msd', claim: 'msc' };
const ID_BYTES = 10;
const SECRET_BYTES = 32;
/** The secret is base64url and may hold `_`, the id may not: the second `_` ends it. */
const TOKEN = /^(mst|msd|msc)_([0-9a-z]{1,40})_([A-Za-z0-9_-]{43})$/;
const TOKEN_CHARACTERS_MAX = 100;

export interface ParsedToken {
  readonly kind: TokenKind;
  readonly id: string;
  readonly secret: string;
}

/** A new token: the text to show once, and what the hub keeps of it. */
export function makeToken(kind: TokenKind): { readonly id: string; readonly token: string; readonly secretHash: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, token: `${PREFIX[kind]}_${id}_${secret}`, secretHash: hashOfSecret(secret) };
}

export function parseToken(text: string): ParsedToken | null {
  if (text.length > TOKEN_CHARACTERS_MAX) return null;
  const [, prefix, id, secret] = TOKEN.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return { kind: TOKEN_KINDS.find((kind) => PREFIX[kind] === prefix) ?? 'device', id, secret };
}

/** SHA-256 in hex. Right for secrets of 256 random bits; passwords need scrypt (passwords.ts). */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time. A stored hash that is none fits nothing. */
export function secretFits(secret: string, secretHash: string): boolean {
  const stored = Buffer.from(secretHash, 'hex');
  const given = createHash('sha256').update(secret).digest();
  return stored.length === given.length && timingSafeEqual(stored, given);
}
