import { expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { waitUntil } from '../helpers/wait-until.ts';

it('sends so many exports at once, refuses more with a time to come back, and has room again when they end', { timeout: 60_000 }, async () => {
  const hub = await hubHere({ ephemeral: true, 'limits.exports': 2 });
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'a' });
  const times = Array.from({ length: 10_000 }, (_, index) => ({ ts: 1_763_700_000_000 + index, values: { x: index } }));
  expect((await api('POST', '/devices/a/report', times)).status).toBe(202);
  const ask = () => api('GET', '/export?format=csv');
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  const refused = answers.filter(({ status }) => status === 503);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ body: { code: 'overloaded', detail: expect.stringContaining('limits.exports') } });
  expect(refused[0]?.headers.get('retry-after')).not.toBeNull();
  await waitUntil(async () => (await Promise.all([ask(), ask()])).every(({ status }) => status === 200), 'both places are free again');
});
