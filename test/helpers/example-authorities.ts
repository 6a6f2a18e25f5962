import { generateKeyPairSync } from 'node:crypto';
import type { HubClient } from '../../src/lib/client/hub-client.ts';
import { opensslAuthority, opensslRequest } from './openssl.ts';

/** The authorities that an example of `muster ca` may name, and the files beside it. Each example finds them anew. */
export async function makeAuthorities(client: HubClient, line: string): Promise<Readonly<Record<string, string>>> {
  if (!line.startsWith('muster ca')) return {};
  for await (const { id } of client.cas.list()) await client.cas.remove(id);
  const factory = opensslAuthority('/O=ACME/CN=Factory');
  const list = line.includes('factory.crl') ? { 'factory.crl': factory.revocationList(['5A3C09F1']) } : {};
  const files = { ...list, 'factory.pem': factory.pem, 'factory.key': factory.key, 'boiler-7.csr': opensslRequest('/CN=boiler-7').pem };
  if (!line.includes('ca init')) {
    await client.cas.create({ kind: 'own', id: 'ca' });
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string;
    if (line.includes('ca revoke')) await client.certificates.issue({ device: 'boiler-7', publicKey });
  }
  // What is registered is not there before; what is proven is not proven.
  const proves = line.includes('--proof');
  if (line.includes('ca register') && !proves) return files;
  const { proof } = await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, trusted: !proves });
  return proof === null ? files : { ...files, 'proof.pem': factory.issue(`/CN=${proof}`).pem };
}
