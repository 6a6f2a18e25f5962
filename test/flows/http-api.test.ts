import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { parseMetrics } from '../helpers/prometheus-text.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('the API of a hub', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  beforeAll(async () => {
    hub = await startHub(['--set', 'limits.points-per-project=50'], { keep: true });
    api = apiOf(hub.url, hub.token);
  });
  afterAll(async () => {
    await hub.stop();
  });
  const anonymous = () => apiOf(hub.url, null);
  const newDevice = async (id: string, more: object = {}) =>
    (await api('POST', '/devices', { id, credential: 'token', ...more })).body.credential.secret as string;

  it('says who is there and that it is ready', async () => {
    expect((await anonymous()('GET', '/health/live')).status).toBe(200);
    expect((await anonymous()('GET', '/health/ready')).body).toEqual({
      status: 'ok',
      checks: { traffic: 'ok', writes: 'ok', samples: 'ok', disk: 'ok', pressure: 'ok', damage: 'ok' },
    });
    expect((await api('GET', '/whoami')).body).toMatchObject({
      kind: 'token',
      role: 'admin',
      project: 'default',
      hub: { version: expect.any(String), mqttUrl: hub.mqttUrl },
    });
    const { time } = (await anonymous()('GET', '/time')).body;
    expect(Math.abs(time - Date.now())).toBeLessThan(5000);
  });

  it('gives its metrics to Prometheus and its status to a person, to those who may', async () => {
    const secret = await newDevice('metered');
    await apiOf(hub.url, secret)('POST', '/devices/metered/report', { a: 1, b: 2 });
    const scrape = await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${hub.token}` } });
    expect(scrape.headers.get('content-type')).toContain('text/plain');
    const metrics = parseMetrics(await scrape.text());
    const value = (name: string, labels: Record<string, string>) =>
      metrics.get(name)?.samples.find((sample) => Object.entries(labels).every(([label, wanted]) => sample.labels.get(label) === wanted))?.value;
    expect(value('muster_ingest_samples_total', { protocol: 'http' })).toBeGreaterThanOrEqual(2);
    for (const step of ['admit', 'decode', 'resolve', 'commit', 'publish']) {
      expect(value('muster_ingest_step_in_total', { step }), step).toBeGreaterThanOrEqual(1);
      expect(value('muster_ingest_step_out_total', { step }), step).toBeLessThanOrEqual(value('muster_ingest_step_in_total', { step }) ?? 0);
    }
    expect(value('muster_commit_samples_total', {})).toBeGreaterThanOrEqual(2);
    expect(value('muster_limit', { setting: 'limits.commit-queue' })).toBe(20_000);
    await waitUntil(async () => (await api('GET', '/status')).body.storage.apply.samples >= 2, 'the sample store has taken what was reported');
    expect((await api('GET', '/status')).body.storage).toMatchObject({ applyLagMs: 0, compaction: { failed: 0, lastError: null } });
    expect((await fetch(`${hub.url}/metrics`)).status).toBe(401);
    expect((await apiOf(hub.url, secret)('GET', '/status')).body.code).toBe('not_allowed');
    expect((await api('GET', '/status')).body).toMatchObject({
      ready: true,
      ingest: { failed: 0 },
      storage: { failed: false },
      fleet: { devices: expect.any(Number) },
    });
  });

  it('describes itself in OpenAPI 3.1, every route with its permission', async () => {
    const { body } = await api('GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const operations = Object.values(body.paths as Record<string, Record<string, { description: string }>>).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBeGreaterThan(30);
    for (const { description } of operations) expect(description).toMatch(/Permission: |No credentials\./);
  });

  it('takes the three JSON shapes and SenML, and gives back equal values', async () => {
    const secret = await newDevice('shapes');
    const device = apiOf(hub.url, secret);
    const now = Date.now();
    const reports: [unknown, string?][] = [
      [{ ts: now - 5000, values: { n: 71.4, text: 'é😀\u0000x', flag: false, object: { deep: [1, null] } } }],
      [
        [
          { ts: now - 4000, values: { n: -0.1 } },
          { ts: now - 3000, values: { n: 5e-324 } },
        ],
      ],
      [{ n: 1e308 }],
      [[{ bn: 'n', v: 3, t: -1 }], 'application/senml+json'],
    ];
    for (const [body, type] of reports) expect((await device('POST', '/devices/shapes/report', body, type ? { 'content-type': type } : {})).status).toBe(202);
    const { items } = (await api('GET', '/devices/shapes/samples?point=n')).body;
    expect(items.map(({ value }: { value: number }) => value)).toEqual([71.4, -0.1, 5e-324, 3, 1e308]);
    const others = (await api('GET', '/devices/shapes/samples?point=text&point=flag&point=object')).body.items;
    expect(Object.fromEntries(others.map(({ point, value }: { point: string; value: unknown }) => [point, value]))).toEqual({
      text: 'é😀\u0000x',
      flag: false,
      object: { deep: [1, null] },
    });
  });

  it('pages through samples without losing or repeating one, forwards and backwards', async () => {
    const secret = await newDevice('paged');
    const base = Date.now() - 100_000;
    const reports = Array.from({ length: 40 }, (_, index) => ({ ts: base + Math.floor(index / 4), values: { [`p${index % 4}`]: index } }));
    await apiOf(hub.url, secret)('POST', '/devices/paged/report', reports);
    for (const order of ['asc', 'desc']) {
      const seen: number[] = [];
      let cursor = '';
      do {
        const { body } = await api('GET', `/devices/paged/samples?point=p*&limit=7&order=${order}${cursor && `&cursor=${cursor}`}`);
        seen.push(...body.items.map(({ value }: { value: number }) => value));
        cursor = body.cursor ?? '';
      } while (cursor !== '');
      expect(seen).toHaveLength(40);
      expect(new Set(seen).size).toBe(40);
    }
  });

  it('aggregates in buckets and counts what is stored', async () => {
    const secret = await newDevice('sums');
    await apiOf(hub.url, secret)(
      'POST',
      '/devices/sums/report',
      [1, 2, 3, 10].map((v, index) => ({ ts: 1_700_000_000_000 + index * 30_000, values: { v } })),
    );
    const { body } = await api('GET', '/devices/sums/aggregate?point=v&from=1699999980000&to=1700000100001&everyMs=60000&aggregate=avg');
    expect(body.items.map(({ time, value, count }: { time: number; value: number; count: number }) => [time, value, count])).toEqual([
      [1_699_999_980_000, 1.5, 2],
      [1_700_000_040_000, 6.5, 2],
    ]);
    expect((await api('GET', '/samples/count?device=sums')).body).toEqual({ count: 4, series: 1 });
    const range = 'point=v&from=1700000000000&to=1700000100000';
    const chosen = (await api('GET', `/devices/sums/downsample?${range}&points=3`)).body.items;
    expect(chosen).toEqual([
      { device: 'sums', point: 'v', time: 1_700_000_000_000, value: 1 },
      { device: 'sums', point: 'v', time: 1_700_000_090_000, value: 10 },
    ]);
    expect((await api('GET', `/devices/sums/downsample?${range}&points=3&method=lttb`)).body.items).toHaveLength(3);
    expect((await api('GET', `/devices/sums/downsample?${range}&points=2`)).status).toBe(400);
    expect((await api('GET', `/devices/sums/downsample?${range}&method=mean`)).status).toBe(400);
  });

  it.each([
    ['GET', '/devices', 401, 'not_logged_in', ''],
    ['GET', '/devices', 401, 'not_logged_in', 'Bearer mst_0_wrong'],
    ['GET', '/devices', 401, 'not_logged_in', 'Basic bm9ib2R5Om5vdGhpbmc='],
  ])('refuses %s %s with %i %s', async (method, path, status, code, authorization) => {
    const answer = await apiOf(hub.url, null)(method, path, undefined, authorization ? { authorization } : {});
    expect(answer).toMatchObject({ status, type: expect.stringContaining('application/problem+json'), body: { code, status, hint: expect.any(String) } });
  });

  it.each([
    ['POST', '/devices', { id: 'a/b' }, 400, 'invalid'],
    ['POST', '/devices', '{"id":', 400, 'invalid'],
    ['POST', '/devices', { id: 'x', parent: 'nobody' }, 400, 'invalid'],
    ['POST', '/devices', { id: 'x', type: 'nothing' }, 400, 'invalid'],
    ['GET', '/devices/nobody', undefined, 404, 'not_found'],
    ['GET', '/devices?cursor=bad', undefined, 400, 'invalid'],
    ['GET', '/devices?limit=0', undefined, 400, 'invalid'],
    ['GET', '/nowhere', undefined, 404, 'not_found'],
    ['GET', '/export?format=xml', undefined, 400, 'invalid'],
    ['GET', '/stream', undefined, 426, undefined],
  ])('answers %s %s with a clear problem', async (method, path, body, status, code) => {
    const answer = await api(method, path, body);
    expect(answer.status).toBe(status);
    if (code !== undefined) expect(answer.body).toMatchObject({ code, detail: expect.any(String) });
  });

  it('keeps the rights of a role, of a device and of a gateway', async () => {
    const viewer = (await api('POST', '/tokens', { name: 'eyes', role: 'viewer' })).body.token;
    expect((await apiOf(hub.url, viewer)('GET', '/devices')).status).toBe(200);
    expect((await apiOf(hub.url, viewer)('POST', '/devices', { id: 'never' })).body.code).toBe('not_allowed');
    expect((await apiOf(hub.url, viewer)('GET', '/tokens')).body.code).toBe('not_allowed');
    const gateway = await newDevice('rights-gw', { kind: 'gateway' });
    await newDevice('rights-child', { parent: 'rights-gw' });
    const other = await newDevice('rights-other');
    const asGateway = apiOf(hub.url, gateway);
    expect((await asGateway('POST', '/devices/rights-child/report', { a: 1 })).status).toBe(202);
    expect((await asGateway('POST', '/devices/rights-other/report', { a: 1 })).body.code).toBe('not_allowed');
    expect((await apiOf(hub.url, other)('POST', '/devices/rights-gw/report', { a: 1 })).body.code).toBe('not_allowed');
    expect((await apiOf(hub.url, other)('GET', '/devices')).body.code).toBe('not_allowed');
    await api('PATCH', '/devices/rights-child', { state: 'disabled' });
    expect((await asGateway('POST', '/devices/rights-child/report', { a: 1 })).body.code).toBe('not_allowed');
    await api('PATCH', '/devices/rights-other', { state: 'disabled' });
    expect((await apiOf(hub.url, other)('POST', '/devices/rights-other/report', { a: 1 })).status).toBe(401);
  });

  it('shows secrets once and revokes what it is told to', async () => {
    const created = (await api('POST', '/tokens', { name: 'once', role: 'viewer', expiresInSeconds: 60 })).body;
    const listed = JSON.stringify((await api('GET', '/tokens?limit=1000')).body);
    expect(listed).not.toContain(created.token.slice(-30));
    await api('DELETE', `/tokens/${created.id}`);
    expect((await apiOf(hub.url, created.token)('GET', '/whoami')).status).toBe(401);
  });

  it('logs a user in and out, and locks an account that is guessed at', async () => {
    await api('POST', '/users', { name: 'ann', role: 'operator', password: 'correct horse battery' });
    const login = await anonymous()('POST', '/sessions', { user: 'ann', password: 'correct horse battery' });
    expect(login).toMatchObject({ status: 201, body: { user: 'ann', role: 'operator' } });
    const session = apiOf(hub.url, login.body.token);
    expect((await session('GET', '/whoami')).body).toMatchObject({ kind: 'user', name: 'ann' });
    expect((await session('DELETE', '/sessions/current')).status).toBe(204);
    expect((await session('GET', '/whoami')).status).toBe(401);
    await api('POST', '/users', { name: 'bob', role: 'viewer', password: 'correct horse battery' });
    let last = 0;
    for (let guess = 0; guess < 12 && last !== 429; guess += 1)
      last = (await anonymous()('POST', '/sessions', { user: 'bob', password: `guess ${guess}` })).status;
    expect(last).toBe(429);
    const locked = await anonymous()('POST', '/sessions', { user: 'bob', password: 'correct horse battery' });
    expect(locked.body.code).toBe('locked_out');
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
  }, 60_000);

  it('refuses a body of 300 MB before reading it', async () => {
    const status = await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(hub.url);
      const upload = request(
        {
          hostname,
          port,
          method: 'POST',
          path: '/api/v1/devices/shapes/report',
          headers: { authorization: `Bearer ${hub.token}`, 'content-length': 300 * 1024 * 1024 },
        },
        (response) => resolve(response.statusCode),
      );
      upload.on('error', reject);
      upload.write(Buffer.alloc(1000));
    });
    expect(status).toBe(413);
  });

  it('refuses points beyond the limit of the project and says so to the operator', async () => {
    const secret = await newDevice('crowded');
    const values = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, index]));
    const answer = await apiOf(hub.url, secret)('POST', '/devices/crowded/report', values);
    expect(answer.status).toBe(202);
    expect(answer.body.rejected[0]).toMatchObject({ code: 'limit_reached', reason: expect.stringContaining('limits.points-per-project') });
    expect((await api('GET', '/devices/crowded/rejects')).body.items[0]).toMatchObject({ code: 'limit_reached', step: 'resolve' });
    await api('DELETE', '/devices/crowded');
    expect((await api('GET', '/points?limit=1000')).body.items.length).toBeLessThan(50);
  });

  it('takes a device by its alias and keeps aliases apart', async () => {
    await newDevice('aliased', { aliases: { imei: '490154203237518' } });
    expect((await api('GET', '/devices/imei:490154203237518')).body.id).toBe('aliased');
    expect((await api('POST', '/devices', { id: 'aliased-2', aliases: { imei: '490154203237518' } })).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('aliased'),
    });
  });

  it('lets the points of a type follow into its devices', async () => {
    await api('POST', '/types', { id: 'meter', points: [{ path: 'power', unit: 'W', max: 100 }] });
    const secret = await newDevice('meter-1', { type: 'meter' });
    const device = apiOf(hub.url, secret);
    expect((await device('POST', '/devices/meter-1/report', { power: 101 })).body.details.rejected[0].code).toBe('out_of_range');
    expect((await device('POST', '/devices/meter-1/report', { voltage: 230 })).body).toMatchObject({
      code: 'rejected',
      details: { accepted: 0, rejected: [{ code: 'unknown_point' }] },
    });
    await api('PATCH', '/types/meter', { points: [{ path: 'power', unit: 'W', max: 200 }, { path: 'voltage' }] });
    expect((await device('POST', '/devices/meter-1/report', { power: 101, voltage: 230 })).body.accepted).toBe(2);
    expect((await api('DELETE', '/types/meter')).body.code).toBe('in_use');
  });

  it('shows and changes a point whose path has levels', async () => {
    const secret = await newDevice('levels');
    await apiOf(hub.url, secret)('POST', '/devices/levels/report', { 'boiler/inner loop/x': 1, 'boiler/temperature': 70 });
    expect((await api('PATCH', '/devices/levels/points/boiler/temperature', { unit: '°C', max: 80 })).body).toMatchObject({
      path: 'boiler/temperature',
      unit: '°C',
      latest: { value: 70 },
    });
    expect((await api('GET', '/devices/levels/points/boiler/temperature')).body).toMatchObject({ max: 80 });
    expect((await api('GET', '/devices/levels/points/boiler/nothing')).body.code).toBe('not_found');
    expect((await apiOf(hub.url, secret)('POST', '/devices/levels/report', { 'boiler/temperature': 81 })).body.details.rejected[0].code).toBe('out_of_range');
  });

  it('deletes a device with all it had', async () => {
    const secret = await newDevice('short-lived');
    await apiOf(hub.url, secret)('POST', '/devices/short-lived/report', { a: 1 });
    expect((await api('DELETE', '/devices/short-lived')).status).toBe(204);
    expect((await apiOf(hub.url, secret)('GET', '/whoami')).status).toBe(401);
    await newDevice('short-lived');
    expect((await api('GET', '/devices/short-lived/samples?point=*')).body.items).toEqual([]);
    expect((await apiOf(hub.url, secret)('GET', '/whoami')).status).toBe(401);
  });
});
