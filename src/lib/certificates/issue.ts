import { createHash, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { Authority, CertificateKind, CertificateRecord } from '../domain/certificate.ts';
import { ALIAS_KINDS, type Device } from '../domain/device.ts';
import type { ClaimId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import { secondsOf } from './authorities.ts';
import { BACKDATED_MS } from './backdating.ts';
import { readPublicKey } from './keys.ts';
import { type RequestFacts, readRequest } from './read-request.ts';
import { type AlternativeNames, COMMON_NAME_CHARACTERS_MAX, type Issuer, newSerial, writeCertificate } from './write-certificate.ts';

const SERVER_NAMES_MAX = 50;
const HOST_NAME = /^(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** The public key of who is to have the certificate: in a request that it signed, or alone. */
export type RequestedKey = { readonly csr: string } | { readonly publicKey: string };

/** Whom a certificate is made out to. */
export type Subject =
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'claim'; readonly claim: ClaimId }
  /** Host names and IP addresses. */
  | { readonly kind: 'server'; readonly names: readonly string[] };

export interface Issued {
  readonly der: Buffer;
  readonly record: CertificateRecord;
}

export interface IssueOptions {
  readonly project: ProjectId;
  readonly validMs: number;
  readonly now: number;
  readonly by: string;
  readonly replaces: string | null;
  /** Absent: a new one, at random. */
  readonly serial?: Buffer | undefined;
}

/** Signs. Pure: what comes out is not stored yet. Throws invalid. */
export function issueCertificate(
  signer: { readonly authority: Authority; readonly issuer: Issuer },
  subject: Subject,
  key: RequestedKey,
  options: IssueOptions,
): Issued {
  const { authority, issuer } = signer;
  const { project, now, by, replaces } = options;
  const serial = options.serial ?? newSerial();
  const { commonName, alternativeNames } = namesOf(project, subject);
  const publicKey = keyOf(key, subject);
  // No certificate outlives its authority: nobody could check it.
  const [validFrom, validTo] = [secondsOf(Math.max(now - BACKDATED_MS, authority.validFrom)), secondsOf(Math.min(now + options.validMs, authority.validTo))];
  const der = writeCertificate(
    { serial, commonName, alternativeNames, validFrom, validTo, purpose: subject.kind === 'server' ? 'server' : 'client' },
    publicKey,
    issuer,
  );
  return {
    der,
    record: {
      project,
      fingerprint: createHash('sha256').update(der).digest('hex'),
      authority: authority.id,
      serial: serial.toString('hex').toUpperCase(),
      kind: subject.kind satisfies CertificateKind,
      origin: 'issued',
      device: subject.kind === 'device' ? subject.device.id : null,
      claim: subject.kind === 'claim' ? subject.claim : null,
      name: subject.kind === 'device' ? subject.device.id : (commonName ?? ''),
      validFrom,
      validTo,
      createdAt: now,
      createdBy: by,
      replaces,
      revokedAt: null,
      revocationReason: null,
      warnedAt: null,
      below: null,
      listedAt: null,
    },
  };
}

function namesOf(project: ProjectId, subject: Subject): { readonly commonName: string | null; readonly alternativeNames: AlternativeNames } {
  switch (subject.kind) {
    case 'device':
      return { commonName: shortOnly(subject.device.id), alternativeNames: { uris: [`muster://${project}/devices/${subject.device.id}`] } };
    case 'claim':
      return { commonName: shortOnly(subject.claim), alternativeNames: { uris: [`muster://${project}/claims/${subject.claim}`] } };
    case 'server': {
      const [first] = checkServerNames(subject.names);
      const addresses = subject.names.filter((name) => isIP(name) !== 0);
      return { commonName: shortOnly(first ?? ''), alternativeNames: { dns: subject.names.filter((name) => isIP(name) === 0), addresses } };
    }
  }
}

/** Ids of devices may be longer than a common name: then the URI alone says who it is. */
function shortOnly(name: string): string | null {
  return name.length <= COMMON_NAME_CHARACTERS_MAX ? name : null;
}

function checkServerNames(names: readonly string[]): readonly string[] {
  if (names.length === 0 || names.length > SERVER_NAMES_MAX)
    throw new MusterError('invalid', `a server has 1 to ${SERVER_NAMES_MAX} names`, { details: { field: 'names' } });
  for (const name of names) {
    if (isIP(name) === 0 && (name.length > 253 || !HOST_NAME.test(name)))
      throw new MusterError('invalid', `${JSON.stringify(name.slice(0, 100))} is neither a host name nor an IP address`, { details: { field: 'names' } });
    // Zones have no place in a certificate.
    if (name.includes('%')) throw new MusterError('invalid', 'an IP address in a certificate has no zone', { details: { field: 'names' } });
  }
  return names;
}

function keyOf(key: RequestedKey, subject: Subject): KeyObject {
  if ('publicKey' in key) return readPublicKey(key.publicKey);
  const request = readRequest(key.csr);
  checkRequest(request, subject);
  return request.key;
}

/** What a request asks for beyond its key is not taken over; but who asks for something else than they get should hear of it. */
function checkRequest({ commonNames, wantsAuthority }: RequestFacts, subject: Subject): void {
  if (wantsAuthority)
    throw new MusterError('invalid', 'the certificate request asks for an authority (CA:TRUE), and only devices, claims and servers get certificates here');
  if (subject.kind !== 'device') return;
  const { id, aliases } = subject.device;
  const own = [id, ...ALIAS_KINDS.flatMap((kind) => aliases[kind] ?? [])];
  const foreign = commonNames.find((name) => !own.includes(name));
  if (foreign === undefined && commonNames.length <= 1) return;
  throw new MusterError(
    'invalid',
    `the certificate request is made out to ${JSON.stringify((foreign ?? commonNames.join(', ')).slice(0, 130))}, not to ${id}`,
    {
      hint: 'Its common name must be the id of the device, an alias of it, or missing.',
    },
  );
}
