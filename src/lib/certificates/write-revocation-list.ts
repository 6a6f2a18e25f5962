import type { CertificateRecord, RevocationReason } from '../domain/certificate.ts';
import { bitString, enumerated, integer, sequence, tagged, taggedBytes, time } from './der.ts';
import { signatureAlgorithm, signWith } from './keys.ts';
import { OID } from './oids.ts';
import { extension, type Issuer } from './write-certificate.ts';

/** A list is made anew whenever somebody asks for it; who keeps a copy should ask again after a day. */
const NEXT_UPDATE_MS = 86_400_000;

/** RFC 5280 section 5.3.1 */
const REASON_CODES: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  'key-compromise': 1,
  'affiliation-changed': 3,
  superseded: 4,
  'cessation-of-operation': 5,
  'privilege-withdrawn': 9,
};

/** A certificate revocation list (RFC 5280 section 5), in DER. */
export function writeRevocationList(
  revoked: readonly CertificateRecord[],
  issuer: Issuer,
  { now, number }: { readonly now: number; readonly number: number },
): Buffer {
  const algorithm = signatureAlgorithm(issuer.key);
  const entries = revoked.map(({ serial, revokedAt, revocationReason }) =>
    sequence(integer(Buffer.from(serial, 'hex')), time(revokedAt ?? now), ...reasonOf(revocationReason)),
  );
  const body = sequence(
    integer(1),
    algorithm,
    issuer.name,
    time(now),
    time(now + NEXT_UPDATE_MS),
    // An empty list is left out (RFC 5280 section 5.1.2.6).
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tagged(
      0,
      sequence(extension(OID.authorityKeyIdentifier, false, sequence(taggedBytes(0, issuer.keyIdentifier))), extension(OID.crlNumber, false, integer(number))),
    ),
  );
  return sequence(body, algorithm, bitString(signWith(issuer.key, body)));
}

/** `unspecified` is said by saying nothing. */
function reasonOf(reason: RevocationReason | null): Buffer[] {
  const code = reason === null ? 0 : REASON_CODES[reason];
  return code === 0 ? [] : [sequence(extension(OID.reasonCode, false, enumerated(code)))];
}
