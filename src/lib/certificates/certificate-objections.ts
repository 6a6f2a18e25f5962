import { objectionTo } from './keys.ts';
import { OID } from './oids.ts';
import type { CertificateFacts } from './read-certificate.ts';

/** What is wrong with the certificate of a device; null: nothing. RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12: what is not said is allowed. */
export function objectionToDevice(facts: CertificateFacts, now: number): string | null {
  const { purposes } = facts;
  if (facts.isAuthority) return 'the certificate is one of an authority, not of a device';
  if (facts.maySign === false) return 'the certificate may not be used to sign: its key usage lacks digitalSignature';
  if (purposes !== null && !purposes.includes(OID.clientAuth) && !purposes.includes(OID.anyPurpose))
    return 'the certificate is not for TLS clients: its extended key usage lacks clientAuth';
  return objectionToAny(facts, now);
}

export function objectionToIntermediate(facts: CertificateFacts, now: number): string | null {
  if (!facts.isAuthority || facts.mayCertify === false) return 'a certificate between it and its authority may not sign others';
  return objectionToAny(facts, now);
}

function objectionToAny(facts: CertificateFacts, now: number): string | null {
  if (now < facts.validFrom) return 'the certificate is not valid yet';
  if (now >= facts.validTo) return 'the certificate has expired';
  if (!facts.isSoundlySigned) return 'the certificate is signed with an algorithm that is not taken (SHA-256 is the least)';
  const [unknown] = facts.unknownCritical;
  if (unknown !== undefined) return `the certificate has a critical extension that the hub does not know: ${unknown}`;
  return objectionTo(facts.certificate.publicKey);
}
