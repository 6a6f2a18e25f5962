import type { Server, TlsOptions } from 'node:tls';
import type { Settings } from '../config/settings.ts';
import type { HubCertificate } from './hub-certificate.ts';
import type { TicketKeys } from './ticket-keys.ts';

/** What the hub needs to speak TLS. */
export interface HubTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Absent: sessions are resumed until the hub ends, and no longer. */
  readonly tickets?: TicketKeys;
  /** Absent: it has this certificate until it ends. */
  readonly renewed?: HubCertificate;
}

/** A device that comes back later than this makes a whole handshake. */
const SESSION_SECONDS = 86_400;

/** A listener from now on: sessions are sealed with the key of the day, and shows the certificate that is renewed under way. */
export function serveTls(tls: HubTls, server: Server, settings: Pick<Settings, 'tls.client-certificates'>): void {
  tls.tickets?.serve(server);
  tls.renewed?.serve(server, (pair) => tlsOptions({ ...tls, ...pair }, settings));
}

/**
 * How every listener of the hub speaks TLS. A client that has a certificate shows it, and TLS proves that it holds the key; whose it is and whether it counts is asked when the client logs in
 * (CertificateChecker), so that a new authority or a revocation holds at once, and a resumed session is asked like any other. For the same reason TLS trusts nobody here: without
 * a list of its own it would take the browser's authorities.
 */
export function tlsOptions({ cert, key, tickets }: HubTls, settings: Pick<Settings, 'tls.client-certificates'>): TlsOptions {
  const asks = settings['tls.client-certificates'];
  return {
    minVersion: 'TLSv1.2',
    cert,
    key,
    sessionTimeout: SESSION_SECONDS,
    // Node takes the command line for it, which may change with a restart. A session of a client that was never asked is not resumed where clients are asked.
    sessionIdContext: asks ? 'muster:certificates' : 'muster',
    ...(tickets && { ticketKeys: tickets.current }),
    ...(asks && { requestCert: true, rejectUnauthorized: false, ca: [] }),
  };
}
