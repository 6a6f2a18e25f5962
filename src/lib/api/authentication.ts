import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../access/access.ts';
import type { Principal } from '../access/principal.ts';
import { peerCertificateOf } from '../certificates/peer-certificate.ts';
import { MusterError } from '../errors/muster-error.ts';
import { goneAway } from './problem.ts';

/** What of a request tells who makes it. */
export type Asking = Pick<IncomingMessage, 'headers' | 'socket'>;

/**
 * Who makes an HTTP request: a bearer token, a device's basic credentials, (a browser's WebSocket) a token in the subprotocols, or, when it says nothing, the certificate of
 * its connection. `address` null: it is gone.
 */
export async function authenticate(authenticator: Authenticator, request: Asking, address: string | null): Promise<Principal> {
  // Its guesses could be counted for nobody, and it waits for no answer.
  if (address === null) throw goneAway();
  const found = await answerOf(authenticator, request, address);
  if (found === null) throw new MusterError('not_logged_in', 'the request carries no credentials');
  if (found.ok) return found.principal;
  throw new MusterError(found.code, found.reason, found.retryAfterMs === null ? {} : { details: { retryAfterMs: found.retryAfterMs } });
}

async function answerOf(authenticator: Authenticator, { headers, socket }: Asking, address: string | null) {
  const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return authenticator.bearer(credentials, address);
  if (scheme.toLowerCase() === 'basic') {
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon >= 0) return authenticator.device(text.slice(0, colon), text.slice(colon + 1), address);
  }
  const subprotocol = headers['sec-websocket-protocol']?.split(',').find((name) => name.trim().startsWith('bearer.'));
  if (subprotocol) return authenticator.bearer(subprotocol.trim().slice('bearer.'.length), address);
  if (headers.authorization !== undefined) return null;
  const certificate = peerCertificateOf(socket);
  return certificate === null ? null : authenticator.certificate(certificate, address);
}
