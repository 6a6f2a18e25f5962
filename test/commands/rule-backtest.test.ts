import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const HOUR = 3_600_000;
const rule = (high: number) => ({ id: 'hot', scope: { points: 'temperature' }, when: { bands: [{ level: 'major', high }] } });

/** Each ten minutes a value, every third one is high; two devices, of which one is a little hotter. */
async function prepared() {
  const hub = await hubHere({ data: temporaryFolder() });
  const api = apiOf(hub.url, hub.token);
  const start = Math.floor(Date.now() / HOUR) * HOUR - 10 * HOUR;
  for (const [device, more] of [
    ['cool', 0],
    ['warm', 5],
  ] as const) {
    // biome-ignore format: pairs
    await api('POST', '/devices', { id: device });
    const report = Array.from({ length: 48 }, (_, index) => ({ ts: start + index * 600_000, values: { temperature: (index % 3 === 0 ? 82 : 70) + more } }));
    expect((await api('POST', `/devices/${device}/report`, report)).status).toBe(202);
  }
  await api('POST', '/rules', rule(80));
  const folder = temporaryFolder();
  const file = join(folder, 'strict.json');
  writeFileSync(file, JSON.stringify(rule(85)));
  const env = { ...process.env, MUSTER_URL: hub.url, MUSTER_TOKEN: hub.token, MUSTER_CONFIG_DIR: folder };
  return { hub, api, file, run: (...args: string[]) => runMuster(['rule', 'backtest', ...args, '--since', '12h'], { env }) };
}

describe('muster rule backtest', () => {
  it('prints a summary, a picture and the occurrences; and all of it as JSON', async () => {
    const { run } = await prepared();
    const shown = await run('hot');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^hot \(version 1\), .* 96 samples of 2 points/);
    expect(shown.stdout).toMatch(/alarms +32\n/);
    expect(shown.stdout).toMatch(/cool temperature │.*▆/);
    expect(shown.stdout).toMatch(/RAISED-AT .*LEVEL .*DEVICE/);
    const { rules } = JSON.parse((await run('hot', '--device', 'warm', '--json')).stdout);
    expect(rules).toMatchObject([
      { rule: 'hot', version: 1, subjects: 1, totals: { occurrences: 16, activeMs: 16 * 600_000, notifications: { raised: 16, cleared: 16 } } },
    ]);
  });

  it('draws the values of one point with the limits', async () => {
    const { run } = await prepared();
    const { stdout } = await run('hot', '--device', 'warm');
    expect(stdout).toMatch(/[⠁-⣿].*major\n/);
    expect(stdout).toMatch(/temperature {2}min 75\.\d/);
  });

  it('compares a rule with a file, and lists what differs', async () => {
    const { run, file } = await prepared();
    const { stdout } = await run('hot', '--against', file, '--no-chart', '--limit', '3');
    expect(stdout).toMatch(/alarms +32 +16 +-16\n/);
    expect(stdout).toMatch(/found by one only +16 +0/);
    expect(stdout).toMatch(/Where they differ:\n.*\n.* only a .* cool /);
    const rows = (await run('hot', '--against', file, '--output', 'ndjson')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(48);
  });

  it('is a check with --max', async () => {
    const { run } = await prepared();
    expect((await run('hot', '--max', '32', '--no-chart')).code).toBe(0);
    const failed = await run('hot', '--max', '31', '--no-chart');
    expect(failed).toMatchObject({ code: 99 });
    expect(failed.stderr).toContain('hot would have raised 32 alarms, more than 31');
  });

  it('says what is wrong', async () => {
    const { run, file, api, hub } = await prepared();
    expect(await run('nothing')).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no rule nothing') });
    expect(await run('hot', '--against', '9')).toMatchObject({ code: 3, stderr: expect.stringContaining('version 9') });
    expect(await run(file, '--version', '2')).toMatchObject({ code: 2 });
    writeFileSync(file, JSON.stringify({ ...rule(5), when: { bands: [] } }));
    expect(await run(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('when.bands') });
    const answers = async (body: object) => (await api('POST', '/rules/backtest', body)).status;
    expect(await answers({ rules: [], from: 0 })).toBe(400);
    expect(await answers({ rules: [{ rule: 'nothing' }], from: 0 })).toBe(404);
    expect(await answers({ rules: [{ rule: 'hot', document: rule(1) }], from: 0 })).toBe(400);
    expect(await answers({ rules: [{ document: rule(1) }], from: 4e12 })).toBe(400);
    expect((await apiOf(hub.url, null)('POST', '/rules/backtest', { rules: [{ rule: 'hot' }], from: 0 })).status).toBe(401);
  });
});
