import { type Batch, refuse, withReadings } from '../batch.ts';
import type { IngestContext } from '../context.ts';

/** Bytes to readings. What cannot be decoded is refused whole: half a message has no meaning. */
export function decode(batch: Batch, context: IngestContext): Batch {
  const { payload, contentType, receivedAt } = batch.message;
  const format = context.chooseFormat(contentType, payload);
  if (!format) {
    const reason = contentType ? `no format is known for ${contentType.slice(0, 80)}` : 'the bytes are of no known format';
    return refuse(batch, { code: 'undecodable', step: 'decode', reason: payload.length === 0 ? 'the payload is empty' : reason, point: null });
  }
  const decoded = format.decode(payload, { readingsMax: context.limits.readingsPerMessage, now: receivedAt });
  if (!decoded.ok) return refuse(batch, { code: decoded.code, step: 'decode', reason: decoded.reason, point: null });
  return withReadings(batch, decoded.readings);
}
