import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, integer, namedBits, octetString, oid, sequence, setOf, tagged, taggedBytes, time, utf8String, yes } from './der.ts';
import { publicKeyDer, signatureAlgorithm, signWith } from './keys.ts';
import { OID } from './oids.ts';

/** RFC 5280 appendix A.1, ub-common-name. */
export const COMMON_NAME_CHARACTERS_MAX = 64;
/** KeyUsage, by its bits (RFC 5280 section 4.2.1.3). */
const USAGE = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, crlSign: 6 } as const;

export interface CertificateContent {
  /** As `newSerial` makes them. */
  readonly serial: Uint8Array;
  readonly commonName: string | null;
  readonly alternativeNames: AlternativeNames;
  /** ms since 1970; certificates know whole seconds. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly purpose: 'authority' | 'client' | 'server';
}

export interface AlternativeNames {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  readonly addresses?: readonly string[];
}

export interface Issuer {
  /** Its Name in DER, byte for byte as in its certificate. */
  readonly name: Uint8Array;
  readonly key: KeyObject;
  readonly keyIdentifier: Uint8Array;
}

/** 16 random bytes: unique without a counter, and nothing that could be foreseen (CA/B forum: 64 bits at least). Positive. */
export function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** A Name with a common name alone; empty for null. */
export function nameOf(commonName: string | null): Buffer {
  return commonName === null ? sequence() : sequence(setOf(sequence(oid(OID.commonName), utf8String(commonName))));
}

/** RFC 5280 section 4.2.1.2, method 1 takes the bits of the key; the last element of SubjectPublicKeyInfo is that bit string. */
export function keyIdentifierOf(publicKey: KeyObject): Buffer {
  // Any value that is unique will do: over the whole of SubjectPublicKeyInfo, cut to 20 bytes (RFC 7093 section 2, method 4).
  return createHash('sha256').update(publicKeyDer(publicKey)).digest().subarray(0, 20);
}

/** A certificate in DER. `issuer` null: it signs itself, with `key`. */
export function writeCertificate(content: CertificateContent, key: KeyObject, issuer: Issuer | null): Buffer {
  const subject = nameOf(content.commonName);
  const subjectKey = keyIdentifierOf(key);
  const signer = issuer ?? { name: subject, key, keyIdentifier: subjectKey };
  const algorithm = signatureAlgorithm(signer.key);
  const body = sequence(
    tagged(0, integer(2)),
    integer(content.serial),
    algorithm,
    signer.name,
    sequence(time(content.validFrom), time(content.validTo)),
    subject,
    publicKeyDer(key),
    tagged(3, sequence(...extensionsOf(content, key, subjectKey, signer.keyIdentifier))),
  );
  return sequence(body, algorithm, bitString(signWith(signer.key, body)));
}

function extensionsOf(content: CertificateContent, key: KeyObject, subjectKey: Uint8Array, authorityKey: Uint8Array): Buffer[] {
  const { purpose } = content;
  const names = alternativeNames(content.alternativeNames);
  return [
    extension(OID.basicConstraints, true, purpose === 'authority' ? sequence(yes(), integer(0)) : sequence()),
    extension(OID.keyUsage, true, usageOf(purpose, key)),
    ...(purpose === 'authority' ? [] : [extension(OID.extendedKeyUsage, false, sequence(oid(purpose === 'server' ? OID.serverAuth : OID.clientAuth)))]),
    extension(OID.subjectKeyIdentifier, false, octetString(subjectKey)),
    extension(OID.authorityKeyIdentifier, false, sequence(taggedBytes(0, authorityKey))),
    // Without a subject, this is who it is (RFC 5280 section 4.2.1.6).
    ...(names === null ? [] : [extension(OID.subjectAlternativeName, content.commonName === null, names)]),
  ];
}

function usageOf(purpose: CertificateContent['purpose'], key: KeyObject): Buffer {
  if (purpose === 'authority') return namedBits(USAGE.keyCertSign, USAGE.crlSign);
  // TLS 1.2 knows key exchanges that encrypt with the RSA key of the server.
  return key.asymmetricKeyType === 'rsa' && purpose === 'server' ? namedBits(USAGE.digitalSignature, USAGE.keyEncipherment) : namedBits(USAGE.digitalSignature);
}

function alternativeNames({ uris = [], dns = [], addresses = [] }: AlternativeNames): Buffer | null {
  const names = [
    ...uris.map((uri) => taggedBytes(6, Buffer.from(uri, 'latin1'))),
    ...dns.map((name) => taggedBytes(2, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => taggedBytes(7, addressBytes(address))),
  ];
  return names.length === 0 ? null : sequence(...names);
}

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [yes()] : []), octetString(value));
}

/** 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
