import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubClient, type HubClient } from '../../../src/lib/client/hub-client.ts';
import { readRecording } from '../../../src/lib/simulation/recording.ts';
import type { SimulationReport } from '../../../src/lib/simulation/report.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

let hub: TestHub;
let client: HubClient;

beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
});
afterAll(async () => {
  client.close();
  await hub.stop();
});

const replay = (...args: string[]) => runMuster(['simulate', 'replay', ...args], { env: hub.env });
const reportOf = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as SimulationReport;

async function storedOf(device: string, point: string): Promise<readonly (readonly [number, unknown])[]> {
  const stored: [number, unknown][] = [];
  for await (const { time, value } of client.samples(device, { point })) stored.push([time, value]);
  return stored;
}

async function recordedIn(file: string, point: string): Promise<readonly (readonly [number, unknown])[]> {
  const byTime = new Map<number, unknown>();
  for await (const { time, values } of readRecording(file, { time: null, points: null })) byTime.set(time, values[point]);
  return [...byTime].sort(([one], [other]) => one - other);
}

describe('muster simulate replay', () => {
  it('stores a recording value by value, the last one where a time is repeated', async () => {
    const file = 'test/fixtures/recordings/machine-step-back.csv';
    const run = await replay(file, '--device', 'machine', '--speed', '14400x', '--json');
    expect(run).toMatchObject({ code: 0 });
    expect(reportOf(run)).toMatchObject({ sent: 61, acknowledged: 61, stored: 49, repeated: 12, failed: 0 });
    const recorded = await recordedIn(file, 'value');
    expect(recorded).toHaveLength(49);
    expect(await storedOf('machine', 'value')).toEqual(recorded);
  });

  it('maps columns to points and shifts the times to end now', async () => {
    const before = Date.now();
    const run = await replay(
      'assets/recordings/weather-hourly.csv',
      '-d',
      'weather',
      '--map',
      'temperature=air/temperature',
      '--map',
      'wind=wind',
      '--times',
      'shifted',
      '--speed',
      '1800000x',
      '--json',
    );
    expect(run).toMatchObject({ code: 0 });
    expect(reportOf(run)).toMatchObject({ sent: 1010, acknowledged: 1010, stored: 1010 });
    const stored = await storedOf('weather', 'air/temperature');
    expect(stored).toHaveLength(505);
    const times = stored.map(([time]) => time);
    expect(times.at(-1)).toBeGreaterThan(before);
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBe(504 * 3_600_000);
    expect((await client.devices.show('weather')).points).toBe(2);
  });

  it('uses a device that is there, leaves it as it was and takes its own credential back', async () => {
    await client.devices.create({ id: 'mine', kind: 'device' });
    const file = join(temporaryFolder(), 'small.csv');
    writeFileSync(file, 'time,level\n2020-01-01T00:00:00Z,1\n2020-01-01T00:00:01Z,2\n2020-01-01T00:00:02Z,3\n');
    const run = await replay(file, '--device', 'mine', '--speed', '10x', '--clean-up', '--json');
    expect(run).toMatchObject({ code: 0 });
    expect(reportOf(run)).toMatchObject({ sent: 3, stored: 3, storedBefore: 0, removed: { devices: 0, credentials: 1, failed: [] } });
    expect((await client.devices.show('mine')).labels).toEqual({});
    for await (const credential of client.devices.credentials('mine')) expect.unreachable(`${credential.id} is left`);
    expect(reportOf(await replay(file, '--device', 'mine', '--speed', '10x', '--json'))).toMatchObject({ sent: 3, stored: 3, storedBefore: 3 });
  });

  it('ends after --duration, in the middle, and with --clean-up removes the device that it created', async () => {
    const run = await replay('assets/recordings/machine-temperature.csv', '--device', 'short', '--speed', '3000x', '--duration', '1s', '--clean-up', '--json');
    expect(run).toMatchObject({ code: 0 });
    const report = reportOf(run);
    expect(report.sent).toBe(11); // a row each 5 minutes, 10 in 1 s, and the first
    expect(report).toMatchObject({ stored: 11, removed: { devices: 1, types: 1 } });
    await expect(client.devices.show('short')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('plays in a loop with the time of sending', async () => {
    const file = join(temporaryFolder(), 'loop.csv');
    writeFileSync(file, 'time,level\n2020-01-01T00:00:00Z,1\n2020-01-01T00:00:01Z,2\n');
    const run = await replay(file, '--device', 'looped', '--speed', '20x', '--loop', '--times', 'now', '--duration', '1s', '--json');
    expect(run).toMatchObject({ code: 0 });
    const report = reportOf(run);
    expect(report.sent).toBeGreaterThan(10);
    expect(report.stored).toBe(report.sent);
  });

  it('ends with 7 and says where the reasons are when the hub does not take a value', async () => {
    const file = join(temporaryFolder(), 'mixed.csv');
    writeFileSync(file, 'time,level\n2020-01-01T00:00:00Z,1\n2020-01-01T00:00:01Z,broken\n');
    const run = await replay(file, '--device', 'mixed', '--speed', '10x');
    expect(run.code).toBe(7);
    expect(run.stderr).toContain('muster device rejects mixed');
  });

  it.each([
    ['a file that is not there', ['no-such.csv', '-d', 'x'], 3],
    ['a column that is not there', ['assets/recordings/weather-hourly.csv', '-d', 'x', '--map', 'rain=rain'], 2],
    ['two columns on one point', ['assets/recordings/weather-hourly.csv', '-d', 'x', '--map', 'wind=a', '--map', 'pressure=a'], 2],
    ['a speed that is none', ['assets/recordings/weather-hourly.csv', '-d', 'x', '--speed', 'fast'], 2],
    ['a loop that would overwrite itself', ['assets/recordings/weather-hourly.csv', '-d', 'x', '--loop'], 2],
    ['no device', ['assets/recordings/weather-hourly.csv'], 2],
  ])('refuses %s before anything is created', async (_, args, code) => {
    expect((await replay(...args)).code).toBe(code);
    await expect(client.devices.show('x')).rejects.toMatchObject({ code: 'not_found' });
  });
});
