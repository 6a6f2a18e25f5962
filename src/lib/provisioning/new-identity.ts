import type { DeviceCredentials } from '../access/device-credentials.ts';
import { certificateCredential, certificateOfCredential } from '../certificates/certificate-credential.ts';
import { commitCertificates } from '../certificates/commit-certificates.ts';
import type { Certificates, IssuedCertificate } from '../certificates/create-certificates.ts';
import type { Device } from '../domain/device.ts';
import type { ClaimId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import type { RequestRate } from './request-rate.ts';

/** What a device that claims itself comes with from then on: a token, or a certificate for the key that it made. */
export interface NewIdentity {
  /** Shown this once; null: it has a certificate. */
  readonly token: string | null;
  /** PEM; null: it has a token. */
  readonly certificate: string | null;
  /** PEM, of the authority that signed it. */
  readonly caCertificate: string | null;
  /** The id of the token, or `certificate:<fingerprint>`. */
  readonly credential: string;
  /** ms since 1970; null: until it is removed. */
  readonly expiresAt: number | null;
}

export interface NewIdentities {
  /** `statements` are to be committed before it is given away. `csr` undefined: a token. Throws invalid (the request), not_found (no authority), and what signing throws. */
  prepare(device: Device, claim: ClaimId, csr: string | undefined): Promise<{ readonly identity: NewIdentity; readonly statements: readonly Statement[] }>;
  /**
   * Another in the place of one that the device never came with. `alongside`: committed with it, by the name of the new credential. Throws conflict when the device came with it meanwhile, or asks
   * for the other kind.
   */
  reissue(
    device: Device,
    before: string,
    claim: ClaimId,
    csr: string | undefined,
    alongside: (credential: string) => readonly Statement[],
  ): Promise<NewIdentity>;
}

export interface NewIdentityPorts {
  readonly credentials: Pick<DeviceCredentials, 'prepareToken' | 'reissue' | 'credentialGone'>;
  readonly certificates: Pick<Certificates, 'prepare'>;
  readonly system: Pick<SystemStore, 'log' | 'certificates'>;
  /** How often a device may have its certificate made anew: each stays in the list until it would have expired. */
  readonly repeats: RequestRate;
  readonly clock: () => number;
}

export function createNewIdentities({ credentials, certificates, system, repeats, clock }: NewIdentityPorts): NewIdentities {
  /** Until the device has come with it, the certificate stands for its claim: so the hub knows that nobody has used it. */
  const signed = (device: Device, claim: ClaimId, csr: string) =>
    certificates.prepare(
      device.project,
      { subject: { kind: 'device', device }, key: { csr }, authority: null, validMs: null, replaces: `claim:${claim}` },
      `claim:${claim}`,
    );

  return {
    async prepare(device, claim, csr) {
      if (csr !== undefined) {
        const { issued, alongside } = await signed(device, claim, csr);
        return { identity: ofCertificate(issued), statements: alongside };
      }
      const { credential, statement } = credentials.prepareToken(device, { unused: true });
      return { identity: ofToken(credential), statements: [statement] };
    },
    async reissue(device, before, claim, csr, alongside) {
      const fingerprint = certificateOfCredential(before);
      if ((fingerprint !== null) !== (csr !== undefined))
        throw new MusterError('conflict', `the device ${device.id} asked for a ${fingerprint === null ? 'token' : 'certificate'} before`, {
          hint: 'A device that asks again asks for the same.',
        });
      if (fingerprint === null || csr === undefined) return ofToken(await credentials.reissue(device, before, ({ id }) => alongside(id)));
      const waitMs = repeats.take(device.id);
      if (waitMs !== null) throw new MusterError('rate_limited', 'the device asks for its certificate too often', { details: { retryAfterMs: waitMs } });
      const { issued, alongside: insert } = await signed(device, claim, csr);
      const identity = ofCertificate(issued);
      await commitCertificates(
        system.log,
        [system.certificates.supersedeUnused(device.project, fingerprint, clock()), ...insert, ...alongside(identity.credential)],
        ({ reason }) => {
          if (reason === 'stale') return new MusterError('conflict', `the device ${device.id} has used its certificate already`);
          return reason === 'reference' ? new MusterError('not_found', 'the certificate authority is gone') : null;
        },
      );
      credentials.credentialGone(device.id, before);
      return identity;
    },
  };
}

function ofToken({
  secret: token,
  id: credential,
  expiresAt,
}: {
  readonly secret: string;
  readonly id: string;
  readonly expiresAt: number | null;
}): NewIdentity {
  return { token, certificate: null, caCertificate: null, credential, expiresAt };
}

function ofCertificate({ record, certificate, authority }: IssuedCertificate): NewIdentity {
  return { token: null, certificate, caCertificate: authority, credential: certificateCredential(record.fingerprint), expiresAt: record.validTo };
}
