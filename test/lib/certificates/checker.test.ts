import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PeerCertificate } from '../../../src/lib/certificates/authority.ts';
import { fingerprintOf } from '../../../src/lib/certificates/peer-certificate.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { startedAccess } from '../../helpers/access.ts';
import { type IssueOptions, type OpensslFiles, opensslAuthority, opensslRequest, signerOf } from '../../helpers/openssl.ts';
import { shownOverTls } from '../../helpers/shown-certificate.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const HERE = '127.0.0.1';
const UNKNOWN = 'the certificate is of no authority that the hub knows';
const OWN = { id: 'ca', key: 'p256', validMs: 86_400_000 * 10, subject: null } as const;
const aRequest = (subject: string) => ({ key: { csr: opensslRequest(subject).pem }, authority: null, validMs: null });

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
  const saidOf = async (shown: PeerCertificate): Promise<string> => {
    const answer = await authenticator.certificate(shown, HERE);
    return answer.ok ? (answer.principal.kind === 'device' ? answer.principal.id : answer.principal.kind) : answer.reason;
  };
  const said = (pem: string) => saidOf(peer(pem));
  const chainSaid = async (leaf: OpensslFiles, ...chain: readonly string[]) => saidOf(await shownOverTls(leaf, ...chain));
  const register = (id: string, pem: string, more: { identity?: string; project?: ProjectId } = {}) =>
    certificates.authorities.register(more.project ?? PROJECT, { id, pem, identity: more.identity ?? null, claim: null, trusted: true }, 'user:ann');
  return { ...access, said, chainSaid, register };
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
    expect(await said(pump.pem)).toBe(UNKNOWN);
    await register('factory', ca.pem);
    expect(await said(pump.pem)).toBe('pump');
    expect(await said(ca.issue('/CN=foreign').pem)).toBe('the certificate names "foreign", and there is no such device in the project of its authority');
    // The same name on another authority, with another key.
    expect(await said(opensslAuthority('/CN=Factory').issue('/CN=pump').pem)).toBe(UNKNOWN);
    // Registered by the other project too, it lets in that one's devices, and still nobody of this one there.
    await register('theirs', ca.pem, { project: OTHER });
    expect(await said(ca.issue('/CN=foreign').pem)).toBe('foreign');
    expect(await said(ca.issue('/CN=pump').pem)).toBe('pump');
  });

  it.each(['rsa', 'p256', 'p384', 'ed25519'] as const)('may have %s keys, and so may its devices', async (key) => {
    const { addDevice, said, register } = await started();
    await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory', { key });
    await register('factory', ca.pem);
    expect(await said(ca.issue('/CN=pump', { key, ...(key === 'ed25519' && { hash: 'null' }) }).pem)).toBe('pump');
  });

  it.each<[string, IssueOptions, string]>([
    [
      'is of an authority',
      { extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature,keyCertSign'] },
      'the certificate is one of an authority, not of a device',
    ],
    [
      'is for servers alone',
      { extensions: ['extendedKeyUsage=serverAuth'] },
      'the certificate is not for TLS clients: its extended key usage lacks clientAuth',
    ],
    ['may not sign', { extensions: ['keyUsage=critical,keyEncipherment'] }, 'the certificate may not be used to sign: its key usage lacks digitalSignature'],
    ['has expired', { from: '20200101000000Z', to: '20200201000000Z' }, 'the certificate has expired'],
    ['is not valid yet', { from: '20990101000000Z', to: '20990201000000Z' }, 'the certificate is not valid yet'],
    ['has a weak key', { key: 'rsa1024' }, 'an RSA key of 1024 bits is too weak: 2048 are the least'],
    ['is signed with SHA-1', { hash: 'sha1' }, 'the certificate is signed with an algorithm that is not taken (SHA-256 is the least)'],
    [
      'has a critical extension that nobody knows',
      { extensions: ['1.2.3.4=critical,ASN1:NULL'] },
      'the certificate has a critical extension that the hub does not know: 1.2.3.4',
    ],
  ])('is refused when it %s', async (_, options, reason) => {
    const { addDevice, said, register } = await started();
    await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory');
    await register('factory', ca.pem);
    expect(await said(ca.issue('/CN=pump', options).pem)).toBe(reason);
  });

  it.each<[string, IssueOptions]>([
    ['of version 1, without extensions', { extensions: null }],
    ['for any purpose', { extensions: ['extendedKeyUsage=anyExtendedKeyUsage'] }],
    ['for servers and clients', { extensions: ['extendedKeyUsage=serverAuth,clientAuth'] }],
  ])('is taken when it is one %s', async (_, options) => {
    const { addDevice, said, register } = await started();
    await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory');
    await register('factory', ca.pem);
    expect(await said(ca.issue('/CN=pump', options).pem)).toBe('pump');
  });

  it('is refused for names that nobody has, however they are written', async () => {
    const { addDevice, said, register } = await started();
    await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory');
    await register('factory', ca.pem);
    for (const subject of ['/CN=Pump', '/CN=pump ', '/CN=pump\\n', '/CN=pump\\0', '/O=pump', '/CN=*', '/CN=pümp', '/CN=pump\\/x', '/O=x\\nCN=pump'])
      expect([subject, await said(ca.issue(subject).pem)]).toEqual([subject, expect.not.stringMatching(/^pump$/)]);
    expect(await said(ca.issue('/CN=pump/CN=other').pem)).toBe('the certificate has several names of the form cn:{id}');
    expect(await said(ca.issue('/CN=pump/CN=pump').pem)).toBe('pump');
  });

  it('follows a device by its alias, also when that moves, and an alternative name by its pattern', async () => {
    const { addDevice, said, register, directory } = await started();
    const [one, other] = [await addDevice('one', { aliases: { serial: '42' } }), await addDevice('other')];
    const ca = opensslAuthority('/CN=Factory');
    await register('factory', ca.pem, { identity: 'cn:{serial}' });
    const { pem } = ca.issue('/CN=42');
    expect(await said(pem)).toBe('one');
    directory.putDevice({ ...one, aliases: {} });
    directory.putDevice({ ...other, aliases: { serial: '42' } });
    expect(await said(pem)).toBe('other');
    const plant = opensslAuthority('/CN=Plant');
    await register('plant', plant.pem, { identity: 'uri:urn:acme:{id}' });
    const named = (...uris: readonly string[]) => plant.issue('/CN=other', { extensions: [`subjectAltName=${uris.map((uri) => `URI:${uri}`).join(',')}`] }).pem;
    expect(await said(named('urn:acme:one', 'urn:else:other'))).toBe('one');
    expect(await said(named('urn:acme:one', 'urn:acme:other'))).toBe('the certificate has several names of the form uri:urn:acme:{id}');
    expect(await said(plant.issue('/CN=one').pem)).toBe('the certificate has no name of the form uri:urn:acme:{id}');
  });

  it('is refused before somebody has proven to hold the key, after it expired, and when its serial number is revoked', async () => {
    const { addDevice, said, certificates } = await started();
    await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory');
    const { proof } = await certificates.authorities.register(PROJECT, { id: 'factory', pem: ca.pem, identity: null, claim: null, trusted: false }, 'user:ann');
    const { pem } = ca.issue('/CN=pump');
    expect(await said(pem)).toBe('nobody has proven yet to hold the key of factory');
    for (const bad of [ca.issue('/CN=pump').pem, opensslAuthority('/CN=Factory').issue(`/CN=${proof}`).pem, ca.issue(`/CN=${proof}/CN=x`).pem])
      await expect(certificates.authorities.prove(PROJECT, 'factory', bad)).rejects.toMatchObject({ code: 'invalid' });
    await certificates.authorities.prove(PROJECT, 'factory', ca.issue(`/CN=${proof}`).pem);
    const { serialNumber } = new X509Certificate(pem);
    await certificates.revokeSerial(PROJECT, 'factory', serialNumber.toLowerCase(), 'key-compromise');
    expect(await said(pem)).toBe('the certificate is revoked');
    expect(await said(ca.issue('/CN=pump').pem)).toBe('pump');
  });

  it('counts again for a device of the same name, since its authority says whom it means; what the hub issued does not', async () => {
    const { addDevice, said, register, certificates, system, directory } = await started();
    const device = await addDevice('pump');
    const ca = opensslAuthority('/CN=Factory');
    await register('factory', ca.pem);
    await certificates.authorities.init(PROJECT, OWN, 'user:ann');
    const factory = ca.issue('/CN=pump').pem;
    const { certificate } = await certificates.issue(PROJECT, { subject: { kind: 'device', device }, ...aRequest('/CN=pump') }, 'user:ann');
    expect([await said(factory), await said(certificate)]).toEqual(['pump', 'pump']);
    await system.log.commit({ statements: system.devices.remove(device.id) });
    directory.removeDevice(device.id);
    expect(await said(certificate)).toBe('the certificate is revoked');
    await addDevice('pump', { project: OTHER });
    expect([await said(factory), await said(certificate)]).toEqual([expect.stringMatching(/no such device/), 'the certificate is revoked']);
    await system.log.commit({ statements: system.devices.remove(device.id) });
    directory.removeDevice(device.id);
    await addDevice('pump');
    expect([await said(factory), await said(certificate)]).toEqual(['pump', 'the certificate is revoked']);
  });
});

