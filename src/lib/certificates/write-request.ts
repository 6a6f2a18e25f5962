import type { KeyObject } from 'node:crypto';
import { bitString, integer, sequence, tagged } from './der.ts';
import { publicKeyDer, signatureAlgorithm, signWith } from './keys.ts';
import { toPem } from './pem.ts';
import { nameOf } from './write-certificate.ts';

/** A certificate signing request (PKCS #10, RFC 2986) in PEM, signed with the key that it is for. `commonName` null: the authority says whom it is made out to. */
export function writeRequest(key: KeyObject, commonName: string | null): string {
  const body = sequence(integer(0), nameOf(commonName), publicKeyDer(key), tagged(0));
  return toPem('CERTIFICATE REQUEST', sequence(body, signatureAlgorithm(key), bitString(signWith(key, body))));
}
