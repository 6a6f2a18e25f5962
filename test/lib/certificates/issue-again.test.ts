import { expect, it } from 'vitest';
import type { IssuedCertificate } from '../../../src/lib/certificates/create-certificates.ts';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { startedAccess } from '../../helpers/access.ts';
import { opensslRequest } from '../../helpers/openssl.ts';

const PROJECT = 'default' as ProjectId;

async function world() {
  const { certificates, addDevice } = await startedAccess();
  await certificates.authorities.init(PROJECT, { id: 'ca', key: 'p256', validMs: 86_400_000 * 10, subject: null }, 'user:anna');
  const device = await addDevice('pump');
  const key = { csr: opensslRequest('/CN=pump').pem };
  const request = (again: boolean) => ({ subject: { kind: 'device' as const, device }, key, authority: null, validMs: 86_400_000, again });
  const issue = async (...again: readonly boolean[]) =>
    (await certificates.issueMany(PROJECT, again.map(request), 'user:anna')).map((one) => (one as IssuedCertificate).record.serial);
  const valid = async () => (await certificates.list(PROJECT, { device: 'pump' as DeviceId }, null, 100)).filter(({ revokedAt }) => revokedAt === null);
  return { issue, valid };
}

it('no serial is given twice, when the same is asked for twice in one request or in several at once', async () => {
  const { issue } = await world();
  const serials = [...(await issue(false, false)), ...(await Promise.all([issue(true), issue(true), issue(true)])).flat()];
  expect(serials).toHaveLength(5);
  expect(new Set(serials).size).toBe(5);
});

it('a request that is sent again while the first is under way leaves one certificate', async () => {
  const { issue, valid } = await world();
  await Promise.all([issue(false), issue(true), issue(true)]);
  expect(await valid()).toHaveLength(1);
});
