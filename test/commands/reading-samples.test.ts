import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cuttingProxy } from '../helpers/cutting-proxy.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { startMuster } from '../helpers/muster-process.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { weatherCsv } from '../helpers/weather.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
  expect(await runMuster(['import', '-', '--device', 'station', '--create'], { env: hub.env, input: weatherCsv() })).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await hub.stop();
});
const muster = (...args: string[]) => runMuster(args, { env: hub.env });
const report = async (device: string, values: object): Promise<void> => {
  const answer = await fetch(`${hub.url}/api/v1/devices/${device}/report`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(values),
  });
  expect(answer.status).toBe(202);
};
const lines = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

describe('muster query', () => {
  const day = ['--from', '2026-10-05', '--to', '2026-10-06'];

  test('gives raw samples by time, from the beginning on and without the end', async () => {
    const { stdout } = await muster('query', 'station', 'temperature', '--from', '2026-10-05T01:00', '--to', '2026-10-05T03:00', '--output', 'ndjson');
    expect(lines(stdout)).toEqual([
      { device: 'station', point: 'temperature', time: Date.UTC(2026, 9, 5, 1), value: 11.24, quality: 'good', late: true },
      { device: 'station', point: 'temperature', time: Date.UTC(2026, 9, 5, 2), value: 12.4, quality: 'good', late: true },
    ]);
  });

  test('shows times in a zone, reads them in it, and goes backwards', async () => {
    const args = [
      'query',
      'station',
      'pressure',
      '--from',
      '2026-10-05',
      '--to',
      '2026-10-05T05:00',
      '--timezone',
      'Europe/Berlin',
      '--descending',
      '--output',
      'csv',
      '--columns',
      'time,value',
    ];
    expect((await muster(...args)).stdout).toBe(
      'time,value\n2026-10-05T04:00:00.000+02:00,1015.8\n2026-10-05T03:00:00.000+02:00,1015.9\n2026-10-05T02:00:00.000+02:00,1016\n',
    );
  });

  test('says what it cut, and gives all with --all', async () => {
    const cut = await muster('query', 'station', 'press*', ...day, '--limit', '3', '--output', 'ndjson');
    expect([lines(cut.stdout).length, cut.stderr]).toEqual([3, expect.stringContaining('--all')]);
    const all = await muster('query', 'station', 'press*', ...day, '--all', '--output', 'ndjson');
    expect([lines(all.stdout).length, all.stderr]).toEqual([20, '']);
  });

  test('gives buckets, one value for the range, and several points', async () => {
    const buckets = await muster(
      'query',
      'station',
      'pressure',
      ...day,
      '--every',
      '12h',
      '--aggregate',
      'max',
      '--output',
      'csv',
      '--columns',
      'time,value,count',
    );
    expect(buckets.stdout).toBe('time,value,count\n2026-10-05T00:00:00.000Z,1016,12\n2026-10-05T12:00:00.000Z,1014.8,8\n');
    const one = await muster('query', 'station', 'pressure', 'temperature', ...day, '--aggregate', 'count', '--output', 'csv', '--columns', 'point,value');
    expect(one.stdout).toBe('point,value\npressure,20\ntemperature,20\n');
  });

  test('gives samples that stand for all, as many as asked for', async () => {
    const valuesOf = async (...args: string[]) =>
      (lines((await muster('query', 'station', 'pressure', ...day, ...args, '--output', 'ndjson')).stdout) as { value: number }[]).map(({ value }) => value);
    const values = await valuesOf('--all');
    expect((await valuesOf('--points', '3')).toSorted((a, b) => a - b)).toEqual([Math.min(...values), Math.max(...values)]);
    const lttb = await muster('query', 'station', 'pressure', 'temperature', ...day, '--points', '5', '--method', 'lttb', '--output', 'ndjson');
    expect(lines(lttb.stdout)).toHaveLength(10);
  });

  test('says where the newest sample is when the range holds none', async () => {
    const { code, stderr } = await muster('query', 'station', 'temperature');
    expect([code, stderr]).toEqual([0, expect.stringContaining('The newest is temperature at 2026-10-06T23:00:00.000Z')]);
  });

  test.each([
    [['query', 'station', 'nothing'], 3],
    [['query', 'nobody', 'temperature'], 3],
    [['query', 'station', 'temperature', '--from', 'soon'], 2],
    [['query', 'station', 'temperature', '--from', 'now', '--to', '-1h'], 2],
    [['query', 'station', 'temperature', '--every', '5'], 2],
    [['query', 'station', 'temperature', '--points', '2'], 2],
    [['query', 'station', 'temperature', '--points', '5', '--every', '1h'], 2],
    [['query', 'station', 'temperature', '--method', 'lttb'], 2],
    [['query', 'station'], 2],
  ])('%j ends with %i', async (args, code) => {
    expect((await muster(...args)).code).toBe(code);
  });
});

