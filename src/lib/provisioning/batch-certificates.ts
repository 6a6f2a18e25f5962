import { setImmediate } from 'node:timers/promises';
import type { Certificates, IssuedCertificate, IssueRequest } from '../certificates/create-certificates.ts';
import type { RequestedKey } from '../certificates/issue.ts';
import type { Device } from '../domain/device.ts';
import type { Actor } from '../domain/event.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { ProvisionDevice } from '../fleet/provision.ts';
import type { Statement } from '../storage/commit-log.ts';
import { asCreated } from './as-created.ts';

/** The key is made elsewhere, and the hub signs. */
export interface WantedCertificate {
  readonly kind: 'certificate';
  readonly publicKey?: string | undefined;
  readonly csr?: string | undefined;
  /** Absent: the newest authority of the project. */
  readonly ca?: string | undefined;
  /** Absent: as ca.certificate-days says. */
  readonly expiresAt?: number | undefined;
}

export interface CertificateRow {
  /** null: the device exists, and nothing was signed. */
  readonly given: { readonly kind: 'certificate'; readonly issued: IssuedCertificate } | null;
  readonly alongside: readonly Statement[];
  /** Did this very key come before, with this device? */
  isRepeated(device: Device): Promise<boolean>;
  /** Another certificate for the same key and device: the first was lost on its way. */
  reissue(): Promise<IssuedCertificate>;
}

/** Signing so many takes about as long as anybody else should have to wait. */
const SIGNED_PER_TURN = 50;

export function createBatchCertificates(ports: {
  readonly certificates: Pick<Certificates, 'prepare' | 'issue' | 'ofKey'>;
  readonly directory: Pick<Directory, 'device'>;
  readonly clock: () => number;
}) {
  const { certificates, directory, clock } = ports;
  let signed = 0;

  return {
    /** What a device that is created gets, to be committed with it. Throws invalid, not_found. */
    async row(project: ProjectId, wanted: ProvisionDevice, credential: WantedCertificate, by: Actor): Promise<CertificateRow> {
      const id = wanted.id as DeviceId;
      const key: RequestedKey = credential.csr === undefined ? { publicKey: credential.publicKey ?? '' } : { csr: credential.csr };
      const existing = directory.device(id)?.device;
      const request = (device: Device, more: Pick<IssueRequest, 'again'>): IssueRequest => {
        const now = clock();
        if (credential.expiresAt !== undefined && credential.expiresAt <= now)
          throw new MusterError('invalid', 'credential.expiresAt: it would have expired already');
        const validMs = credential.expiresAt === undefined ? null : credential.expiresAt - now;
        return { subject: { kind: 'device', device }, key, authority: credential.ca ?? null, validMs, ...more };
      };
      const earlier = await certificates.ofKey(project, id, key);
      const row: Pick<CertificateRow, 'isRepeated' | 'reissue'> = {
        isRepeated: async (device) => earlier.at(-1)?.device === device.id && earlier.at(-1)?.revokedAt === null,
        reissue() {
          const device = directory.device(id)?.device;
          if (device === undefined || device.project !== project) throw new MusterError('not_found', `there is no device ${id}`);
          return certificates.issue(project, request(device, { again: true }), by);
        },
      };
      if (existing !== undefined) return { ...row, given: null, alongside: [] };
      if (++signed % SIGNED_PER_TURN === 0) await setImmediate();
      // A key that an earlier device of this id had has its serial already: that is the next one then.
      const again = earlier.length > 0;
      const { issued, alongside } = await certificates.prepare(project, request(asCreated(project, wanted, clock()), { again }), by);
      return { ...row, given: { kind: 'certificate', issued }, alongside };
    },
  };
}
