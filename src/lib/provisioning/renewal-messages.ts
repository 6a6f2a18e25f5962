import { z } from 'zod';
import { parseJsonText } from '../domain/json-text.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import type { InboundMessage } from '../ingest/inbound-message.ts';
import type { Outcome } from '../ingest/ingest.ts';
import type { Renewal } from './renewal.ts';

const PAYLOAD_BYTES_MAX = 16_384;
const REQUEST = z.object({
  id: z.string().max(100).optional(),
  csr: z.string().min(1).max(PAYLOAD_BYTES_MAX).optional(),
  replaces: z.string().max(100).optional(),
});
type Request = z.output<typeof REQUEST>;
/** Of the hub, and of the moment: the message is not acknowledged and comes again. */
const COMES_AGAIN: ReadonlySet<string> = new Set(['overloaded', 'storage_failed', 'disk_full', 'stopping', 'internal']);

/** `devices/<id>/renew`: an object with an `id` to know the answer again, or nothing; with a `csr`, for a certificate. The answer goes to `renew/result` of the connection that asked. */
export function createRenewalMessages(renewal: Renewal): DeviceMessages {
  async function answerTo({ principal, device }: InboundMessage, { csr, replaces }: Request): Promise<object> {
    if (csr !== undefined) {
      const { record, certificate, authority } = await renewal.renewCertificate(principal, device, { csr, replaces });
      return { certificate, caCertificate: authority, fingerprint: record.fingerprint, expiresAt: record.validTo };
    }
    const { secret: token, id: credential, expiresAt } = await renewal.renew(principal, device);
    return { token, credential, expiresAt };
  }

  return {
    async accept(message) {
      let echo: { readonly id?: string } = {};
      try {
        const request = requestOf(message);
        if (request.id !== undefined) echo = { id: request.id };
        return { accepted: 1, rejected: [], rejectedCount: 0, reply: bytesOf({ ...echo, ok: true, ...(await answerTo(message, request)) }) };
      } catch (error: unknown) {
        if (!(error instanceof MusterError) || COMES_AGAIN.has(error.code)) throw error;
        return refused(error, echo);
      }
    },
  };
}

function requestOf({ payload }: InboundMessage): Request {
  if (payload.length === 0) return {};
  if (payload.length > PAYLOAD_BYTES_MAX) throw new MusterError('payload_too_large', `a renewal has ${PAYLOAD_BYTES_MAX} bytes at most`);
  let value: unknown;
  try {
    value = parseJsonText(payload);
  } catch (error: unknown) {
    throw new MusterError('invalid', 'the request is not JSON', { cause: error });
  }
  const parsed = REQUEST.safeParse(value);
  if (!parsed.success) throw new MusterError('invalid', 'the request is an object with an id, a csr and replaces at most');
  return parsed.data;
}

function refused({ code, message: reason, details }: MusterError, echo: object): Outcome {
  const retryAfterMs = details?.retryAfterMs;
  const reply = bytesOf({ ...echo, ok: false, code, reason, ...(typeof retryAfterMs === 'number' && { retryAfterMs }) });
  return { accepted: 0, rejected: [{ code, step: 'renew', reason, point: null }], rejectedCount: 1, reply };
}

function bytesOf(answer: object): Uint8Array {
  return Buffer.from(JSON.stringify(answer));
}
