import { z } from 'zod';
import type { Principal } from '../../access/principal.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Presence } from '../../fleet/presence.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { noteDevice } from '../note-device.ts';
import { type Route, route } from '../route.ts';
import { ReportResult } from '../schema/samples.ts';

export interface ReportPorts {
  readonly ingest: Ingest;
  readonly presence: Presence;
  readonly clock: () => number;
}

export function reportRoutes({ ingest, presence, clock }: ReportPorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/devices/{id}/report',
      tag: 'samples',
      summary: 'Report values of a device',
      description:
        'JSON `{"ts": ms, "values": {"boiler/temperature": 71.4}}`, a list of such objects, or a bare object of values (hub time); or SenML JSON. ' +
        'The answer comes when the samples are on disk. A gateway may report for its children. ' +
        'With an `Idempotency-Key` a report that is sent again is stored once and answered as the first time (without the list of what was rejected); the same key with another body is refused.',
      permission: 'sample:write',
      params: z.object({ id: z.string().max(200) }),
      rawBody: true,
      adds: true,
      reports: true,
      device: 'id',
      responses: { 202: ReportResult },
      async handle({ device, body, principal, address, contentType, idempotencyKey, path }) {
        const receivedAt = clock();
        noteDevice(presence, principal, device.device, address, receivedAt);
        const outcome = await ingest.accept({
          device: device.device,
          principal,
          protocol: 'http',
          address,
          topic: path,
          contentType,
          payload: body as unknown as Uint8Array,
          receivedAt,
          ...(idempotencyKey !== null && {
            origin: { sender: `http ${senderOf(principal)} ${device.device.id}`, id: idempotencyKey, mayBeRepeat: true, onePayload: true },
          }),
        });
        const { accepted, rejected, rejectedCount, repeated } = outcome;
        const result = { accepted, rejected: rejected.map(({ code, reason, point }) => ({ code, reason, point })), rejectedCount, time: clock() };
        if (accepted === 0 && rejectedCount > 0)
          throw new MusterError('rejected', `no value was accepted: ${rejected[0]?.reason ?? 'see the reasons'}`, { details: result });
        return { status: 202, body: result, ...(repeated && { headers: { 'idempotent-replayed': 'true' } }) };
      },
    }),
  ];
}

/** Two senders may come upon the same key. */
function senderOf(principal: Principal): string {
  return principal.kind === 'open' ? 'open' : `${principal.kind} ${principal.id}`;
}
