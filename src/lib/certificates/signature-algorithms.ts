import { type KeyObject, verify } from 'node:crypto';
import { type Element, elementsOf, oid } from './der.ts';
import { OID } from './oids.ts';

/** The signatures that are taken, with the hash that node:crypto wants for each. Nothing older than SHA-2. */
const ALGORITHMS: readonly (readonly [string, string | null])[] = [
  [OID.ecdsaWithSha256, 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  [OID.ed25519, null],
];

const HASHES: ReadonlyMap<string, string | null> = new Map(ALGORITHMS.map(([id, hash]) => [oid(id).toString('hex'), hash]));

/** The form that certificates, requests and revocation lists have in common: what is signed, how, the signature. */
export interface Signed {
  readonly body: Element;
  /** For `verify` of node:crypto; undefined: an algorithm that is not taken. */
  readonly hash: string | null | undefined;
  readonly signature: Buffer;
}

/** Throws a RangeError for what is no such thing. */
export function signedOf(der: Uint8Array): Signed {
  const [whole, ...more] = elementsOf(der);
  const [body, algorithm, signature, ...rest] = whole === undefined ? [] : elementsOf(whole.content);
  if (body === undefined || algorithm === undefined || signature === undefined || more.length > 0 || rest.length > 0 || signature.tag !== 0x03)
    throw new RangeError('it is not of the form of something signed');
  const [id] = elementsOf(algorithm.content);
  return { body, hash: HASHES.get(id?.whole.toString('hex') ?? ''), signature: signature.content.subarray(1) };
}

/** False for an algorithm that is not taken, too. */
export function isSignedBy({ body, hash, signature }: Signed, key: KeyObject): boolean {
  if (hash === undefined) return false;
  try {
    return verify(hash, body.whole, key, signature);
  } catch {
    // A key of another kind than the algorithm says.
    return false;
  }
}
