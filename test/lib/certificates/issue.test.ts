import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromPem, toPem } from '../../../src/lib/certificates/pem.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { startedAccess } from '../../helpers/access.ts';
import { openssl, opensslAuthority, opensslRequest } from '../../helpers/openssl.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const PROJECT = 'default' as ProjectId;
const DAY_MS = 86_400_000;
const publicKey = (type: 'ed25519' | 'rsa' = 'ed25519') =>
  (type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 1024 }) : generateKeyPairSync('ed25519')).publicKey.export({
    type: 'spki',
    format: 'pem',
  }) as string;

async function started(key: 'p256' | 'ed25519' = 'p256') {
  const access = await startedAccess();
  access.clock.advance(Date.now() - access.clock() + 60_000);
  const { certificates } = access;
  await certificates.authorities.init(PROJECT, { id: 'ca', key, validMs: 1000 * DAY_MS, subject: null }, 'user:ann');
  const device = await access.addDevice('pump', { aliases: { serial: 'SN-1' } });
  const issue = (csr: string) => certificates.issue(PROJECT, { subject: { kind: 'device', device }, key: { csr }, authority: null, validMs: null }, 'user:ann');
  const withKey = (pem: string) =>
    certificates.issue(PROJECT, { subject: { kind: 'device', device }, key: { publicKey: pem }, authority: null, validMs: null }, 'user:ann');
  return { ...access, device, issue, withKey };
}

const asFile = (text: string, name = 'file.pem'): string => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
};

