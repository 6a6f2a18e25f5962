import type { CreatedCredential, DeviceCredentials } from '../access/device-credentials.ts';
import type { Principal } from '../access/principal.ts';
import { certificateOfCredential } from '../certificates/certificate-credential.ts';
import type { Certificates, IssuedCertificate } from '../certificates/create-certificates.ts';
import type { Device } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';
import { certificateRenewed } from '../events/certificate-events.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import { checkInService } from '../fleet/check-in-service.ts';
import type { RequestRate } from './request-rate.ts';

/** A new token or certificate in the place of the one that a device came with, asked for by the device itself. */
export interface Renewal {
  /** Throws not_allowed (another device, or it did not come with a token), rate_limited, not_found (the token is gone), and what storage throws. */
  renew(principal: Principal, device: Device): Promise<CreatedCredential>;
  /**
   * A certificate for a request that the device signed. It takes the place of the one that the device came with, or of `replaces` (a fingerprint): that ends when the new one is used
   * first. Throws besides invalid and limit_reached.
   */
  renewCertificate(principal: Principal, device: Device, request: { readonly csr: string; readonly replaces?: string | undefined }): Promise<IssuedCertificate>;
  /** How many were, since the start. */
  renewed(): number;
}

export interface RenewalPorts {
  readonly credentials: Pick<DeviceCredentials, 'renew'>;
  readonly certificates: Pick<Certificates, 'renew'>;
  readonly rate: RequestRate;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
}

export function createRenewal({ credentials, certificates, rate, recorder, clock }: RenewalPorts): Renewal {
  let renewed = 0;
  return {
    renewed: () => renewed,
    async renew(principal, device) {
      const { credential: before } = admit(principal, device);
      if (before === undefined || certificateOfCredential(before) !== null)
        throw new MusterError('not_allowed', 'the device did not come with a token', {
          hint: 'Send the request with the token, or a `csr` to get a certificate.',
        });
      takeTurn(device);
      const credential = await credentials.renew(device, before);
      renewed += 1;
      recorder.record({
        ...{ project: device.project, time: clock(), kind: 'credential.renewed', actor: `device:${device.id}`, severity: null, device: device.id },
        ...{ point: null, alarm: null, rule: null, text: `the device ${device.id} renewed its token` },
        details: { credential: credential.id, replaces: before, expiresAt: credential.expiresAt },
      });
      return credential;
    },
    async renewCertificate(principal, device, { csr, replaces }) {
      const { credential } = admit(principal, device);
      takeTurn(device);
      const issued = await certificates.renew(device, csr, replaces ?? certificateOfCredential(credential));
      renewed += 1;
      recorder.record(certificateRenewed(issued.record, `device:${device.id}`, clock()));
      return issued;
    },
  };

  function admit(principal: Principal, device: Device): Extract<Principal, { kind: 'device' }> {
    // A gateway may report for what is behind it; to get its credential is another thing.
    if (principal.kind !== 'device' || principal.id !== device.id) throw new MusterError('not_allowed', 'a device renews its own credential and no other');
    checkInService(device);
    return principal;
  }

  function takeTurn({ id }: Device): void {
    const waitMs = rate.take(id);
    if (waitMs !== null) throw new MusterError('rate_limited', 'the device renews its credential too often', { details: { retryAfterMs: waitMs } });
  }
}