describe('intermediates', () => {
  it('lead to a registered authority when each may sign, and no further than each allows', async () => {
    const { addDevice, register, chainSaid } = await started();
    await addDevice('pump');
    const root = opensslAuthority('/CN=Root');
    await register('root', root.pem);
    const plant = root.intermediate('/CN=Plant', 'critical,CA:TRUE,pathlen:1');
    const line = plant.intermediate('/CN=Line', 'critical,CA:TRUE,pathlen:0');
    const station = line.intermediate('/CN=Station');
    const device = root.issue('/CN=Device', { extensions: ['keyUsage=critical,digitalSignature,keyCertSign'] });
    const isNone = signerOf(device.file, device.keyFile);
    expect(await chainSaid(plant.issue('/CN=pump'), plant.pem)).toBe('pump');
    expect(await chainSaid(line.issue('/CN=pump'), line.pem, plant.pem)).toBe('pump');
    expect(await chainSaid(station.issue('/CN=pump'), station.pem, line.pem, plant.pem)).toBe('there are more authorities between than one of them allows');
    expect(await chainSaid(plant.issue('/CN=pump'))).toBe(UNKNOWN);
    expect(await chainSaid(isNone.issue('/CN=pump'), device.pem)).toBe('a certificate between it and its authority may not sign others');
  });

  it('are followed for three steps and no more, and not at all from a stranger', async () => {
    const { addDevice, register, chainSaid } = await started();
    await addDevice('pump');
    const root = opensslAuthority('/CN=Root');
    await register('root', root.pem);
    const chain = [root.intermediate('/CN=1')];
    for (let index = 2; index <= 4; index++) chain.push((chain[index - 2] as (typeof chain)[number]).intermediate(`/CN=${index}`));
    const pems = chain.map(({ pem }) => pem).reverse();
    expect(await chainSaid((chain[2] as (typeof chain)[number]).issue('/CN=pump'), ...pems.slice(1))).toBe('pump');
    expect(await chainSaid((chain[3] as (typeof chain)[number]).issue('/CN=pump'), ...pems)).toBe(UNKNOWN);
    const stranger = opensslAuthority('/CN=Root');
    expect(await chainSaid(stranger.issue('/CN=pump'), stranger.pem)).toBe(UNKNOWN);
  });
});
