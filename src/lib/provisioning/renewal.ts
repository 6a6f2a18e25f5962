import type { CreatedCredential, DeviceCredentials } from '../access/device-credentials.ts';
import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import { checkInService } from '../fleet/check-in-service.ts';
import type { RequestRate } from './request-rate.ts';

/** A new token in the place of the one that a device came with, asked for by the device itself. */
export interface Renewal {
  /** Throws not_allowed (another device, or it did not come with a token), rate_limited, not_found (the token is gone), and what storage throws. */
  renew(principal: Principal, device: Device): Promise<CreatedCredential>;
  /** How many were, since the start. */
  renewed(): number;
}

export interface RenewalPorts {
  readonly credentials: Pick<DeviceCredentials, 'renew'>;
  readonly rate: RequestRate;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
}

export function createRenewal({ credentials, rate, recorder, clock }: RenewalPorts): Renewal {
  let renewed = 0;
  return {
    renewed: () => renewed,
    async renew(principal, device) {
      // A gateway may report for what is behind it; to get its credential is another thing.
      if (principal.kind !== 'device' || principal.id !== device.id) throw new MusterError('not_allowed', 'a device renews its own token and no other');
      if (principal.credential === undefined)
        throw new MusterError('not_allowed', 'the device did not come with a token', { hint: 'Only a token is renewed: send the request with it.' });
      checkInService(device);
      const waitMs = rate.take(device.id);
      if (waitMs !== null) throw new MusterError('rate_limited', 'the device renews its token too often', { details: { retryAfterMs: waitMs } });
      const credential = await credentials.renew(device, principal.credential);
      renewed += 1;
      recorder.record({
        ...{ project: device.project, time: clock(), kind: 'credential.renewed', actor: `device:${device.id}`, severity: null, device: device.id },
        ...{ point: null, alarm: null, rule: null, text: `the device ${device.id} renewed its token` },
        details: { credential: credential.id, replaces: principal.credential, expiresAt: credential.expiresAt },
      });
      return credential;
    },
  };
}
