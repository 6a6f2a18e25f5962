import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, elementsOf, integer, namedBits, octetString, oid, sequence, setOf, tagged, taggedBytes, time, utf8String, yes } from './der.ts';
import { publicKeyDer, signatureAlgorithm, signWith } from './keys.ts';
import { OID } from './oids.ts';
import { signedOf } from './signature-algorithms.ts';

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
  /** As its certificate has it; null: it is not known, and left out. */
  readonly keyIdentifier: Uint8Array | null;
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

/** 20 bytes: RFC 7093 section 2, method 4. `publicKey`: SubjectPublicKeyInfo in DER. */
export function keyIdentifierOf(publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(publicKey).digest().subarray(0, 20);
}

/** A certificate in DER. `issuer` null: it signs itself, with `key`. */
export function writeCertificate(content: CertificateContent, key: KeyObject, issuer: Issuer | null): Buffer {
  const subject = nameOf(content.commonName);
  const publicKey = publicKeyDer(key);
  const subjectKey = keyIdentifierOf(publicKey);
  const signer = issuer ?? { name: subject, key, keyIdentifier: subjectKey };
  const algorithm = signatureAlgorithm(signer.key);
  const body = sequence(
    VERSION_3,
    integer(content.serial),
    algorithm,
    signer.name,
    sequence(time(content.validFrom), time(content.validTo)),
    subject,
    publicKey,
    tagged(3, sequence(...extensionsOf(content, key.asymmetricKeyType === 'rsa', subjectKey, signer.keyIdentifier))),
  );
  return sequence(body, algorithm, bitString(signWith(signer.key, body)));
}

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [yes()] : []), octetString(value));
}

const VERSION_3 = tagged(0, integer(2));

/** What all certificates of a purpose have in common. */
const FIXED: Readonly<Record<CertificateContent['purpose'], readonly Buffer[]>> = {
  authority: [extension(OID.basicConstraints, true, sequence(yes(), integer(0))), extension(OID.keyUsage, true, namedBits(USAGE.keyCertSign, USAGE.crlSign))],
  client: [
    extension(OID.basicConstraints, true, sequence()),
    extension(OID.keyUsage, true, namedBits(USAGE.digitalSignature)),
    extension(OID.extendedKeyUsage, false, sequence(oid(OID.clientAuth))),
  ],
  server: [extension(OID.basicConstraints, true, sequence()), extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuth)))],
};

function extensionsOf(
  { purpose, alternativeNames, commonName }: CertificateContent,
  isRsa: boolean,
  subjectKey: Uint8Array,
  authorityKey: Uint8Array | null,
): Buffer[] {
  const names = namesOf(alternativeNames);
  return [
    ...FIXED[purpose],
    ...(purpose === 'server' ? [extension(OID.keyUsage, true, usageOfServer(isRsa))] : []),
    extension(OID.subjectKeyIdentifier, false, octetString(subjectKey)),
    ...(authorityKey === null ? [] : [extension(OID.authorityKeyIdentifier, false, sequence(taggedBytes(0, authorityKey)))]),
    // Without a subject, this is who it is (RFC 5280 section 4.2.1.6).
    ...(names === null ? [] : [extension(OID.subjectAlternativeName, commonName === null, names)]),
  ];
}

/** TLS 1.2 knows key exchanges that encrypt with the RSA key of the server. */
function usageOfServer(isRsa: boolean): Buffer {
  return isRsa ? namedBits(USAGE.digitalSignature, USAGE.keyEncipherment) : namedBits(USAGE.digitalSignature);
}

function namesOf({ uris = [], dns = [], addresses = [] }: AlternativeNames): Buffer | null {
  const names = [
    ...uris.map((uri) => taggedBytes(6, Buffer.from(uri, 'latin1'))),
    ...dns.map((name) => taggedBytes(2, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => taggedBytes(7, addressBytes(address))),
  ];
  return names.length === 0 ? null : sequence(...names);
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

/** The subject's Name as it stands in a certificate, byte for byte: what it signs says the same of its issuer. */
export function subjectOf(der: Uint8Array): Buffer {
  const fields = elementsOf(signedOf(der).body.content);
  // Version (absent in version 1), serial, algorithm, issuer, validity, subject.
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new RangeError('a certificate without a subject');
  return subject.whole;
}
