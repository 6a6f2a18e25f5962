import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { PeerCertificate } from './authority.ts';

/** HTTP asks for each request of a connection. */
const KNOWN = new WeakMap<Duplex, PeerCertificate | null>();

interface WithCertificate {
  getPeerX509Certificate(): X509Certificate | undefined;
}

/** What the client of a connection showed of itself; null: nothing, or it is no TLS. */
export function peerCertificateOf(socket: Duplex): PeerCertificate | null {
  const known = KNOWN.get(socket);
  if (known !== undefined) return known;
  const certificate = 'getPeerX509Certificate' in socket ? (socket as unknown as WithCertificate).getPeerX509Certificate() : undefined;
  const found = certificate === undefined ? null : { fingerprint: fingerprintOf(certificate), certificate };
  // Asked too early there is none yet.
  if (found !== null) KNOWN.set(socket, found);
  return found;
}

/** Lower-case hex. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
