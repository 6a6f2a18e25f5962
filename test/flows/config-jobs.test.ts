import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import { Device, Rejected } from '../../src/lib/device/index.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { jobOverKills } from '../helpers/job-over-kills.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const SCHEMA = {
  type: 'object',
  required: ['interval'],
  properties: { interval: { type: 'integer', minimum: 1 }, network: { type: 'object' } },
};

describe('the configuration of many devices', () => {
  let hub: TestHub;
  let api: ReturnType<typeof apiOf>;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    api = apiOf(hub.url, hub.token);
    expect((await api('POST', '/types', { id: 'meter', mode: 'open', configSchema: SCHEMA })).status).toBe(201);
  });
  afterAll(async () => {
    await hub.stop();
  });

  /** Of the library; it refuses an interval below `least`. */
  const aDevice = async (id: string, site: string, least = { interval: 0 }, type: string | null = 'meter') => {
    const { credential } = (await api('POST', '/devices', { id, labels: { site }, credential: 'token', ...(type === null ? {} : { type }) })).body;
    const taken: unknown[] = [];
    const device = new Device({ url: hub.mqttUrl, id, credential: { token: credential.secret } });
    onTestFinished(() => device.close({ drainMs: 0 }));
    device.onConfig(async (document) => {
      if ((document as { interval: number }).interval < least.interval) throw new Rejected('too often');
      taken.push(document);
    });
    await device.connect();
    return taken;
  };
  const wanted = async (id: string) => (await api('GET', `/devices/${id}/config`)).body.wanted;
  const muster = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMuster(args, { env: hub.env });
    return { code, stderr, rows: stdout.startsWith('{') || stdout.startsWith('[') ? JSON.parse(stdout) : stdout };
  };
  const set = (site: string, ...more: string[]) => muster('device', 'config', 'set', '--selector', `site=${site}`, ...more);

  it('is no stranger to calls: a dry run says how many there are, to programs too', async () => {
    await api('POST', '/devices', { id: 'n1', labels: { site: 'nice' } });
    const dry = await muster('call', '--selector', 'site=nice', '--dry-run', '--json', 'restart');
    expect(dry).toMatchObject({ code: 0, rows: { devices: 1 } });
    expect((await api('GET', '/jobs')).body.items).toEqual([]);
  });

  it('is shown before, merged into what each has, checked by the schema of each, and rolled back', async () => {
    const first = await aDevice('a1', 'arles');
    const second = await aDevice('a2', 'arles', { interval: 10 });
    const bare = await aDevice('a3', 'arles', undefined, null);
    await aDevice('a4', 'arles');
    await api('PUT', '/devices/a1/config', { document: { interval: 60, network: { dhcp: true, host: 'one' } } });
    await api('PUT', '/devices/a2/config', { document: { interval: 60, network: { dhcp: true, host: 'two' } } });
    await waitUntil(async () => (await wanted('a1')).state === 'applied' && (await wanted('a2')).state === 'applied', 'both have theirs');

    const shown = await set('arles', '--set', 'network.dhcp=false', '--dry-run', '--json');
    expect(shown).toMatchObject({ code: 0, stderr: expect.stringMatching(/4 devices would be asked; nothing was/) });
    expect(shown.rows).toMatchObject([
      { devices: 2, outcome: 'changed', changes: [{ path: 'network.dhcp', change: 'changed', from: true, to: false }], example: 'a1' },
      { devices: 1, outcome: 'changed', changes: [{ path: 'network', change: 'added', to: { dhcp: false } }], example: 'a3' },
      { devices: 1, outcome: 'refused', reason: expect.stringMatching(/interval/), example: 'a4' },
    ]);
    expect((await wanted('a1')).version).toBe(1);

    const unasked = await set('arles', '--set', 'network.dhcp=false');
    expect(unasked).toMatchObject({ code: 2 });
    const done = await set('arles', '--set', 'network.dhcp=false', '--comment', 'static', '--yes', '--wait', '--json');
    expect(done).toMatchObject({ code: 7, rows: { kind: 'config', state: 'done', devices: 4, summary: { applied: 3, failed: 1 } } });
    expect(first.at(-1)).toEqual({ interval: 60, network: { dhcp: false, host: 'one' } });
    expect(second.at(-1)).toEqual({ interval: 60, network: { dhcp: false, host: 'two' } });
    expect(bare).toEqual([{ network: { dhcp: false } }]);
    expect(await wanted('a1')).toMatchObject({ version: 2, state: 'applied', comment: 'static', actor: expect.stringMatching(/^(?:user|token):/) });
    const results = (await muster('job', 'show', done.rows.id, '--failed', '--json')).rows;
    expect(results).toMatchObject([{ device: 'a4', state: 'failed', reason: expect.stringMatching(/does not fit the schema of its type.*interval/) }]);
    expect((await api('GET', '/events?kind=config.changed&device=a1')).body.items[0]).toMatchObject({ details: { version: 2, before: 1, comment: 'static' } });

    // Once more: all that could be done is done, and nobody is asked again.
    const again = await set('arles', '--set', 'network.dhcp=false', '--yes', '--wait', '--json');
    expect(again.rows).toMatchObject({ summary: { applied: 3, failed: 1 } });
    expect([first.length, (await wanted('a1')).version]).toEqual([2, 2]);

    const file = join(temporaryFolder(), 'config.yaml');
    writeFileSync(file, 'interval: 5\n');
    const whole = await set('arles', '--file', file, '--max-failures', '100', '--yes', '--wait', '--json');
    expect(whole).toMatchObject({ code: 7, rows: { summary: { applied: 3, rejected: 1 } } });
    expect(await wanted('a2')).toMatchObject({ version: 3, state: 'rejected', reason: 'too often', document: { interval: 5 } });
    expect(await wanted('a1')).toMatchObject({ version: 3, state: 'applied', document: { interval: 5 } });

    const back = await muster('device', 'config', 'rollback', '--selector', 'site=arles', '--dry-run', '--json');
    expect(back.rows).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ outcome: 'refused', reason: 'a4 applied no version before 1', example: 'a4' })]),
    );
    const rolled = await muster('device', 'config', 'rollback', '--selector', 'site=arles', '--comment', 'it was wrong', '--yes', '--wait', '--json');
    expect(rolled).toMatchObject({ code: 7, rows: { summary: { applied: 3, failed: 1 } } });
    expect(first.at(-1)).toEqual({ interval: 60, network: { dhcp: false, host: 'one' } });
    expect(await wanted('a1')).toMatchObject({ version: 4, undoes: 2, state: 'applied', comment: 'it was wrong' });
  });

  it('is changed only where the version is the expected one', async () => {
    await aDevice('b1', 'brest', undefined, null);
    await aDevice('b2', 'brest', undefined, null);
    await api('PUT', '/devices/b1/config', { document: { mode: 'eco' } });
    const done = await set('brest', '--set', 'mode=max', '--if-version', '0', '--yes', '--wait', '--json');
    expect(done).toMatchObject({ code: 7, rows: { summary: { applied: 1, failed: 1 } } });
    expect((await api('GET', `/jobs/${done.rows.id}/devices?state=failed`)).body.items).toMatchObject([
      { device: 'b1', reason: 'version 1 of the configuration of b1 is wanted, not 0' },
    ]);
    expect([(await wanted('b1')).document, (await wanted('b2')).document]).toEqual([{ mode: 'eco' }, { mode: 'max' }]);
  });

  it('stops when too many reject it, and a retry sends the same versions again to those that did', async () => {
    const least = { interval: 10 };
    const taken = await Promise.all(['c1', 'c2', 'c3', 'c4'].map((id) => aDevice(id, 'caen', least)));
    const stopped = await set('caen', '--set', 'interval=5', '--stages', '50,100', '--max-failures', '10%', '--yes', '--wait', '--json');
    expect(stopped).toMatchObject({ code: 7, rows: { state: 'stopped', summary: { rejected: expect.any(Number), waiting: 2 } } });
    least.interval = 1;
    expect(await muster('job', 'retry', stopped.rows.id, '--json')).toMatchObject({ code: 0 });
    await waitUntil(async () => (await api('GET', `/jobs/${stopped.rows.id}`)).body.state === 'done', 'all did it', 20_000);
    expect((await api('GET', `/jobs/${stopped.rows.id}`)).body.summary).toMatchObject({ applied: 4, rejected: 0, waiting: 0 });
    for (const id of ['c1', 'c2', 'c3', 'c4']) expect(await wanted(id)).toMatchObject({ version: 1, state: 'applied', document: { interval: 5 } });
    expect(taken).toEqual([[{ interval: 5 }], [{ interval: 5 }], [{ interval: 5 }], [{ interval: 5 }]]);

    // A rollback that is refused and tried again leads to the same version, not to what it leads away from.
    await set('caen', '--set', 'interval=20', '--yes', '--wait');
    least.interval = 10;
    const back = await muster('device', 'config', 'rollback', '--selector', 'site=caen', '--yes', '--wait', '--json');
    expect(back).toMatchObject({ code: 7, rows: { summary: { rejected: 4 } } });
    least.interval = 1;
    await muster('job', 'retry', back.rows.id);
    await waitUntil(async () => (await api('GET', `/jobs/${back.rows.id}`)).body.state === 'done', 'all went back', 20_000);
    expect(await wanted('c1')).toMatchObject({ version: 3, undoes: 1, state: 'applied', document: { interval: 5 } });
  });

  it('is held, paused and cancelled as any job, and expires where nobody is there', async () => {
    for (const id of ['d1', 'd2', 'd3']) await api('POST', '/devices', { id, labels: { site: 'dole' } });
    const held = await set('dole', '--set', 'a=1', '--concurrency', '1', '--hold', '--yes', '--json');
    expect(held).toMatchObject({ code: 0, rows: { state: 'waiting' } });
    expect(await wanted('d1')).toBeNull();
    expect((await muster('job', 'start', held.rows.id)).code).toBe(0);
    await waitUntil(async () => (await wanted('d1')) !== null, 'the first is asked');
    expect((await muster('job', 'pause', held.rows.id)).code).toBe(0);
    expect((await muster('job', 'cancel', held.rows.id)).code).toBe(0);
    await waitUntil(async () => (await wanted('d1')).state === 'cancelled', 'it was taken back');
    expect(await wanted('d2')).toBeNull();
    const late = await set('dole', '--set', 'a=1', '--expires', '300ms', '--yes', '--wait', '--json');
    expect(late).toMatchObject({ code: 7, rows: { state: 'done', summary: { expired: 3 } } });
    expect(await wanted('d1')).toMatchObject({ version: 1, state: 'expired' });
  });

  it('loses nothing that others change at the same time', { timeout: 60_000 }, async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `e${String(index).padStart(2, '0')}`);
    for (const id of ids) await api('POST', '/devices', { id, labels: { site: 'evian' } });
    const { body: job } = await api('POST', '/jobs/config', { selector: 'site=evian', config: { patch: { ofJob: true } }, expiryMs: 60_000 });
    await Promise.all(
      ids.map(async (id) => {
        for (;;) {
          const now = await wanted(id);
          const { status } = await api('PUT', `/devices/${id}/config`, { document: { ...now?.document, own: id }, ifVersion: now?.version ?? 0 });
          if (status === 200) return;
          expect(status).toBe(409);
        }
      }),
    );
    await waitUntil(async () => (await api('GET', `/jobs/${job.id}`)).body.summary.waiting === 0, 'all were asked', 30_000);
    for (const id of ids) expect((await wanted(id)).document).toEqual({ ofJob: true, own: id });
  });

  it('is refused in parts that contradict one another', async () => {
    for (const config of [{ document: {}, patch: {} }, {}, { rollback: { to: 0 } }])
      expect((await api('POST', '/jobs/config', { selector: '', config })).status).toBe(400);
    expect(await muster('device', 'config', 'set', 'd1', '--selector', 'site=dole', '--set', 'a=1')).toMatchObject({ code: 2 });
    expect(await muster('device', 'config', 'set', '--set', 'a=1')).toMatchObject({ code: 2 });
    expect(await set('nowhere', '--set', 'a=1', '--yes')).toMatchObject({ code: 3 });
    const viewer = (await api('POST', '/tokens', { name: 'v', role: 'viewer' })).body;
    expect((await apiOf(hub.url, viewer.token)('POST', '/jobs/config', { selector: '', config: { patch: {} } })).status).toBe(403);
  });
});

test('a job over configurations goes on when the hub is killed in the middle: each device has one new version, and what it applied is in force', {
  timeout: 120_000,
}, async () => {
  const given = new Map<string, Set<number | undefined>>();
  const { api, ids, rejected } = await jobOverKills({
    children: 200,
    asks: 'config',
    path: '/jobs/config',
    job: { config: { patch: { interval: 60 } } },
    kills: [30, 80, 140],
    onAsked: (device, { version }) => void given.set(device, (given.get(device) ?? new Set()).add(version)),
  });
  expect([...given.values()].filter((versions) => versions.size !== 1 || !versions.has(1))).toEqual([]);
  for (const id of ids) {
    const { wanted, reported } = (await api('GET', `/devices/${id}/config`)).body;
    const state = rejected.includes(id) ? 'rejected' : 'applied';
    expect(wanted).toMatchObject({ version: 1, state, document: { interval: 60 } });
    expect(reported?.version ?? null).toBe(state === 'applied' ? 1 : null);
  }
});
