import { X509Certificate } from 'node:crypto';
import { MusterError } from '../errors/muster-error.ts';
import { OID } from './oids.ts';
import { signedOf } from './signature-algorithms.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  LibraryCertificate,
  SubjectAlternativeNameExtension,
} from './x509-library.ts';

/** A certificate is 1 kB; one with a long list of names ten. */
const CERTIFICATE_BYTES_MAX = 65_536;

/** What a certificate says, as far as it matters here. */
export interface CertificateFacts {
  readonly certificate: X509Certificate;
  /** A well-made one has at most one. */
  readonly commonNames: readonly string[];
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  readonly isAuthority: boolean;
  /** Of an authority: how many others may stand between it and a device; null: it does not say. */
  readonly pathLength: number | null;
  /** null: it does not say. */
  readonly mayCertify: boolean | null;
  readonly mayRevoke: boolean | null;
  readonly maySign: boolean | null;
  readonly purposes: readonly string[] | null;
  /** Critical extensions that this hub does not know: who does not understand them must refuse (RFC 5280 section 4.2). */
  readonly unknownCritical: readonly string[];
  /** Signed with SHA-2 or Ed25519. */
  readonly isSoundlySigned: boolean;
  /** ms since 1970 */
  readonly validFrom: number;
  readonly validTo: number;
}

const UNDERSTOOD: ReadonlySet<string> = new Set([OID.basicConstraints, OID.keyUsage, OID.extendedKeyUsage, OID.subjectAlternativeName]);

/** Throws invalid. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  if (der.length > CERTIFICATE_BYTES_MAX) throw new MusterError('invalid', `the certificate is larger than ${CERTIFICATE_BYTES_MAX} bytes`);
  try {
    return factsOf(Buffer.from(der));
  } catch (error: unknown) {
    throw new MusterError('invalid', 'it is no X.509 certificate', { cause: error });
  }
}

function factsOf(der: Buffer): CertificateFacts {
  // OpenSSL first: what it does not read goes no further.
  const certificate = new X509Certificate(der);
  const parsed = new LibraryCertificate(der);
  const constraints = parsed.getExtension(BasicConstraintsExtension);
  const usages = parsed.getExtension(KeyUsagesExtension);
  const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const purposes = parsed.getExtension(ExtendedKeyUsageExtension);
  const has = (flag: KeyUsageFlags): boolean | null => (usages === null ? null : (usages.usages & flag) !== 0);
  return {
    certificate,
    commonNames: parsed.subjectName.getField('CN'),
    dns: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
    uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
    isAuthority: constraints?.ca === true,
    pathLength: constraints?.pathLength ?? null,
    mayCertify: has(KeyUsageFlags.keyCertSign),
    mayRevoke: has(KeyUsageFlags.cRLSign),
    maySign: has(KeyUsageFlags.digitalSignature),
    purposes: purposes === null ? null : purposes.usages.map(String),
    unknownCritical: parsed.extensions.filter(({ critical, type }) => critical && !UNDERSTOOD.has(type)).map(({ type }) => type),
    isSoundlySigned: signedOf(der).hash !== undefined,
    validFrom: parsed.notBefore.getTime(),
    validTo: parsed.notAfter.getTime(),
  };
}
