import type { X509Certificate } from 'node:crypto';
import type { CertificateRecord } from '../domain/certificate.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import type { Authorities, KnownAuthority } from './authorities.ts';
import type { CertificateChecker, CertificateVerdict, PeerCertificate } from './authority.ts';
import { objectionToDevice, objectionToIntermediate } from './certificate-objections.ts';
import { type IdentityRule, identityIn } from './identity.ts';
import { isIssuedBy, pathTo } from './path.ts';
import { readCertificate } from './read-certificate.ts';

export interface CheckerPorts {
  readonly authorities: Authorities;
  readonly system: Pick<SystemStore, 'log' | 'certificates'>;
  readonly directory: Pick<Directory, 'device' | 'byAlias'>;
  /** Something that is only for the record could not be written. Must not throw. */
  readonly failed: (error: unknown) => void;
}

const LISTED = 'the certificate is on the revocation list of its authority';

type Refusal = Extract<CertificateVerdict, { readonly ok: false }>;

/**
 * Whose certificate is it, and does it count? What the hub knows is looked up by its fingerprint; a certificate of an external authority is checked by its signature the first time, and known from then on.
 * Nothing is remembered in memory: a revocation that is on disk holds for the next that comes.
 */
export function createCertificateChecker({ authorities, system, directory, failed }: CheckerPorts): CertificateChecker {
  const { certificates } = system;

  return {
    async check(peer, now) {
      const records = await certificates.byFingerprint(peer.fingerprint);
      let refusal: Refusal | null = null;
      for (const record of records) {
        const verdict = ofRecord(record, now);
        if (verdict.ok && !(record.origin === 'seen' && (await isListedElsewhere(record, peer)))) return verdict;
        refusal ??= verdict.ok ? refused(LISTED, record.device) : verdict;
      }
      const verdict = await ofStranger(
        peer,
        now,
        records.map(({ project }) => project),
      );
      return verdict.ok ? verdict : (refusal ?? verdict);
    },
  };

  function ofRecord(record: CertificateRecord, now: number): CertificateVerdict {
    const { project, device, claim, kind, origin } = record;
    const known = authorities.known(project, record.authority);
    const no = (reason: string): Refusal => refused(reason, device);
    if (record.revokedAt !== null)
      return no(record.revocationReason === 'superseded' ? 'the certificate was renewed, and the new one has been used' : 'the certificate is revoked');
    if (record.listedAt !== null) return no(LISTED);
    const untimely = untimelyReason(record, now);
    if (untimely !== null) return no(untimely);
    if (known === null || known.authority.state !== 'active') return no('the authority of the certificate is not trusted');
    if (kind === 'server') return no('the certificate is one of a server');
    if (origin === 'seen') return ofName(known, record.name, record.validTo);
    if (kind === 'claim')
      return claim === null ? no('the certificate belongs to no claim') : { ok: true, kind, project, claim, named: null, expiresAt: record.validTo };
    if (device === null || directory.device(device)?.device.project !== project) return no('the device of the certificate is gone');
    if (record.replaces !== null) used(record, record.replaces, now);
    return { ok: true, kind: 'device', project, device, expiresAt: record.validTo };
  }

  /** Another authority of the project gave it as well (a renewed one, or one between that was registered later), and that one's list names it. */
  async function isListedElsewhere(
    { project, authority, serial }: Pick<CertificateRecord, 'project' | 'authority' | 'serial'>,
    { certificate }: Pick<PeerCertificate, 'certificate'>,
  ): Promise<boolean> {
    for (const other of authorities.bySubject(certificate.issuer)) {
      const { id } = other.authority;
      if (other.authority.project !== project || id === authority || !isIssuedBy(certificate, other.certificate)) continue;
      if (await certificates.lists.names(project, id, serial)) return true;
    }
    return false;
  }

  /** A certificate that the hub has not seen yet. `settled`: projects that know it, and have said no. */
  async function ofStranger({ certificate, fingerprint }: PeerCertificate, now: number, settled: readonly ProjectId[]): Promise<CertificateVerdict> {
    const paths = pathTo(authorities, certificate).filter(({ root }) => !settled.includes(root.authority.project));
    if (paths.length === 0) return refused('the certificate is of no authority that the hub knows');
    let refusal: Refusal | null = null;
    const accepted: (CertificateVerdict & { readonly ok: true })[] = [];
    for (const { root, between } of paths) {
      const verdict = await ofPath(root, between, certificate, fingerprint, now);
      if (!verdict.ok) refusal ??= verdict;
      else if (verdict.kind === 'device') return verdict;
      else accepted.push(verdict);
    }
    const [claim, ...more] = accepted;
    // Ids of devices are unique on the hub; those of claims are not.
    if (more.length > 0) return refused('the certificate fits claims of several projects');
    return claim ?? refusal ?? refused('the certificate is of no authority that the hub knows');
  }

  async function ofPath(
    root: KnownAuthority,
    between: readonly X509Certificate[],
    certificate: X509Certificate,
    fingerprint: string,
    now: number,
  ): Promise<CertificateVerdict> {
    const { authority } = root;
    // Its own certificates the hub has written down, every one: another was made with a stolen key.
    if (authority.kind === 'own') return refused(`the certificate is not in the register of its authority ${authority.id}`);
    if (authority.state !== 'active') return refused(`nobody has proven yet to hold the key of ${authority.id}`);
    const checked = checkPath(root, between, certificate, now);
    if (!checked.ok) return refused(checked.reason);
    const { facts, validTo } = checked;
    if (await certificates.serials.revoked(authority.project, authority.id, certificate.serialNumber)) return refused('the certificate is revoked');
    // What the authority gave itself is what its list can name: the certificate, or the one between that is next to it.
    const below = between.at(-1)?.serialNumber ?? null;
    const given = below ?? certificate.serialNumber;
    if (await certificates.lists.names(authority.project, authority.id, given)) return refused(LISTED);
    if (await isListedElsewhere({ project: authority.project, authority: authority.id, serial: certificate.serialNumber }, { certificate }))
      return refused(LISTED);
    const identity = identityIn(root.identity, facts);
    if (!identity.ok) return refused(identity.reason);
    const verdict = ofName(root, identity.name, validTo);
    if (!verdict.ok) return verdict;
    // First on disk, so that it is in the list of who may come in before it does.
    await system.log.commit({
      statements: [
        certificates.see({
          project: authority.project,
          fingerprint,
          authority: authority.id,
          serial: certificate.serialNumber,
          kind: verdict.kind,
          origin: 'seen',
          device: verdict.kind === 'device' ? verdict.device : null,
          claim: verdict.kind === 'claim' ? verdict.claim : null,
          name: identity.name,
          validFrom: facts.validFrom,
          validTo,
          createdAt: now,
          createdBy: `authority:${authority.id}`,
          replaces: null,
          revokedAt: null,
          revocationReason: null,
          warnedAt: null,
          below,
          listedAt: null,
        }),
      ],
    });
    // A list that came while it was written down has cut its sessions already.
    return (await certificates.lists.names(authority.project, authority.id, given)) ? refused(LISTED) : verdict;
  }

  /** Whom an external authority means by a name, now: devices come and go, and aliases move. */
  function ofName({ authority, identity }: KnownAuthority, name: string, expiresAt: number): CertificateVerdict {
    const { project, claim } = authority;
    const device = find(project, identity, name);
    if (device !== null) return { ok: true, kind: 'device', project, device, expiresAt };
    if (claim !== null) return { ok: true, kind: 'claim', project, claim, named: { meaning: identity.meaning, value: name }, expiresAt };
    return refused(`the certificate names ${JSON.stringify(name.slice(0, 130))}, and there is no such device in the project of its authority`);
  }

  function find(project: ProjectId, { meaning }: IdentityRule, name: string): DeviceId | null {
    const entry = meaning === 'id' ? directory.device(name) : directory.byAlias(project, meaning, name);
    return entry?.device.project === project ? entry.device.id : null;
  }

  /** It has come into use: what it takes the place of has done its part. */
  function used({ project, fingerprint }: CertificateRecord, replaced: string, now: number): void {
    system.log
      .commit({ statements: [certificates.supersede(project, replaced, now), certificates.settleReplacement(project, fingerprint)] })
      // It is tried again the next time.
      .catch((error: unknown) => failed(error));
  }
}