describe('muster latest', () => {
  test('gives the newest value of each point with its age', async () => {
    const { stdout } = await muster('latest', 'station', '--point', 'p*', '--output', 'ndjson', '--columns', 'point,value,age');
    const [row] = lines(stdout) as [{ point: string; value: number; age: number }];
    expect(row).toMatchObject({ point: 'pressure', value: 1011.3 });
    expect(Math.abs(row.age - (Date.now() - Date.UTC(2026, 9, 6, 23)))).toBeLessThan(60_000);
  });

  test('says when nothing matches, and when there is no such device', async () => {
    expect(await muster('latest', '--point', 'zz*')).toMatchObject({ code: 0, stderr: expect.stringContaining('No point matches') });
    expect((await muster('latest', 'nobody')).code).toBe(3);
  });
});

describe('muster trend', () => {
  const range = ['--from', '2026-10-05', '--to', '2026-10-07'];

  test('draws in a pipe, without colour, no wider than asked, with the pause left open', async () => {
    const { code, stdout } = await muster('trend', 'station', 'temperature', ...range, '--width', '40', '--height', '4', '--every', '1h');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    const drawn = stdout.trimEnd().split('\n');
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(stdout).toMatch(/min 5\.\d+ {2}avg [\d.]+ {2}max 15\.\d+/);
    const plot = drawn.slice(0, 4).map((line) => line.slice(line.search(/[│┤]/) + 1).padEnd(34, '\u2800'));
    // From 20:00 to 25:00 of 48 hours there is nothing.
    for (const line of plot) expect(line.slice(15, 17)).toBe('\u2800\u2800');
    expect(plot.some((line) => /[\u2801-\u28ff]/.test(line.slice(0, 14)))).toBe(true);
    expect(plot.some((line) => /[\u2801-\u28ff]/.test(line.slice(19)))).toBe(true);
  });

  test('gives buckets and statistics to machines', async () => {
    const { stdout } = await muster('trend', 'station', 'pressure', 'wind', ...range, '--every', '1d', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      device: 'station',
      everyMs: 86_400_000,
      points: [
        {
          point: 'pressure',
          statistics: { min: 1011.3, max: 1016, count: 43 },
          buckets: [{ time: Date.UTC(2026, 9, 5), max: 1016, count: 20 }, { count: 23 }],
        },
        { point: 'wind', statistics: { count: 29 } },
      ],
    });
  });

  test('refuses text, and says where the newest sample is when there is nothing to draw', async () => {
    await report('station', { note: 'hello' });
    expect(await muster('trend', 'station', 'note')).toMatchObject({ code: 2, stderr: expect.stringContaining('string') });
    expect(await muster('trend', 'station', 'wind')).toMatchObject({ code: 0, stderr: expect.stringContaining('The newest is wind') });
    expect((await muster('trend', 'station', 'nothing')).code).toBe(3);
  });

  test('--follow adds a line for each complete bucket in a pipe, and ends with Ctrl-C', async () => {
    await report('station', { live: 1 });
    const { child, ended } = startMuster(['trend', 'station', 'live', '--from', '-10s', '--every', '500ms', '--follow'], hub.env);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await waitUntil(() => text.includes('live  min'), 'the first picture', 10_000);
    await report('station', { live: 42 });
    await waitUntil(() => /Z {2}live {2}min [\d.]+ {2}avg [\d.]+ {2}max 42 {2}\d samples?\n/.test(text), 'a line for the new bucket', 10_000);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });
});

