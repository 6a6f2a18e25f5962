import type { TlsOptions } from 'node:tls';
import type { Settings } from '../config/settings.ts';

/**
 * How every listener of the hub speaks TLS. A client that has a certificate shows it, and TLS proves that it holds the key; whose it is and whether it counts is asked when the client logs in
 * (CertificateChecker), so that a new authority or a revocation holds at once, and a resumed session is asked like any other. For the same reason TLS trusts nobody here: without
 * a list of its own it would take the browser's authorities.
 */
export function tlsOptions(
  tls: { readonly cert: string | Buffer; readonly key: string | Buffer },
  settings: Pick<Settings, 'tls.client-certificates'>,
): TlsOptions {
  const asks = settings['tls.client-certificates'];
  return { minVersion: 'TLSv1.2', cert: tls.cert, key: tls.key, ...(asks && { requestCert: true, rejectUnauthorized: false, ca: [] }) };
}
