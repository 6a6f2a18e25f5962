import { setImmediate } from 'node:timers/promises';
import type { CertificateRecord, RevocationReason } from '../domain/certificate.ts';
import type { Device } from '../domain/device.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CertificateFilter } from '../storage/certificate-storage.ts';
import type { CommitError, Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { type Authorities, createAuthorities } from './authorities.ts';
import type { CertificateChecker } from './authority.ts';
import { createCertificateChecker } from './checker.ts';
import { commitCertificates } from './commit-certificates.ts';
import { type Issued, issueCertificate, type RequestedKey, type Subject } from './issue.ts';
import { toPem } from './pem.ts';
import { createRevocationLists, type RevocationLists } from './revocation-lists.ts';
import { serialOfKey } from './serial-of-key.ts';
import { writeRevocationList } from './write-revocation-list.ts';

/** Enough for several processes and a renewal of each. */
const CERTIFICATES_OF_DEVICE_MAX = 20;
const VALID_MS_MIN = 60_000;
/** Signing so many takes about as long as anybody else should have to wait. */
const SIGNED_PER_TURN = 50;
const SESSIONS_PER_TURN = 1_000;
/** The same may be asked for twice at once, as by who did not wait for the answer. */
const TRIES_MAX = 3;

export interface IssueRequest {
  readonly subject: Subject;
  readonly key: RequestedKey;
  /** null: the newest of the project's own. */
  readonly authority: string | null;
  /** null: the setting ca.certificate-days. */
  readonly validMs: number | null;
  /** Absent: a new one, at random. One that is given must be unique under the authority (serial-of-key.ts). */
  readonly serial?: Buffer | undefined;
  /**
   * For who may have to ask again since an answer was lost, with the same key. false: the first time, as far as is known. true: what this key of the device had before was lost on its way, and
   * is superseded.
   */
  readonly again?: boolean | undefined;
  /** What it takes the place of when it is used first: a fingerprint, or the claim (`claim:<id>`) that its device came with. */
  readonly replaces?: string | undefined;
}

export interface IssuedCertificate {
  readonly record: CertificateRecord;
  /** PEM */
  readonly certificate: string;
  /** PEM, of the authority that signed it. */
  readonly authority: string;
}

export interface Certificates {
  readonly authorities: Authorities;
  readonly checker: CertificateChecker;
  /** Of external authorities. */
  readonly lists: RevocationLists;
  /** Throws not_found, invalid, limit_reached, invalid_settings (the key of the authority cannot be opened). */
  issue(project: ProjectId, request: IssueRequest, by: string): Promise<IssuedCertificate>;
  /** One transaction for all that can be signed; a bad one takes nothing with it. In the order of the requests. */
  issueMany(project: ProjectId, requests: readonly IssueRequest[], by: string): Promise<readonly (IssuedCertificate | MusterError)[]>;
  /**
   * Another certificate for the same device, as it wants one itself. `replaces`: the fingerprint of the one that ends when the new one is used first. Asked again before that, the answer that was
   * lost counts no more.
   */
  renew(device: Device, csr: string, replaces: string | null): Promise<IssuedCertificate>;
  /** For who commits it together with something else. `alongside` must be committed before the certificate is given away. */
  prepare(project: ProjectId, request: IssueRequest, by: string): Promise<{ readonly issued: IssuedCertificate; readonly alongside: readonly Statement[] }>;
  /** Sessions of its device are cut. Throws not_found, conflict (it is revoked already). */
  revoke(project: ProjectId, fingerprint: string, reason: RevocationReason): Promise<CertificateRecord>;
  /** By the serial that its authority gave it, seen or not. */
  revokeSerial(project: ProjectId, authority: string, serial: string, reason: RevocationReason): Promise<CertificateRecord | null>;
  /** What this very key of the device was given by requests that say `again`, true or false; the newest last. */
  ofKey(project: ProjectId, device: DeviceId, key: RequestedKey): Promise<readonly CertificateRecord[]>;
  /** By fingerprint, or a serial that one alone has. Throws not_found, conflict. */
  find(project: ProjectId, fingerprintOrSerial: string): Promise<CertificateRecord>;
  list(project: ProjectId, filter: CertificateFilter, after: string | null, limit: number): Promise<readonly CertificateRecord[]>;
  /** DER, signed anew. */
  revocationList(project: ProjectId, authority: string): Promise<Buffer>;
  /** With it, its devices lose their certificates: their sessions are cut. */
  removeAuthority(project: ProjectId, id: string): Promise<void>;
}

const NO_SERIALS: ReadonlySet<string> = new Set();

/** Not stored yet: `statements` does it. */
type Signed = Issued & { readonly ca: Uint8Array; readonly statements: readonly Statement[] };

export interface CertificatesPorts {
  readonly system: Pick<SystemStore, 'log' | 'certificates'>;
  readonly directory: Pick<Directory, 'device' | 'byAlias'>;
  readonly passphrase: string | null;
  /** Of a certificate that does not say otherwise. */
  readonly validMs: number;
  readonly validMsMax: number;
  readonly clock: () => number;
  /** Sessions of the device that came with this certificate are to be cut. */
  readonly onRevoked: (device: DeviceId, fingerprint: string) => void;
  readonly failed: (error: unknown) => void;
}

export function createCertificates(ports: CertificatesPorts): Certificates {
  const { system, directory, clock, onRevoked, failed } = ports;
  const storage = system.certificates;
  const authorities = createAuthorities({ system, passphrase: ports.passphrase, clock });
  const lists = createRevocationLists({ system, authorities, clock, onRevoked });
  const checker = createCertificateChecker({ authorities, system, directory, failed });

  async function sign(
    project: ProjectId,
    { subject, key, authority: wanted, validMs, serial, again }: IssueRequest,
    by: string,
    replaces: string | null,
    /** Serials that others have of whom nothing is stored yet. */
    taken: ReadonlySet<string> = NO_SERIALS,
  ): Promise<Signed> {
    const lasts = validMs ?? ports.validMs;
    if (lasts < VALID_MS_MIN || lasts > ports.validMsMax)
      throw new MusterError(
        'invalid',
        `a certificate is valid for one minute at least and ${Math.floor(ports.validMsMax / 86_400_000)} days at most (ca.certificate-days-max)`,
        {
          details: { field: 'validSeconds' },
        },
      );
    if (subject.kind === 'device') await checkRoom(subject.device, replaces);
    const signer = await authorities.issuer(project, wanted);
    const now = clock();
    const before = again === undefined || subject.kind !== 'device' ? null : await ofKey(project, subject.device.id, key);
    const wished = before !== null && (again === true || before.given.length === 0) ? before.next : undefined;
    const next = wished !== undefined && taken.has(serialOf(wished.toString('hex'))) ? undefined : wished;
    const issued = issueCertificate(signer, subject, key, { project, validMs: lasts, now, by, replaces, serial: serial ?? next });
    const lost = again === true ? (before?.given ?? []).filter(({ revokedAt }) => revokedAt === null) : [];
    const statements = [
      ...lost.map(({ fingerprint }) => storage.supersede(project, fingerprint, now)),
      next === undefined ? storage.insert(issued.record) : storage.insertUnique(issued.record),
    ];
    return { ...issued, ca: signer.authority.certificate, statements };
  }

  /** What this very key of the device was given, the newest last, and the serial of the next. */
  async function ofKey(
    project: ProjectId,
    device: DeviceId,
    key: RequestedKey,
  ): Promise<{ readonly given: readonly CertificateRecord[]; readonly next: Buffer }> {
    const given: CertificateRecord[] = [];
    for (let attempt = 0; ; attempt += 1) {
      const next = serialOfKey(project, device, key, attempt);
      const records = await storage.bySerial(project, serialOf(next.toString('hex')));
      if (records.length === 0) return { given, next };
      given.push(...records.filter((record) => record.device === device));
    }
  }

  async function checkRoom(device: Device, replaces: string | null): Promise<void> {
    if (device.state === 'retired') throw new MusterError('conflict', `the device ${device.id} is retired`);
    const valid = (await storage.ofDevice(device.id)).filter(({ revokedAt, validTo }) => revokedAt === null && validTo > clock());
    // Its forerunner, which was never used, makes room.
    const taken = valid.filter((one) => replaces === null || one.replaces !== replaces).length;
    if (taken < CERTIFICATES_OF_DEVICE_MAX) return;
    throw new MusterError('limit_reached', `the device ${device.id} has ${CERTIFICATES_OF_DEVICE_MAX} valid certificates already`, {
      hint: 'Revoke those that are not used any more.',
    });
  }

  async function signMany(project: ProjectId, requests: readonly IssueRequest[], by: string) {
    const result: (IssuedCertificate | MusterError)[] = [];
    const statements: Statement[] = [];
    const taken = new Set<string>();
    for (const [index, request] of requests.entries()) {
      if (index > 0 && index % SIGNED_PER_TURN === 0) await setImmediate();
      try {
        const signed = await sign(project, request, by, null, taken);
        taken.add(signed.record.serial);
        statements.push(...signed.statements);
        result.push(shown(signed));
      } catch (error: unknown) {
        if (!(error instanceof MusterError)) throw error;
        result.push(error);
      }
    }
    return { result, statements };
  }

  const shown = ({ der, record, ca }: Signed): IssuedCertificate => ({
    record,
    certificate: toPem('CERTIFICATE', der),
    authority: toPem('CERTIFICATE', ca),
  });

  const gone = ({ reason }: CommitError): MusterError | null => {
    if (reason === 'stale') return new MusterError('conflict', 'certificates for this key are asked for by others at the same time');
    return reason === 'reference' ? new MusterError('not_found', 'the certificate authority is gone') : null;
  };

  /** Signs and commits; signs anew when another request for the same key was faster: nobody has seen what was signed. */
  async function stored<Result>(signAll: () => Promise<{ readonly result: Result; readonly statements: readonly Statement[] }>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      const { result, statements } = await signAll();
      try {
        if (statements.length > 0) await commitCertificates(system.log, statements, gone);
        return result;
      } catch (error: unknown) {
        if (tries >= TRIES_MAX || !(error instanceof MusterError) || error.code !== 'conflict') throw error;
      }
    }
  }

  /** The record of a device's certificate that counts. */
  async function inForce({ id, project }: Device, fingerprint: string): Promise<CertificateRecord | null> {
    const records = await storage.byFingerprint(fingerprint);
    return records.find((one) => one.device === id && one.project === project && one.revokedAt === null && one.validTo > clock()) ?? null;
  }

  async function renewal(device: Device, csr: string, replaces: string | null): Promise<IssuedCertificate> {
    const before = replaces === null ? null : await inForce(device, replaces);
    if (replaces !== null && before === null)
      throw new MusterError('invalid', 'the certificate to be replaced is not a valid one of this device', { details: { field: 'replaces' } });
    // What an external authority gave it is that authority's to end.
    const ours = before?.origin === 'issued' ? before.fingerprint : null;
    const signed = await sign(
      device.project,
      { subject: { kind: 'device', device }, key: { csr }, authority: null, validMs: null },
      `device:${device.id}`,
      ours,
    );
    const forerunners = ours === null ? [] : (await storage.ofDevice(device.id)).filter((one) => one.replaces === ours && one.revokedAt === null);
    const now = clock();
    await commitCertificates(
      system.log,
      [...forerunners.map(({ project, fingerprint }) => storage.supersede(project, fingerprint, now)), storage.insert(signed.record)],
      gone,
    );
    return shown(signed);
  }

  async function find(project: ProjectId, text: string): Promise<CertificateRecord> {
    const [byFingerprint] = (await storage.byFingerprint(text.replaceAll(':', '').toLowerCase())).filter((one) => one.project === project);
    if (byFingerprint !== undefined) return byFingerprint;
    const [one, ...more] = await storage.bySerial(project, serialOf(text));
    if (one === undefined) throw new MusterError('not_found', `there is no certificate ${text.slice(0, 100)} in this project`);
    if (more.length > 0)
      throw new MusterError('conflict', `several authorities gave a certificate with the serial ${text.slice(0, 100)}`, { hint: 'Give its fingerprint.' });
    return one;
  }

  async function revoke(project: ProjectId, fingerprint: string, reason: RevocationReason): Promise<CertificateRecord> {
    const record = await find(project, fingerprint);
    const revokedAt = clock();
    await commitCertificates(system.log, [storage.revoke(project, record.fingerprint, revokedAt, reason)], (error) =>
      error.reason === 'stale' ? new MusterError('conflict', `the certificate ${record.serial} is revoked already`) : null,
    );
    if (record.device !== null) onRevoked(record.device, record.fingerprint);
    return { ...record, revokedAt, revocationReason: reason };
  }

  return {
    authorities,
    checker,
    lists,
    async issue(project, request, by) {
      return stored(async () => {
        const signed = await sign(project, request, by, null);
        return { result: shown(signed), statements: signed.statements };
      });
    },
    async prepare(project, request, by) {
      const signed = await sign(project, request, by, request.replaces ?? null);
      return { issued: shown(signed), alongside: signed.statements };
    },
    issueMany: (project, requests, by) => stored(() => signMany(project, requests, by)),
    renew: renewal,
    revoke,
    async revokeSerial(project, id, text, reason) {
      const authority = authorities.get(project, id);
      const serial = serialOf(text);
      if (!/^[0-9A-F]{1,64}$/.test(serial)) throw new MusterError('invalid', 'a serial number is hexadecimal', { details: { field: 'serial' } });
      const seen = (await storage.bySerial(project, serial)).find((one) => one.authority === authority.id);
      if (seen !== undefined) return revoke(project, seen.fingerprint, reason);
      if (authority.kind === 'own') throw new MusterError('not_found', `${id} gave no certificate with the serial ${serial}`);
      await commitCertificates(system.log, [storage.serials.revoke({ project, authority: id, serial, revokedAt: clock() })], gone);
      return null;
    },
    ofKey: async (project, device, key) => (await ofKey(project, device, key)).given,
    find,
    list: (project, filter, after, limit) => storage.list(project, filter, clock(), after, limit),
    async revocationList(project, id) {
      const { issuer, authority } = await authorities.issuer(project, id);
      await commitCertificates(system.log, [storage.authorities.countList(project, authority.id)], gone);
      const now = clock();
      return writeRevocationList(await storage.revokedOf(project, authority.id, now), issuer, {
        now,
        number: await storage.authorities.listNumber(project, authority.id),
      });
    },
    async removeAuthority(project, id) {
      const inForce = await storage.ofAuthority(project, id);
      await authorities.remove(project, id);
      lists.forget(project, id);
      for (const [index, { device, fingerprint }] of inForce.entries()) {
        if (index > 0 && index % SESSIONS_PER_TURN === 0) await setImmediate();
        onRevoked(device, fingerprint);
      }
    },
  };
}

/** As certificates show it: with colons, in either case, with zeros in front. */
function serialOf(text: string): string {
  const hex = text.replaceAll(':', '').toUpperCase().replace(/^0X/, '');
  // node:crypto keeps whole bytes: 0A, not A.
  const trimmed = hex.replace(/^(?:00)+(?=.)/, '');
  return trimmed.length % 2 === 0 ? trimmed : `0${trimmed}`;
}
