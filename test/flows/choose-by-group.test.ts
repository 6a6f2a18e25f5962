import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';

let hub: TestHub;
let client: HubClient;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  const made = [
    { id: 'a', groups: ['paris/hall-1'], labels: { floor: '1' } },
    { id: 'b', groups: ['paris'], labels: { floor: '2' } },
    { id: 'c', groups: ['lyon'], labels: { floor: '1' } },
  ].map((device) => ({ ...device, credential: { kind: 'token' as const } }));
  const { results } = await client.deviceBatches.provision({ mode: 'create', createGroups: true, devices: made });
  await client.groups.create({ path: 'ground', selector: 'floor=1' });
  for (const { id, credential } of results) await apiOf(hub.url, credential?.secret ?? '')('POST', `/devices/${id}/report`, { power: 1 });
});
afterAll(async () => {
  client?.close();
  await hub?.stop();
});
const muster = (...args: string[]) => runMuster(args, { env: hub.env, timeoutMs: 30_000 });
const devicesIn = (csv: string): string[] => {
  const [header = '', ...rows] = csv.split('\n').filter((line) => line !== '');
  const at = header.split(',').indexOf('device');
  return [...new Set(rows.map((row) => row.split(',')[at] ?? ''))].sort();
};

describe('points, exports and the live stream', () => {
  it('are those of the devices in a group or below it, and of what a selector means', { timeout: 60_000 }, async () => {
    const latest = async (...flags: string[]) => devicesIn((await muster('latest', '--output', 'csv', ...flags)).stdout);
    expect(await latest('--group', 'paris')).toEqual(['a', 'b']);
    expect(await latest('--group', 'paris/hall-1', '--group', 'lyon')).toEqual(['a', 'c']);
    // A group by its selector, and both at once.
    expect(await latest('--group', 'ground')).toEqual(['a', 'c']);
    expect(await latest('--group', 'paris', '--selector', 'floor=1')).toEqual(['a']);
    expect(await latest('--group', 'nowhere')).toEqual([]);
    expect((await muster('latest', '--selector', 'a=b=,')).code).not.toBe(0);
    const exported = await muster('export', '--group', 'paris', '--format', 'csv');
    expect(devicesIn(exported.stdout), exported.stderr).toEqual(['a', 'b']);
    const { body } = await apiOf(hub.url, hub.token)('GET', '/samples/count?selector=group%3Dparis');
    expect(body).toMatchObject({ count: 2, series: 2 });
    const tail = await muster('tail', '--group', 'paris', '--since', '-1h', '--duration', '1s', '--output', 'csv');
    expect(tail.stdout, tail.stderr).toMatch(/(^|,)b,/m);
    expect(tail.stdout).not.toMatch(/(^|,)c,/m);
  });

  it('follow a device that comes into the group', { timeout: 60_000 }, async () => {
    const { credential } = (await client.deviceBatches.provision({ mode: 'create', devices: [{ id: 'd', credential: { kind: 'token' } }] })).results[0] ?? {};
    const watching = muster('tail', '--group', 'paris', '--count', '1', '--duration', '20s', '--output', 'ndjson');
    await client.devices.update('d', { groups: ['paris'] });
    let seen = false;
    const watched = watching.then((ended) => {
      seen = true;
      return ended;
    });
    const report = apiOf(hub.url, credential?.secret ?? '');
    for (let value = 0; !seen && value < 200; value += 1) {
      await report('POST', '/devices/d/report', { power: value });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await watched).stdout).toContain('"d"');
  });
});
