import { createHmac } from 'node:crypto';

/**
 * The headers of the Standard Webhooks specification 1.0: id, time in seconds, and `v1,` with the base64 of HMAC-SHA256 over `id.time.body`. The time is
 * that of the attempt, so that a receiver may refuse what was recorded long ago; the id is that of the delivery and the same for every attempt.
 */
export function signatureHeaders(key: Buffer, delivery: string, atMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signature = createHmac('sha256', key).update(`${delivery}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': delivery, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
