import { connect, createServer } from 'node:tls';
import type { PeerCertificate } from '../../src/lib/certificates/authority.ts';
import { peerCertificateOf } from '../../src/lib/certificates/peer-certificate.ts';
import { tlsOptions } from '../../src/lib/certificates/tls-options.ts';
import type { OpensslFiles } from './openssl.ts';
import { selfSigned } from './self-signed.ts';

/** What the hub gets to see of a certificate with those that its client sends along, after a real handshake. */
export async function shownOverTls({ pem, key }: Pick<OpensslFiles, 'pem' | 'key'>, ...chain: readonly string[]): Promise<PeerCertificate> {
  const server = createServer(tlsOptions(selfSigned(), { 'tls.client-certificates': true }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as { port: number };
    const shown = new Promise<PeerCertificate | null>((resolve) =>
      server.once('secureConnection', (socket) => {
        socket.on('error', () => undefined);
        resolve(peerCertificateOf(socket));
        socket.end();
      }),
    );
    const client = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, key, cert: [pem, ...chain].join('\n') });
    client.on('error', () => undefined);
    const peer = await shown;
    client.destroy();
    if (peer === null) throw new Error('the client showed no certificate');
    return peer;
  } finally {
    server.close();
  }
}
