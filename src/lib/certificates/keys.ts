import { createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyKind } from '../domain/certificate.ts';
import { MusterError } from '../errors/muster-error.ts';
import { oid, sequence } from './der.ts';
import { OID } from './oids.ts';

const RSA_BITS_MIN = 2048;
/** A handshake with a larger one costs the hub more than it gives. */
const RSA_BITS_MAX = 8192;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

const generate = promisify(generateKeyPair);

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function makeKeyPair(kind: KeyKind): Promise<KeyPair> {
  return kind === 'ed25519' ? generate('ed25519') : generate('ec', { namedCurve: 'prime256v1' });
}

/** What is wrong with a public key; null: nothing. */
export function objectionTo(key: KeyObject): string | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return null;
  if (type === 'ec')
    return CURVES.has(details?.namedCurve ?? '') ? null : `the curve ${details?.namedCurve ?? 'of its own'} is not one of P-256, P-384 and P-521`;
  if (type !== 'rsa' && type !== 'rsa-pss') return `keys of the kind ${type ?? 'unknown'} are not taken`;
  const bits = details?.modulusLength ?? 0;
  if (bits < RSA_BITS_MIN) return `an RSA key of ${bits} bits is too weak: ${RSA_BITS_MIN} are the least`;
  if (bits > RSA_BITS_MAX) return `an RSA key of ${bits} bits is too large: ${RSA_BITS_MAX} are the most`;
  // Even exponents and 1 are no RSA; 3 invites forgeries by sloppy checks elsewhere.
  return (details?.publicExponent ?? 0n) >= 65_537n ? null : 'the exponent of the RSA key is below 65537';
}

/** `RSA 2048`, `P-256`, `Ed25519`, for people. */
export function keyName({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'ed25519') return 'Ed25519';
  if (type === 'ec') return { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'EC';
  return `RSA ${details?.modulusLength ?? ''}`.trim();
}

/** The AlgorithmIdentifier of what `signWith` does with such a key. */
export function signatureAlgorithm(key: KeyObject): Buffer {
  // RFC 5758 section 3.2 and RFC 8410 section 3: no parameters, not even null.
  return sequence(oid(key.asymmetricKeyType === 'ed25519' ? OID.ed25519 : OID.ecdsaWithSha256));
}

export function signWith(key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key);
}

/** SubjectPublicKeyInfo in DER. */
export function publicKeyDer(key: KeyObject): Buffer {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
}

/** From PEM (SubjectPublicKeyInfo). Throws invalid for what is no public key or too weak. */
export function readPublicKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    // Of a private key it would take the public half: that one must not have left its owner at all.
    if (/PRIVATE KEY/.test(pem)) throw new Error('it is a private key');
    key = createPublicKey(pem);
  } catch (error: unknown) {
    throw new MusterError('invalid', 'the public key is no SubjectPublicKeyInfo in PEM', { cause: error, hint: 'It begins with -----BEGIN PUBLIC KEY-----.' });
  }
  const objection = objectionTo(key);
  if (objection !== null) throw new MusterError('invalid', objection);
  return key;
}
