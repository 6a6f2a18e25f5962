import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCertificates } from '../../../src/lib/certificates/create-certificates.ts';
import { fingerprintOf } from '../../../src/lib/certificates/peer-certificate.ts';
import { fromPem } from '../../../src/lib/certificates/pem.ts';
import { readListEntries, readListHead } from '../../../src/lib/certificates/read-revocation-list.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { watchCertificates } from '../../../src/lib/provisioning/watch-certificates.ts';
import { startedAccess } from '../../helpers/access.ts';
import { type OpensslAuthority, type OpensslFiles, opensslAuthority, type RevocationListOptions } from '../../helpers/openssl.ts';
import { shownOverTls } from '../../helpers/shown-certificate.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const LISTED = 'the certificate is on the revocation list of its authority';
const BY = 'user:ann';

async function started() {
  const access = await startedAccess();
  const { certificates, authenticator, clock } = access;
  // openssl has no clock but the real one; what it makes next is valid already.
  clock.advance(Date.now() - clock() + 60_000);
  const saidOf = async (shown: Parameters<typeof authenticator.certificate>[0]): Promise<string> => {
    const answer = await authenticator.certificate(shown, '127.0.0.1');
    return answer.ok ? (answer.principal.kind === 'device' ? answer.principal.id : answer.principal.kind) : answer.reason;
  };
  const said = (pem: string) => {
    const certificate = new X509Certificate(pem);
    return saidOf({ fingerprint: fingerprintOf(certificate), certificate });
  };
  const chainSaid = async (leaf: OpensslFiles, ...chain: readonly string[]) => saidOf(await shownOverTls(leaf, ...chain));
  const register = (id: string, pem: string, project = PROJECT) =>
    certificates.authorities.register(project, { id, pem, identity: null, claim: null, trusted: true }, BY);
  const bring = (list: string | Buffer, id = 'factory', project = PROJECT) => certificates.lists.import(project, id, Buffer.from(list), BY);
  return { ...access, said, chainSaid, register, bring };
}

async function withFactory(options: Parameters<typeof opensslAuthority>[1] = {}) {
  const all = await started();
  const ca = opensslAuthority('/O=ACME/CN=Factory', options);
  await all.register('factory', ca.pem);
  await all.addDevice('pump');
  return { ...all, ca };
}

const derOf = (pem: string): Buffer => fromPem(pem, 'X509 CRL')[0] ?? Buffer.alloc(0);