describe('muster tail', () => {
  /** Reports until the command has seen enough: its stream opens at a time that nobody else knows. */
  async function reportUntil(device: string, done: () => boolean, first = 0): Promise<number> {
    let value = first;
    const deadline = Date.now() + 15_000;
    while (!done()) {
      if (Date.now() > deadline) throw new Error('the command saw nothing');
      await report(device, { live: value });
      value += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return value;
  }

  function watch(args: readonly string[], env: NodeJS.ProcessEnv = hub.env) {
    const process = startMuster(['tail', ...args], env);
    let text = '';
    process.child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    return { ...process, text: () => text };
  }

  test('ends after --count samples', async () => {
    const tail = watch(['station', '--point', 'live', '--count', '2', '--output', 'ndjson']);
    await reportUntil('station', () => tail.child.exitCode !== null);
    expect(await tail.ended).toBe(0);
    const values = (lines(tail.text()) as { value: number }[]).map(({ value }) => value);
    expect(values).toHaveLength(2);
    expect((values[1] ?? 0) - (values[0] ?? 0)).toBe(1);
  });

  test('ends after --duration, with nothing seen', async () => {
    const { code, stdout, stderr } = await muster('tail', 'station', '--point', 'none', '--duration', '300ms', '--output', 'ndjson');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^No point matches yet/);
  });

  test('reads what is stored of many devices without a word on stderr', async () => {
    const devices = Array.from({ length: 15 }, (_, index) => `many-${index}`);
    const csv = ['time,device,live', ...devices.map((device) => `${Math.floor(Date.now() / 1000)},${device},1`)].join('\n');
    expect(await runMuster(['import', '-', '--create'], { env: hub.env, input: csv })).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await muster('tail', ...devices, '--since', '-1h', '--count', '15', '--output', 'ndjson');
    expect({ code, stderr, devices: new Set((lines(stdout) as { device: string }[]).map(({ device }) => device)) }).toEqual({
      code: 0,
      stderr: '',
      devices: new Set(devices),
    });
  });

  test('shows stored samples first, then live ones, without a hole or a double at the seam', async () => {
    await muster('device', 'create', 'seam');
    for (let value = 0; value < 20; value += 1) await report('seam', { live: value });
    const tail = watch(['seam', '--since', '-1h', '--output', 'ndjson']);
    const next = await reportUntil('seam', () => tail.text().split('\n').length > 60, 20);
    await waitUntil(() => tail.text().split('\n').length > next, 'the last one is shown', 10_000);
    tail.child.kill('SIGINT');
    expect(await tail.ended).toBe(130);
    expect((lines(tail.text()) as { value: number }[]).map(({ value }) => value)).toEqual(Array.from({ length: next }, (_, value) => value));
  });

  test('tells a lost hub, connects again and fills what was stored meanwhile', async () => {
    await muster('device', 'create', 'away');
    const proxy = await cuttingProxy(hub.url);
    const tail = watch(['away', '--output', 'ndjson'], { ...hub.env, MUSTER_URL: proxy.url });
    const first = await reportUntil('away', () => tail.text() !== '');
    proxy.close();
    await waitUntil(() => tail.stderr().includes('connection was lost'), 'the loss is told', 10_000);
    for (let value = first; value < first + 10; value += 1) await report('away', { live: value });
    proxy.open();
    await waitUntil(() => tail.text().includes(`"value":${first + 9}`), 'what was missed is shown', 20_000);
    expect(tail.stderr()).toContain('Connected again');
    await report('away', { live: 'end' }).catch(() => undefined);
    tail.child.kill('SIGINT');
    expect(await tail.ended).toBe(130);
    const values = (lines(tail.text()) as { value: number }[]).map(({ value }) => value);
    const start = values[0] ?? 0;
    expect(values).toEqual(Array.from({ length: first + 10 - start }, (_, index) => start + index));
  });

  test('stdout that is closed early ends it quietly', async () => {
    const tail = startMuster(['tail', 'station', '--point', 'temperature', '--since', '2026-10-01'], hub.env);
    tail.child.stdout.once('data', () => tail.child.stdout.destroy());
    // That nobody reads any more shows at the next sample.
    await waitUntil(() => tail.child.stdout.destroyed, 'the reader has enough', 10_000);
    while (tail.child.exitCode === null) await report('station', { temperature: 1 });
    expect(await tail.ended).toBe(0);
    expect(tail.stderr()).toBe('');
  });

  test.each([
    [['tail', 'nobody'], 3],
    [['tail', '--sort', 'time'], 2],
    [['tail', '--output', 'yaml'], 2],
    [['tail', '--since', 'soon'], 2],
    [['tail', '--url', 'http://127.0.0.1:1'], 6],
  ])('%j ends with %i', async (args, code) => {
    expect((await muster(...args)).code).toBe(code);
  });
});
