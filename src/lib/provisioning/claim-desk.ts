import { MusterError } from '../errors/muster-error.ts';
import type { ClaimDesk } from '../ingest/claim-desk.ts';
import { readClaimRequest } from './claim-request.ts';
import type { Claiming } from './create-claiming.ts';

/** Troubles of the moment that are the hub's: the same request is taken later, so it is not acknowledged. */
const COMES_AGAIN: ReadonlySet<string> = new Set(['overloaded', 'storage_failed', 'disk_full', 'stopping', 'internal']);

/** The claiming of devices, as messages: `claim/request` and its answer. */
export function createClaimDesk(claiming: Pick<Claiming, 'claim' | 'unreadable'>): ClaimDesk {
  return {
    async accept({ principal, protocol, address, payload }) {
      const origin = { protocol, address };
      let request: ReturnType<typeof readClaimRequest>;
      try {
        request = readClaimRequest(payload);
      } catch (error: unknown) {
        claiming.unreadable(principal, error, origin);
        return refusalOf(error, {});
      }
      const echo = request.request === undefined ? {} : { request: request.request };
      try {
        return bytesOf({ ok: true, ...echo, ...(await claiming.claim(principal, request, origin)) });
      } catch (error: unknown) {
        return refusalOf(error, echo);
      }
    },
  };
}

function refusalOf(error: unknown, echo: object): Uint8Array {
  if (!(error instanceof MusterError) || COMES_AGAIN.has(error.code)) throw error;
  const retryAfterMs = error.details?.retryAfterMs;
  return bytesOf({ ok: false, ...echo, code: error.code, reason: error.message, ...(typeof retryAfterMs === 'number' && { retryAfterMs }) });
}

function bytesOf(answer: object): Uint8Array {
  return Buffer.from(JSON.stringify(answer));
}