describe('a certificate that the hub issues', () => {
  it.each(['p256', 'ed25519'] as const)('is one that openssl accepts of its authority, with a key of the kind %s', async (key) => {
    const { issue } = await started(key);
    for (const kind of ['rsa', 'p256', 'p384', 'ed25519'] as const) {
      const { certificate, authority, record } = await issue(opensslRequest('/CN=pump', { key: kind }).pem);
      expect(openssl('verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', asFile(authority), asFile(certificate))).toMatch(/OK/);
      const read = new X509Certificate(certificate);
      expect([read.subject, read.subjectAltName, read.ca, read.serialNumber]).toEqual(['CN=pump', 'URI:muster://default/devices/pump', false, record.serial]);
      expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([record.validFrom, record.validTo]);
    }
  });

  it('is made out by the URI alone when the id is longer than a common name may be', async () => {
    const { certificates, addDevice } = await started();
    const device = await addDevice(`d${'x'.repeat(120)}`);
    const { certificate, authority } = await certificates.issue(
      PROJECT,
      { subject: { kind: 'device', device }, key: { publicKey: publicKey() }, authority: null, validMs: null },
      'user:ann',
    );
    expect(openssl('verify', '-x509_strict', '-CAfile', asFile(authority), asFile(certificate))).toMatch(/OK/);
    expect(new X509Certificate(certificate).subjectAltName).toBe(`URI:muster://default/devices/${device.id}`);
  });

  it('of a server has its names, and is accepted for them and no others', async () => {
    const { certificates } = await started();
    const names = ['hub.example.com', '*.example.org', '192.0.2.5', '2001:db8::1'];
    const { certificate, authority } = await certificates.issue(
      PROJECT,
      { subject: { kind: 'server', names }, key: { publicKey: publicKey() }, authority: null, validMs: null },
      'user:ann',
    );
    const read = new X509Certificate(certificate);
    expect([read.checkHost('hub.example.com'), read.checkHost('a.example.org'), read.checkHost('example.com')]).toEqual([
      'hub.example.com',
      '*.example.org',
      undefined,
    ]);
    expect([read.checkIP('192.0.2.5'), read.checkIP('2001:db8::1'), read.checkIP('192.0.2.6')]).toEqual(['192.0.2.5', '2001:db8::1', undefined]);
    expect(openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', asFile(authority), asFile(certificate))).toMatch(/OK/);
    for (const bad of [
      [],
      ['a b'],
      ['-x.example'],
      ['x'.repeat(64)],
      ['fe80::1%eth0'],
      ['hub\0.example'],
      Array.from({ length: 51 }, (_, index) => `h${index}`),
    ])
      await expect(
        certificates.issue(PROJECT, { subject: { kind: 'server', names: bad }, key: { publicKey: publicKey() }, authority: null, validMs: null }, 'user:ann'),
      ).rejects.toMatchObject({ code: 'invalid' });
  });

  it('does not outlive its authority, nor what may be asked for', async () => {
    const { certificates, device, clock } = await started();
    const request = { subject: { kind: 'device', device }, key: { publicKey: publicKey() }, authority: null } as const;
    const { record } = await certificates.issue(PROJECT, { ...request, validMs: 2000 * DAY_MS }, 'user:ann');
    expect(record.validTo).toBe(certificates.authorities.get(PROJECT, 'ca').validTo);
    for (const validMs of [1, 4000 * DAY_MS])
      await expect(certificates.issue(PROJECT, { ...request, validMs }, 'user:ann')).rejects.toMatchObject({ code: 'invalid' });
    clock.advance(1001 * DAY_MS);
    await expect(certificates.issue(PROJECT, { ...request, validMs: null }, 'user:ann')).rejects.toMatchObject({ code: 'not_found' });
    await expect(certificates.issue(PROJECT, { ...request, validMs: null, authority: 'ca' }, 'user:ann')).rejects.toThrow('has expired');
  });

  it('is of the newest authority unless another is named, and never of an external one', async () => {
    const { certificates, withKey, clock } = await started();
    clock.advance(1000);
    await certificates.authorities.init(PROJECT, { id: 'next', key: 'p256', validMs: DAY_MS, subject: 'Next' }, 'user:ann');
    await certificates.authorities.register(
      PROJECT,
      { id: 'factory', pem: opensslAuthority('/CN=F').pem, identity: null, claim: null, trusted: true },
      'user:ann',
    );
    expect((await withKey(publicKey())).record.authority).toBe('next');
    await expect(certificates.authorities.issuer(PROJECT, 'factory')).rejects.toThrow('external');
    await expect(certificates.authorities.issuer('other' as ProjectId, 'ca')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a request', () => {
  it.each<[string, string, Parameters<typeof opensslRequest>[1], string]>([
    ['of another device', '/CN=other', {}, 'the certificate request is made out to "other", not to pump'],
    ['of two', '/CN=pump/CN=pumq', {}, 'the certificate request is made out to "pumq", not to pump'],
    ['for an authority', '/CN=pump', { extensions: ['basicConstraints=critical,CA:TRUE'] }, 'asks for an authority (CA:TRUE)'],
    ['with a weak key', '/CN=pump', { key: 'rsa1024' }, 'an RSA key of 1024 bits is too weak'],
  ])('%s is refused', async (_, subject, options, reason) => {
    const { issue } = await started();
    await expect(issue(opensslRequest(subject, options).pem)).rejects.toThrow(reason);
  });

  it('by an alias, or without a name, gets a certificate of the device; nothing else that it asks for is taken over', async () => {
    const { issue } = await started();
    const extensions = ['subjectAltName=DNS:hub.example.com,URI:muster://default/devices/other', 'extendedKeyUsage=serverAuth', 'keyUsage=keyCertSign'];
    for (const subject of ['/CN=SN-1', '/O=ACME']) {
      const read = new X509Certificate((await issue(opensslRequest(subject, { extensions }).pem)).certificate);
      expect([read.subject, read.subjectAltName, read.ca, read.keyUsage]).toEqual([
        'CN=pump',
        'URI:muster://default/devices/pump',
        false,
        ['1.3.6.1.5.5.7.3.2'],
      ]);
    }
  });

  it('that is changed on the way, or signed with another key, or no request at all, is refused', async () => {
    const { issue, withKey } = await started();
    const { pem, key } = opensslRequest('/CN=pump');
    const [der] = fromPem(pem, 'CERTIFICATE REQUEST') as [Buffer];
    for (const at of [10, 40, 60, der.length - 1]) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(issue(toPem('CERTIFICATE REQUEST', changed))).rejects.toBeInstanceOf(MusterError);
    }
    for (const bad of ['', 'x', key, `${pem}${pem}`, toPem('CERTIFICATE REQUEST', der.subarray(0, 50)), toPem('CERTIFICATE REQUEST', Buffer.alloc(70_000))])
      await expect(issue(bad)).rejects.toBeInstanceOf(MusterError);
    for (const bad of ['', 'x', key, publicKey('rsa'), pem]) await expect(withKey(bad)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('many certificates', () => {
  it('are issued in one transaction, and a bad one takes nothing with it', async () => {
    const { certificates, device, addDevice } = await started();
    const other = await addDevice('other');
    const of = (one: typeof device, key: { csr: string } | { publicKey: string }) => ({
      subject: { kind: 'device' as const, device: one },
      key,
      authority: null,
      validMs: null,
    });
    const results = await certificates.issueMany(
      PROJECT,
      [of(device, { publicKey: publicKey() }), of(device, { publicKey: 'x' }), of(other, { publicKey: publicKey() })],
      'user:ann',
    );
    expect(results.map((one) => (one instanceof MusterError ? one.code : one.record.device))).toEqual(['pump', 'invalid', 'other']);
    expect((await certificates.list(PROJECT, {}, null, 10)).map(({ device: name }) => name).sort()).toEqual(['other', 'pump']);
  });

  it('of one device end at 20, until some are revoked or ended', async () => {
    const { certificates, withKey } = await started();
    for (let index = 0; index < 20; index++) await withKey(publicKey());
    await expect(withKey(publicKey())).rejects.toMatchObject({ code: 'limit_reached' });
    const [first] = await certificates.list(PROJECT, {}, null, 1);
    await certificates.revoke(PROJECT, first?.fingerprint ?? '', 'superseded');
    await withKey(publicKey());
    await expect(certificates.revoke(PROJECT, first?.serial ?? '', 'superseded')).rejects.toMatchObject({ code: 'conflict' });
    await expect(certificates.revoke('other' as ProjectId, first?.fingerprint ?? '', 'superseded')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the revocation list', () => {
  it('is one that openssl verifies, has what is revoked with the reason, and counts up', async () => {
    const { certificates, issue } = await started();
    const kept = await issue(opensslRequest('/CN=pump').pem);
    const gone = await issue(opensslRequest('/CN=pump').pem);
    const empty = asFile(toPem('X509 CRL', await certificates.revocationList(PROJECT, 'ca')));
    const ca = asFile(kept.authority);
    expect(openssl('crl', '-in', empty, '-CAfile', ca, '-noout', '-text')).toMatch(/No Revoked Certificates/);
    await certificates.revoke(PROJECT, gone.record.fingerprint, 'key-compromise');
    const list = asFile(`${kept.authority}${toPem('X509 CRL', await certificates.revocationList(PROJECT, 'ca'))}`);
    expect(openssl('crl', '-in', list, '-CAfile', ca, '-noout', '-text')).toMatch(new RegExp(`CRL Number: \\n +2[^]*${gone.record.serial}[^]*Key Compromise`));
    expect(openssl('verify', '-crl_check', '-CAfile', list, asFile(kept.certificate))).toMatch(/OK/);
    expect(() => openssl('verify', '-crl_check', '-CAfile', list, asFile(gone.certificate))).toThrow(/revoked/);
  });
});

describe('a renewal', () => {
  it('takes the place of the certificate once it is used, and of an earlier renewal at once', async () => {
    const { certificates, authenticator, issue, device } = await started();
    const said = async (pem: string) => {
      const certificate = new X509Certificate(pem);
      const answer = await authenticator.certificate({ certificate, fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase() }, null);
      return answer.ok || answer.reason;
    };
    const csr = opensslRequest('/CN=pump').pem;
    const first = await issue(csr);
    const lost = await certificates.renew(device, csr, first.record.fingerprint);
    const second = await certificates.renew(device, csr, first.record.fingerprint);
    expect([await said(first.certificate), await said(lost.certificate)]).toEqual([true, 'the certificate was renewed, and the new one has been used']);
    expect(await said(second.certificate)).toBe(true);
    await expect.poll(() => said(first.certificate)).toBe('the certificate was renewed, and the new one has been used');
    expect(await said(second.certificate)).toBe(true);
    await expect(certificates.renew(device, csr, first.record.fingerprint)).rejects.toMatchObject({ code: 'invalid' });
    await expect(certificates.renew({ ...device, id: 'other' as typeof device.id }, csr, second.record.fingerprint)).rejects.toMatchObject({ code: 'invalid' });
  });
});