describe('a revocation list', () => {
  it.each(['rsa', 'p256', 'p384', 'ed25519'] as const)(
    'of an authority with a key of %s refuses the certificates that it names, and no others',
    async (key) => {
      const { ca, bring, said } = await withFactory({ key });
      const hash = key === 'ed25519' ? 'null' : 'sha256';
      const [first, second] = [ca.issue('/CN=pump', { hash }).pem, ca.issue('/CN=pump', { hash }).pem];
      expect([await said(first), await said(second)]).toEqual(['pump', 'pump']);
      const { list, certificates } = await bring(ca.revocationList([first, 'AB'], { hash }));
      expect([list.entries, certificates]).toEqual([2, 1]);
      expect([await said(first), await said(second)]).toEqual([LISTED, 'pump']);
    },
  );

  it('refuses a certificate that was never shown, and may come as DER or with text around its PEM', async () => {
    const { ca, bring, said } = await withFactory();
    const [first, second] = [ca.issue('/CN=pump').pem, ca.issue('/CN=pump').pem];
    await bring(derOf(ca.revocationList([first])));
    expect([await said(first), await said(second)]).toEqual([LISTED, 'pump']);
    await bring(`Certificate Revocation List (CRL):\n  Version 2\n${ca.revocationList([second], { number: '02' })}`);
    expect([await said(first), await said(second)]).toEqual(['pump', LISTED]);
  });

  it('cuts the sessions of what it names; off the list again, a certificate on hold works', async () => {
    const { ca, bring, said, certificates, clock, deviceCredentials } = await withFactory();
    const { pem } = ca.issue('/CN=pump');
    expect(await said(pem)).toBe('pump');
    const cut: string[] = [];
    deviceCredentials.onCredentialsChanged((id) => void cut.push(id));
    await bring(ca.revocationList([{ certificate: pem, reason: 'certificateHold' }], { number: '0A' }));
    expect(cut).toEqual(['pump']);
    expect(await said(pem)).toBe(LISTED);
    const [record] = await certificates.list(PROJECT, { state: 'revoked' }, null, 10);
    expect(record).toMatchObject({ name: 'pump', revokedAt: null, listedAt: Date.UTC(2026, 0, 1) });
    expect(await certificates.list(PROJECT, { state: 'valid' }, null, 10)).toEqual([]);
    clock.advance(1000);
    await bring(ca.revocationList([], { number: '0B' }));
    expect(await said(pem)).toBe('pump');
    expect(cut).toEqual(['pump']);
  });

  it('does not bring back what somebody revoked on the hub', async () => {
    const { ca, bring, said, certificates } = await withFactory();
    const { pem } = ca.issue('/CN=pump');
    expect(await said(pem)).toBe('pump');
    await certificates.revoke(PROJECT, fingerprintOf(new X509Certificate(pem)), 'key-compromise');
    await bring(ca.revocationList([], { number: '01' }));
    expect(await said(pem)).toBe('the certificate is revoked');
  });

  it('names the authority between, and with it all that is below', async () => {
    const { ca, bring, chainSaid, said } = await withFactory();
    const between = ca.intermediate('/O=ACME/CN=Line 1');
    const [seen, unseen] = [between.issue('/CN=pump'), between.issue('/CN=pump')];
    expect(await chainSaid(seen, between.pem)).toBe('pump');
    // A serial of the device's certificate is one of the authority between, of which the list of the root says nothing.
    await bring(ca.revocationList([seen.pem]));
    expect(await chainSaid(seen, between.pem)).toBe('pump');
    await bring(ca.revocationList([between.pem], { number: '02' }));
    expect([await chainSaid(seen, between.pem), await chainSaid(unseen, between.pem)]).toEqual([LISTED, LISTED]);
    // Without the chain, as when TLS resumes a session.
    expect(await said(seen.pem)).toBe(LISTED);
  });

  it('of an authority between that is registered itself counts for certificates that were seen before', async () => {
    const { ca, bring, chainSaid, register, deviceCredentials } = await withFactory();
    const between = ca.intermediate('/O=ACME/CN=Line 1');
    const leaf = between.issue('/CN=pump');
    expect(await chainSaid(leaf, between.pem)).toBe('pump');
    await register('line-1', between.pem);
    const cut: string[] = [];
    deviceCredentials.onCredentialsChanged((id) => void cut.push(id));
    await bring(between.revocationList([leaf.pem]), 'line-1');
    expect(cut).toEqual(['pump']);
    expect(await chainSaid(leaf, between.pem)).toBe(LISTED);
  });

  it('takes the place of an older one alone, by its number, or by its time where there is none', async () => {
    const { ca, bring, said, certificates } = await withFactory();
    const { pem } = ca.issue('/CN=pump');
    const list = ca.revocationList([pem], { number: '0100' });
    expect(await bring(list)).toMatchObject({ repeated: false });
    expect(await bring(list)).toMatchObject({ repeated: true });
    for (const number of ['FF', '0100'])
      await expect(bring(ca.revocationList([], { number }))).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('number 256') });
    await expect(bring(ca.revocationList([], { number: null, thisUpdate: '20250101000000Z' }))).rejects.toMatchObject({ code: 'conflict' });
    expect(await said(pem)).toBe(LISTED);
    await bring(ca.revocationList([pem], { number: '010000000000000000' }));
    expect(certificates.lists.of(PROJECT, 'factory')).toMatchObject({ number: '010000000000000000'.padStart(40, '0') });
  });

  it('of two at the same time is one', async () => {
    const { ca, bring } = await withFactory();
    const settled = await Promise.allSettled([bring(ca.revocationList([], { number: '01' })), bring(ca.revocationList([], { number: '02' }))]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(settled.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
  });

  it('is in force after a restart, and after its end, of which the journal tells once', async () => {
    const { ca, bring, said, system, directory, clock } = await withFactory();
    const { pem } = ca.issue('/CN=pump');
    // The list ends before the certificate does.
    const end = Math.floor(clock() / 1000) * 1000 + 2 * 86_400_000;
    const day = new Date(end).toISOString();
    await bring(ca.revocationList([pem], { nextUpdate: `${day.slice(0, 19).replaceAll(/[-:T]/g, '')}Z` }));
    const again = createCertificates({
      ...{ system, directory, clock, passphrase: null, validMs: 1, validMsMax: 1, onRevoked: () => undefined, failed: () => undefined },
    });
    await again.authorities.load();
    await again.lists.load();
    expect(again.lists.of(PROJECT, 'factory')).toMatchObject({ entries: 1, nextUpdate: end, warnedAt: null });
    expect(again.lists.counts()).toEqual({ current: 1, outdated: 0 });
    clock.advance(3 * 86_400_000);
    expect(again.lists.counts()).toEqual({ current: 0, outdated: 1 });
    const told: string[] = [];
    const record = ({ kind, text }: { kind: string; text: string }) => void (kind === 'ca.list-outdated' && told.push(text));
    const watch = () =>
      watchCertificates({ system, authorities: again.authorities, lists: again.lists, recorder: { record }, warningDays: 1, clock, log: SILENT_LOG });
    for (let run = 0; run < 2; run += 1) {
      const watching = watch();
      watching.start();
      await waitUntil(() => told.length > 0, 'it is told');
      await watching.stop();
    }
    expect(told).toEqual([
      `the revocation list of the certificate authority factory ended on ${day.slice(0, 10)}: it stays in force until a newer one is imported`,
    ]);
    expect(await said(pem)).toBe(LISTED);
    expect((await system.certificates.lists.all())[0]?.warnedAt).toBe(clock());
  });

  it('goes with its authority, and is unknown in other projects', async () => {
    const { ca, bring, said, addDevice, register, certificates, system } = await withFactory();
    await addDevice('foreign', { project: OTHER });
    const { pem } = ca.issue('/CN=foreign');
    const list = ca.revocationList([pem]);
    await expect(bring(list, 'factory', OTHER)).rejects.toMatchObject({ code: 'not_found' });
    await register('theirs', ca.pem, OTHER);
    await bring(list);
    expect(await said(pem)).toBe('foreign');
    expect(certificates.lists.of(OTHER, 'theirs')).toBeNull();
    await certificates.removeAuthority(PROJECT, 'factory');
    expect(certificates.lists.of(PROJECT, 'factory')).toBeNull();
    expect(await system.certificates.lists.all()).toEqual([]);
    expect(await system.certificates.lists.names(PROJECT, 'factory', new X509Certificate(pem).serialNumber)).toBe(false);
  });

  it.each<[string, RevocationListOptions, RegExp]>([
    ['is of tomorrow', { thisUpdate: '20990101000000Z', nextUpdate: '20990201000000Z' }, /is yet to come/],
    ['has ended', { thisUpdate: '20200101000000Z', nextUpdate: '20200201000000Z' }, /ended on 2020-02-01/],
    ['is signed with SHA-1', { hash: 'sha1' }, /algorithm that is not taken/],
    ['is a delta', { extensions: ['2.5.29.27=critical,ASN1:INTEGER:1'] }, /delta list/],
    ['is indirect', { extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'indirectCRL=TRUE'] }, /indirect list/],
    ['is for a part of the certificates', { extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyuser=TRUE'] }, /part of the certificates/],
    ['has a critical extension that nobody knows', { extensions: ['1.2.3.4=critical,ASN1:NULL'] }, /critical extension/],
  ])('is refused when it %s', async (_, options, why) => {
    const { ca, bring, certificates } = await withFactory();
    await expect(bring(ca.revocationList([], options))).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(why) });
    expect(certificates.lists.of(PROJECT, 'factory')).toBeNull();
  });

  it.each<[string, (ca: OpensslAuthority) => string | Buffer, RegExp]>([
    ['of another issuer', () => opensslAuthority('/CN=Else').revocationList([]), /names another issuer/],
    ['of another with the same name', () => opensslAuthority('/O=ACME/CN=Factory').revocationList([]), /is not signed by factory/],
    [
      'that was changed',
      (ca) => Buffer.from(derOf(ca.revocationList(['AB'])).map((byte) => (byte === 0xab ? 0xac : byte))),
      /is not signed by factory|no X.509/,
    ],
    ['that is a certificate', ({ pem }) => pem, /there is none/],
    ['of two lists', (ca) => ca.revocationList([]) + ca.revocationList([]), /there are 2/],
    ['that is empty', () => '', /no X.509 revocation list/],
    ['that was cut', (ca) => derOf(ca.revocationList(['AB'])).subarray(0, -1), /no X.509 revocation list/],
  ])('is refused when it is one %s', async (_, make, why) => {
    const { ca, bring } = await withFactory();
    await expect(bring(make(ca))).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(why) });
  });

  it('of the hub’s own authority is refused: the hub knows', async () => {
    const { certificates, bring } = await started();
    await certificates.authorities.init(PROJECT, { id: 'ca', key: 'p256', validMs: 86_400_000, subject: null }, BY);
    const list = await certificates.revocationList(PROJECT, 'ca');
    await expect(bring(list, 'ca')).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('authority of the hub') });
  });
});

describe('the reader of revocation lists', () => {
  it('has serials as certificates show them', async () => {
    const ca = opensslAuthority('/CN=Factory');
    const { entries } = readListHead(derOf(ca.revocationList(['01', '80', 'FF00', '0123456789ABCDEF0123456789ABCDEF01234567'])));
    expect((await readListEntries({ entries })).map(([serial]) => serial)).toEqual(['01', '80', 'FF00', '0123456789ABCDEF0123456789ABCDEF01234567']);
  });

  it('answers whatever bytes it gets with a list or `invalid`, and nothing else', async () => {
    const der = derOf(opensslAuthority('/CN=Factory').revocationList(['AB', { certificate: 'CD', reason: 'keyCompromise' }]));
    const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(der.length), async (changes, end) => {
        const bytes = Buffer.from(der);
        for (const { at, byte } of changes) bytes[at] = byte;
        try {
          await readListEntries(readListHead(end % 4 === 0 ? bytes.subarray(0, end) : bytes));
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(MusterError);
          expect(error).toMatchObject({ code: 'invalid' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
