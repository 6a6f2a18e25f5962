import { bitString, integer, sequence, tagged } from './der.ts';
import { type KeyPair, publicKeyDer, signatureAlgorithm, signWith } from './keys.ts';
import { toPem } from './pem.ts';
import { nameOf } from './write-certificate.ts';

/** A certificate signing request (PKCS #10, RFC 2986) in PEM: a public key, and the proof that one has the private one. */
export function writeRequest(commonName: string | null, { privateKey, publicKey }: KeyPair): string {
  const body = sequence(integer(0), nameOf(commonName), publicKeyDer(publicKey), tagged(0));
  return toPem('CERTIFICATE REQUEST', sequence(body, signatureAlgorithm(privateKey), bitString(signWith(privateKey, body))));
}
