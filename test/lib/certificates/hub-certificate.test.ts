import { expect, it } from 'vitest';
import { type CertificateChange, HubCertificate } from '../../../src/lib/certificates/hub-certificate.ts';
import { selfSigned } from '../../helpers/self-signed.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const pairOf = () => {
  const { cert, key } = selfSigned(temporaryFolder());
  return { cert: Buffer.from(cert), key: Buffer.from(key) };
};

it('does not speak of a pair that is being written, and once of one that stays broken', async () => {
  const [before, after] = [pairOf(), pairOf()];
  let files: { cert: Buffer; key: Buffer } | null = before;
  const told: CertificateChange[] = [];
  const served: Buffer[] = [];
  const certificate = new HubCertificate({ current: before, read: () => (files === null ? Promise.reject(new Error('gone')) : Promise.resolve(files)) });
  certificate.serve({ setSecureContext: ({ cert }) => void served.push(cert as Buffer) }, (pair) => pair);
  certificate.start((change) => told.push(change));
  // The certificate is there, and its key not yet.
  files = { cert: after.cert, key: before.key };
  await certificate.look(false);
  expect(told).toEqual([]);
  files = after;
  await certificate.look(false);
  expect(told).toMatchObject([{ ok: true }]);
  expect(served).toEqual([after.cert]);
  for (const broken of [null, { cert: Buffer.from('no PEM'), key: after.key }]) {
    told.length = 0;
    files = broken;
    for (let looked = 0; looked < 4; looked++) await certificate.look(false);
    expect(told).toMatchObject([{ ok: false }]);
    // Who asks is told each time.
    await certificate.look(true);
    expect(told).toHaveLength(2);
  }
  expect(served).toHaveLength(1);
  expect(certificate.current).toBe(after);
  await certificate.stop();
});
