import { expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';

it('stores a report that is sent again under its key once, and answers it as the first time', { timeout: 60_000 }, async () => {
  const hub = await hubHere({ ephemeral: true });
  const api = apiOf(hub.url, hub.token);
  for (const id of ['a', 'b']) await api('POST', '/devices', { id });
  const send = (device: string, body: unknown, key: string) => api('POST', `/devices/${device}/report`, body, { 'idempotency-key': key });
  const count = async () => (await api('GET', '/samples/count')).body.count;

  const answers = await Promise.all(Array.from({ length: 5 }, () => send('a', { x: 1 }, '"key-1"')));
  for (const answer of answers) expect(answer).toMatchObject({ status: 202, body: { accepted: 1, rejectedCount: 0 } });
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
  expect(await count()).toBe(1);

  expect(await send('a', { x: 2 }, 'key-1')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  expect((await send('b', { x: 1 }, 'key-1')).body).toMatchObject({ accepted: 1 });
  expect((await send('a', { x: 1 }, 'key-2')).body).toMatchObject({ accepted: 1 });
  expect(await count()).toBe(3);

  const nothing = { '#': 1 };
  for (const _ of [1, 2]) expect(await send('a', nothing, 'key-3')).toMatchObject({ status: 422, body: { code: 'rejected' } });
  for (const key of ['', 'x'.repeat(256), 'tab\there']) expect((await send('a', { x: 1 }, key)).body.code, key).toBe('invalid');
  expect((await send('a', { x: 1 }, 'x'.repeat(255))).status).toBe(202);
  expect(await (await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${hub.token}` } })).text()).toContain(
    'muster_ingest_repeated_total{protocol="http"} 5',
  );
});
