import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Answering, answeringDevice } from '../helpers/answering-device.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const SCHEMA = {
  type: 'object',
  required: ['interval'],
  additionalProperties: false,
  properties: { interval: { type: 'integer', minimum: 1 }, network: { type: 'object', properties: { dhcp: { type: 'boolean' } } } },
};

describe('the configuration of devices', () => {
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
  const newDevice = async (id: string, more: object = {}) =>
    (await api('POST', '/devices', { id, type: 'meter', credential: 'token', ...more })).body.credential.secret as string;
  const online = async (id: string, secret: string, answer?: Answering) => {
    const client = await answeringDevice(hub.mqttUrl, id, secret, answer);
    onTestFinished(() => void client.end(true));
    return client;
  };
  const muster = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMuster(args, { env: hub.env });
    return { code, stderr, rows: stdout.startsWith('{') || stdout.startsWith('[') ? JSON.parse(stdout) : stdout };
  };

  it('is delivered when the device comes, applied or refused with its reason, and rolled back', async () => {
    const secret = await newDevice('m1');
    const file = join(temporaryFolder(), 'config.yaml');
    writeFileSync(file, 'interval: 60\nnetwork:\n  dhcp: true\n');
    const first = await muster('device', 'config', 'set', 'm1', '--file', file, '--comment', 'first', '--json');
    expect(first).toMatchObject({ code: 0, rows: { version: 1, state: 'queued', document: { interval: 60, network: { dhcp: true } }, comment: 'first' } });
    const seen: unknown[] = [];
    await online('m1', secret, (command) => {
      seen.push(command.config);
      return (command.config as { interval: number }).interval < 10 ? { state: 'rejected', reason: 'too often' } : { state: 'applied' };
    });
    await waitUntil(async () => (await api('GET', '/devices/m1/config')).body.inSync, 'it is in force');
    expect((await api('GET', '/devices/m1/config')).body).toMatchObject({
      wanted: { version: 1, state: 'applied' },
      reported: { version: 1, document: { interval: 60 } },
    });

    const second = await muster('device', 'config', 'set', 'm1', '--set', 'interval=5', '--set', 'network.dhcp=null', '--wait', '--json');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/too often/);
    expect(second.rows).toMatchObject({ version: 2, state: 'rejected', reason: 'too often', document: { interval: 5, network: {} } });
    expect((await muster('device', 'config', 'diff', 'm1', '--json')).rows).toEqual([
      { path: 'interval', change: 'changed', from: 60, to: 5 },
      { path: 'network.dhcp', change: 'removed', from: true },
    ]);
    expect((await muster('device', 'config', 'get', 'm1', '--json')).rows).toMatchObject({ inSync: false, wanted: { version: 2 }, reported: { version: 1 } });

    expect(await muster('device', 'config', 'rollback', 'm1', '--wait', '--json')).toMatchObject({
      code: 0,
      rows: { version: 3, undoes: 1, state: 'applied' },
    });
    expect(seen).toEqual([
      { interval: 60, network: { dhcp: true } },
      { interval: 5, network: {} },
      { interval: 60, network: { dhcp: true } },
    ]);
    expect((await muster('device', 'config', 'history', 'm1', '--json')).rows).toMatchObject([
      { version: 3, state: 'applied' },
      { version: 2, state: 'rejected' },
      { version: 1, state: 'applied' },
    ]);
    const document = await muster('device', 'config', 'get', 'm1', '--document', '--version', '2');
    expect(document.rows).toEqual({ interval: 5, network: {} });
    const journalled = async () => (await api('GET', '/events?device=m1&kind=config.*')).body.items.map(({ text }: { text: string }) => text);
    await waitUntil(async () => (await journalled()).length >= 6, 'all is journalled');
    expect(await journalled()).toHaveLength(6);
    expect(await journalled()).toContain('version 3 of the configuration of m1 is wanted by token:local: back to version 1');
  });

  it('stands as its command does for whoever waited for that', async () => {
    await online('m7', await newDevice('m7'));
    for (let interval = 1; interval <= 25; interval += 1) {
      const { command, version } = (await api('PUT', '/devices/m7/config', { document: { interval } })).body;
      expect((await api('GET', `/commands/${command}?wait=10000`)).body.state).toBe('applied');
      expect((await api('GET', `/devices/m7/config/versions/${version}`)).body.state).toBe('applied');
    }
  });

  it('is checked against the schema of the type, and refused on top of what others changed', async () => {
    await newDevice('m2');
    const put = (body: object) => api('PUT', '/devices/m2/config', body);
    expect(await put({ document: { interval: 0 } })).toMatchObject({ status: 400, body: { code: 'invalid', detail: expect.stringMatching(/interval/) } });
    expect((await put({ document: { interval: 1 }, ifVersion: 0 })).body).toMatchObject({ version: 1 });
    expect(await put({ document: { interval: 2 }, ifVersion: 0 })).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect((await put({ document: { interval: 2 }, ifVersion: 1 })).body).toMatchObject({ version: 2 });
    // The same again is nothing new.
    expect((await put({ document: { interval: 2 } })).body).toMatchObject({ version: 2 });
    const versionsOf = async () => (await api('GET', '/devices/m2/config/versions')).body.items;
    await waitUntil(async () => (await versionsOf())[1].state !== 'queued', 'the first gave way');
    expect(await versionsOf()).toMatchObject([
      { version: 2, state: 'queued' },
      { version: 1, state: 'cancelled', reason: expect.stringMatching(/superseded/) },
    ]);
    const versions = await Promise.all(Array.from({ length: 3 }, (_, index) => put({ document: { interval: 10 + index } })));
    expect(new Set(versions.filter(({ status }) => status === 200).map(({ body }) => body.version)).size).toBe(
      versions.filter(({ status }) => status === 200).length,
    );
    expect((await api('POST', '/types', { id: 'bad', configSchema: { type: 'string', pattern: '(a+)+' } })).status).toBe(400);
    expect((await muster('device', 'config', 'set', 'm2', '--set', 'interval=soon', '--json')).code).not.toBe(0);
    expect((await muster('device', 'config', 'set', 'm2', '--set', 'interval=7', '--dry-run', '--json')).rows).toMatchObject([{ path: 'interval', to: 7 }]);
  });

  it('is sent again to a device that begins with an older one, and known when somebody made one at the device', async () => {
    const secret = await newDevice('m3');
    await api('PUT', '/devices/m3/config', { document: { interval: 1 } });
    const client = await online('m3', secret);
    await waitUntil(async () => (await api('GET', '/devices/m3/config')).body.inSync, 'it is in force');
    await api('PUT', '/devices/m3/config', { document: { interval: 2 } });
    await waitUntil(async () => (await api('GET', '/devices/m3/config')).body.wanted.state === 'applied', 'the second is in force');
    // It fell back to what it had.
    await client.publishAsync('devices/m3/birth', '{"config": 1}', { qos: 1 });
    await waitUntil(async () => (await api('GET', '/devices/m3/config')).body.reported.version === 2, 'it was sent again');
    await client.publishAsync('devices/m3/config/result', '{"config": {"interval": 99}}', { qos: 1 });
    await waitUntil(async () => (await api('GET', '/devices/m3/config')).body.reported.version === 2, 'and again over what was made there');
    const wrong = await client.publishAsync('devices/m3/config/result', '{"version": "x"}', { qos: 1 }).catch((error: unknown) => error);
    expect(String(wrong)).toMatch(/format invalid/i);
    const asDevice = apiOf(hub.url, secret);
    expect((await asDevice('GET', '/devices/m3/config')).body.wanted.document).toEqual({ interval: 2 });
    expect((await asDevice('PUT', '/devices/m3/config/reported', { version: 2 })).status).toBe(204);
    expect((await asDevice('PUT', '/devices/m3/config', { document: {} })).status).toBe(403);
  });

  it('survives the end of the hub between the wish and the device', async () => {
    const own = await startHub();
    const ask = apiOf(own.url, own.token);
    const { secret } = (await ask('POST', '/devices', { id: 'm4', credential: 'token' })).body.credential;
    await ask('PUT', '/devices/m4/config', { document: { any: { thing: 1 } } });
    await own.stop('SIGKILL');
    const again = await own.restart();
    onTestFinished(() => void again.stop());
    const client = await answeringDevice(again.mqttUrl, 'm4', secret);
    onTestFinished(() => void client.end(true));
    const asked = apiOf(again.url, again.token);
    await waitUntil(async () => (await asked('GET', '/devices/m4/config')).body.inSync, 'it is in force');
    expect((await asked('GET', '/devices/m4/config')).body).toMatchObject({
      wanted: { version: 1, state: 'applied' },
      reported: { document: { any: { thing: 1 } } },
    });
  });
});
