import { expect, it } from 'vitest';
import { type ApiAnswer, apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const REPORTS = 60;
const VALUES = 500;
const SENDERS = 8;
const JOURNAL_BYTES = 400_000;
/** The sample store takes nothing by itself; a question about samples makes it take what the journal holds. */
const STALLED = { ephemeral: true, 'storage.apply-interval-ms': 3_600_000, 'limits.journal-bytes': JOURNAL_BYTES } as const;

const report = (number: number) => Array.from({ length: VALUES }, (_, index) => ({ ts: 1_763_785_200_000 + number * VALUES + index, values: { x: index } }));

it('holds senders back while the sample store stands still, loses nothing, and goes on when it does', { timeout: 60_000 }, async () => {
  const hub = await hubHere({ ...STALLED, 'ingest.push-back-max-ms': 50_000 });
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'a' });
  await api('POST', '/devices/a/report', { x: -1 });
  const answers: ApiAnswer[] = [];
  let next = 0;
  // As devices do: each sends when the one before has its answer. What passed the mark together fits below the limit.
  const sender = async () => {
    while (next < REPORTS) answers.push(await api('POST', '/devices/a/report', report(next++)));
  };
  const all = Promise.all(Array.from({ length: SENDERS }, sender));
  const status = async () => (await api('GET', '/status')).body;
  await waitUntil(async () => (await status()).ingest.pressure !== null, 'the hub presses');
  const pressing = await status();
  expect(pressing.ingest.pressure).toMatchObject({ since: expect.any(Number), reason: expect.stringContaining('of the journal wait for the sample store') });
  expect(pressing.ready).toBe(true);
  expect((await api('GET', '/health/ready')).body.checks.pressure).toMatch(/held back since/);
  expect(await (await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${hub.token}` } })).text()).toContain('muster_ingest_pressing 1');
  let most = 0;
  await waitUntil(
    async () => {
      most = Math.max(most, (await status()).storage.journalBytes);
      await api('GET', '/samples/count');
      return answers.length === REPORTS;
    },
    'everybody has an answer',
    40_000,
  );
  await all;
  expect(new Set(answers.map(({ status: code }) => code))).toEqual(new Set([202]));
  expect(most).toBeLessThanOrEqual(JOURNAL_BYTES);
  expect((await api('GET', '/samples/count')).body.count).toBe(REPORTS * VALUES + 1);
  await waitUntil(async () => (await status()).ingest.pressure === null, 'service is normal');
  expect((await api('POST', '/devices/a/report', { x: 1 })).status).toBe(202);
});

it('refuses with a reason and a time to come back when pushing back was not enough', { timeout: 60_000 }, async () => {
  const hub = await hubHere({ ...STALLED, 'ingest.push-back-max-ms': 100 });
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/devices', { id: 'a' });
  let stored = 0;
  let last: ApiAnswer | null = null;
  for (let number = 0; number < REPORTS && last?.status !== 503; number += 1) {
    last = await api('POST', '/devices/a/report', report(number));
    if (last.status === 202) stored += 1;
  }
  expect(last).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  expect(last?.headers.get('retry-after')).toBe('2');
  expect((await api('GET', '/devices')).status).toBe(200);
  expect((await api('GET', '/samples/count')).body.count).toBe(stored * VALUES);
  expect((await api('POST', '/devices/a/report', report(REPORTS))).status).toBe(202);
});
