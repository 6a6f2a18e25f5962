import { expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

it('takes nothing new below the floor of the disk, answers questions, deletes, and goes on where there is room', { timeout: 60_000 }, async () => {
  const data = temporaryFolder();
  const roomy = await hubHere({ data, 'storage.free-disk-bytes-min': 0 });
  const before = apiOf(roomy.url, roomy.token);
  for (const id of ['kept', 'gone']) await before('POST', '/devices', { id });
  await before('POST', '/devices/kept/report', { x: 1 });
  await roomy.stop();

  const full = await hubHere({ data, 'storage.free-disk-bytes-min': 2 ** 52 });
  const api = apiOf(full.url, full.token);
  const refusals = [
    await api('POST', '/devices/kept/report', { x: 2 }),
    await api('POST', '/devices', { id: 'new' }),
    await api('POST', '/tokens', { name: 'new', role: 'viewer' }),
    await api('GET', '/export?format=parquet'),
  ];
  for (const refusal of refusals)
    expect(refusal).toMatchObject({ status: 507, body: { code: 'disk_full', detail: expect.stringContaining('storage.free-disk-bytes-min') } });
  expect(refusals[0]?.headers.get('retry-after')).toBe('10');
  expect((await api('GET', '/devices/kept/samples?point=x')).body.items).toMatchObject([{ value: 1 }]);
  expect((await api('GET', '/export?format=csv')).status).toBe(200);
  expect((await api('PATCH', '/devices/kept', { state: 'disabled' })).status).toBe(200);
  expect((await api('DELETE', '/devices/gone')).status).toBe(204);
  expect((await api('POST', '/storage/retention')).status).toBe(200);
  expect(await api('GET', '/health/ready')).toMatchObject({ status: 503, body: { checks: { disk: expect.stringContaining('too little room') } } });
  expect((await api('GET', '/status')).body).toMatchObject({ ready: false, storage: { diskFull: true, diskFreeBytes: expect.any(Number) } });
  await full.stop();

  const again = await hubHere({ data, 'storage.free-disk-bytes-min': 0 });
  const after = apiOf(again.url, again.token);
  await after('PATCH', '/devices/kept', { state: 'active' });
  expect((await after('POST', '/devices/kept/report', { x: 3 })).status).toBe(202);
  expect((await after('GET', '/devices')).body.items.map(({ id }: { id: string }) => id)).toEqual(['kept']);
});
