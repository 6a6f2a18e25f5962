import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PeerCertificate } from '../../../src/lib/certificates/authority.ts';
import { fingerprintOf } from '../../../src/lib/certificates/peer-certificate.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { startedAccess } from '../../helpers/access.ts';
import { opensslAuthority, opensslRequest } from '../../helpers/openssl.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const HERE = '127.0.0.1';

function peer(pem: string): PeerCertificate {
  const certificate = new X509Certificate(pem);
  return { fingerprint: fingerprintOf(certificate), certificate };
}

/** What the authenticator says of a certificate, in short: the device, or why not. */
async function started() {
  const access = await startedAccess();
  const { certificates, authenticator, clock } = access;
  // openssl has no clock but the real one; what it makes next is valid already.
  clock.advance(Date.now() - clock() + 60_000);
  const said = async (pem: string): Promise<string> => {
    const answer = await authenticator.certificate(peer(pem), HERE);
    return answer.ok ? (answer.principal.kind === 'device' ? answer.principal.id : answer.principal.kind) : answer.reason;
  };
  const register = (id: string, pem: string, more: { identity?: string; project?: ProjectId } = {}) =>
    certificates.authorities.register(more.project ?? PROJECT, { id, pem, identity: more.identity ?? null, claim: null, trusted: true }, 'user:ann');
  return { ...access, said, register };
}

describe('certificates of the hub’s own authority', () => {
  it('let their device in until they are revoked, and its sessions are cut then', async () => {
    const { certificates, addDevice, said, deviceCredentials } = await started();
    const device = await addDevice('pump');
    await certificates.authorities.init(PROJECT, { id: 'ca', key: 'p256', validMs: 86_400_000 * 10, subject: null }, 'user:ann');
    const { pem: csr } = opensslRequest('/CN=pump', { key: 'ed25519' });
    const { certificate, record } = await certificates.issue(
      PROJECT,
      { subject: { kind: 'device', device }, key: { csr }, authority: null, validMs: null },
      'user:ann',
    );
    expect(await said(certificate)).toBe('pump');
    const cut: string[] = [];
    deviceCredentials.onCredentialsChanged((id) => void cut.push(id));
    await certificates.revoke(PROJECT, record.fingerprint, 'key-compromise');
    expect(cut).toEqual(['pump']);
    expect(await said(certificate)).toBe('the certificate is revoked');
  });
});

describe('certificates of an external authority', () => {
  it('let in the device that they name, in the project that the authority is registered in', async () => {
    const { addDevice, said, register } = await started();
    await addDevice('pump');
    await addDevice('foreign', { project: OTHER });
    const ca = opensslAuthority('/CN=Factory');
    const pump = ca.issue('/CN=pump');
    expect(await said(pump.pem)).toBe('the certificate is of no authority that the hub knows');
    await register('factory', ca.pem);
    expect(await said(pump.pem)).toBe('pump');
    expect(await said(ca.issue('/CN=foreign').pem)).toBe('the certificate names "foreign", and there is no such device in the project of its authority');
    expect(await said(opensslAuthority('/CN=Factory').issue('/CN=pump').pem)).toBe('the certificate is of no authority that the hub knows');
  });
});