function untimelyReason({ validFrom, validTo }: { readonly validFrom: number; readonly validTo: number }, now: number): string | null {
  if (now < validFrom) return 'the certificate is not valid yet';
  return now >= validTo ? 'the certificate has expired' : null;
}

type CheckedPath =
  | { readonly ok: true; readonly facts: ReturnType<typeof readCertificate>; readonly validTo: number }
  | { readonly ok: false; readonly reason: string };

/** RFC 5280 section 6.1, for what devices have: no policies, no name constraints (an authority that demands them is refused as unknown and critical). Signatures were checked on the way up. */
function checkPath(root: KnownAuthority, between: readonly X509Certificate[], certificate: X509Certificate, now: number): CheckedPath {
  try {
    let { validTo } = root.facts;
    if (untimelyReason(root.facts, now) !== null) return no('the certificate of its authority has expired');
    // From the authority down: each allows so many others below it.
    const chain = [root.facts, ...[...between].reverse().map(({ raw }) => readCertificate(raw))];
    for (const [index, facts] of chain.entries()) {
      const objection = index === 0 ? null : objectionToIntermediate(facts, now);
      if (objection !== null) return no(objection);
      if (facts.pathLength !== null && chain.length - 1 - index > facts.pathLength) return no('there are more authorities between than one of them allows');
      validTo = Math.min(validTo, facts.validTo);
    }
    const facts = readCertificate(certificate.raw);
    const objection = objectionToDevice(facts, now);
    return objection === null ? { ok: true, facts, validTo: Math.min(validTo, facts.validTo) } : no(objection);
  } catch (error: unknown) {
    return no(`the certificate cannot be read: ${messageOf(error)}`);
  }
}

function no(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function refused(reason: string, device: DeviceId | null = null): Refusal {
  return { ok: false, reason, device };
}
