import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeServer, json } from '../helpers/fake-server.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { startMuster } from '../helpers/muster-process.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { weatherCsv } from '../helpers/weather.ts';

describe('muster import', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
  });
  afterAll(async () => {
    await hub.stop();
  });
  const muster = (args: readonly string[], input?: string) => runMuster(args, { env: hub.env, ...(input === undefined ? {} : { input }) });

  test('a dry run shows what would happen, and changes nothing', async () => {
    const { code, stdout } = await muster(['import', '-', '--device', 'dry', '--create', '--dry-run', '--json'], weatherCsv());
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      mapping: { date: 'time', temperature: 'point temperature' },
      rows: 43,
      accepted: 0,
      created: ['dry'],
      from: Date.UTC(2026, 9, 5),
      firstValues: [{ line: 2, point: 'pressure', value: 1016 }, {}, {}, {}, {}],
    });
    expect((await muster(['latest', 'dry'])).code).toBe(3);
  });

  test('a dry run needs no hub, and says what it did not check', async () => {
    const empty = { ...process.env, MUSTER_CONFIG_DIR: temporaryFolder(), MUSTER_URL: '', MUSTER_TOKEN: '' };
    const { code, stderr } = await runMuster(['import', '-', '--device', 'd', '--dry-run'], { env: empty, input: weatherCsv() });
    expect([code, stderr]).toEqual([0, expect.stringContaining('not checked')]);
  });

  test('columns get other names, a device column names the device, and the zone is heeded', async () => {
    const csv = 'when;unit;t\n2026-10-05 12:00;m1;20.5\n2026-10-05 12:00;m2;21\n';
    const args = ['import', '-', '--device-column', 'unit', '--time-column', 'when', '--map', 't=air/temperature', '--timezone', 'Europe/Paris', '--create'];
    expect(await muster(args, csv)).toMatchObject({ code: 0 });
    const { stdout } = await muster(['latest', 'm1', 'm2', '--output', 'ndjson', '--columns', 'device,point,value,time']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { device: 'm1', point: 'air/temperature', value: 20.5, time: Date.UTC(2026, 9, 5, 10) },
      { device: 'm2', point: 'air/temperature', value: 21, time: Date.UTC(2026, 9, 5, 10) },
    ]);
  });

  test('a row per value, and values that the hub and we refuse: the rest is stored, each failure has its row', async () => {
    const results = join(temporaryFolder(), 'failed.csv');
    const csv = ['time,point,value', '1790000000,a,1', '1790000001,a,x', '5,a,2', 'soon,a,3', '1790000004,a,4', '1790000005,bad point,5'].join('\n');
    const { code, stdout, stderr } = await muster(['import', '-', '--device', 'partly', '--create', '--results', results, '--json'], csv);
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ layout: 'long', rows: 6, accepted: 2, rejected: 4 });
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'partly_failed' } });
    const failed = readFileSync(results, 'utf8').trim().split('\n').slice(1);
    expect(failed.map((line) => line.split(',')[0]).sort()).toEqual(['3', '4', '5', '7']);
  });

  test.each([
    ['Parquet', Buffer.from('PAR1\u0015\u0004L\u0015"\n\0', 'latin1'), /all\.bin is Parquet; .* reads CSV and NDJSON\.\n.*NDJSON or CSV/],
    ['gzip', gzipSync('time,a\n1790000000,1\n'), /compressed with gzip.*\n.*gunzip/],
    ['UTF-16', Buffer.from('\ufefftime,a\n1790000000,1\n', 'utf16le'), /text in UTF-16.*\n.*UTF-8/],
    ['bytes of no known kind', Buffer.from([1, 2, 0, 3, 10]), /no text/],
    ['nothing', Buffer.alloc(0), /file is empty/],
  ])('%s in place of text is refused in one sentence', async (_, bytes, sentence) => {
    const file = join(temporaryFolder(), 'all.bin');
    writeFileSync(file, bytes);
    const { code, stdout, stderr } = await muster(['import', file, '--device', 'binary', '--create']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    // None of the file's bytes reach the terminal.
    expect(stderr).not.toMatch(/[^\n\x20-\x7e]/);
  });

  test('nothing accepted is a failure', async () => {
    expect(await muster(['import', '-', '--device', 'old', '--create'], 'time,a\n5,1\n')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(rejected)'),
    });
  });

  test.each([[], ['--dry-run']])('values with the time of another in the file are counted, and the last one is kept %s', async (...flags) => {
    const csv = 'time,a,b\n1790000000,1,1\n1790000001,2,2\n1790000000,3,\n1790000000,4,4\n';
    const { code, stdout } = await muster(['import', '-', '--device', 'repeating', '--create', '--json', ...flags], csv);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ values: 7, repeated: 3, accepted: flags.length === 0 ? 7 : 0 });
    if (flags.length > 0) return;
    const query = await muster(['query', 'repeating', 'a', '--from', '2026-09-01', '--output', 'csv', '--columns', 'value']);
    expect(query.stdout).toBe('value\n4\n2\n');
  });

  test('a repeated import changes nothing', async () => {
    for (const _ of [1, 2]) expect(await muster(['import', '-', '--device', 'twice', '--create'], weatherCsv())).toMatchObject({ code: 0 });
    const { stdout } = await muster(['query', 'twice', 'pressure', '--from', '2026-10-01', '--aggregate', 'count', '--output', 'csv', '--columns', 'value']);
    expect(stdout).toBe('value\n43\n');
  });

  test.each([
    [['import', '/nonexistent.csv', '--device', 'd'], 3],
    [['import', '-', '--device', 'nobody'], 3],
    [['import', '-'], 2],
    [['import', '-', '--device', 'd', '--map', 'x'], 2],
    [['import', '-', '--device', 'd', '--sort', 'x'], 2],
  ])('%j ends with %i', async (args, code) => {
    expect((await muster(args, weatherCsv())).code).toBe(code);
  });

  test('rows of devices that do not exist fail one by one, the others go on', async () => {
    await muster(['device', 'create', 'there']);
    const { code, stdout } = await muster(['import', '-', '--json'], 'time,device,a\n1790000000,there,1\n1790000000,gone,1\n');
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 1, reasons: { unknown_device: 1 } });
  });

  test('Ctrl-C says how far it came', async () => {
    // A hub that takes the first report and leaves the second without an answer.
    let reports = 0;
    const server = await fakeServer((request, response) => {
      if (request.url?.includes('/report')) {
        reports += 1;
        if (reports === 1) json(response, 202, { accepted: 100, rejected: [], rejectedCount: 0, time: 0 });
      } else json(response, 200, request.url?.includes('/points') ? { items: [], cursor: null } : { id: 'd' });
    });
    const file = join(temporaryFolder(), 'a.csv');
    writeFileSync(file, `time,a\n${Array.from({ length: 1000 }, (_, index) => `${1_790_000_000 + index},1\n`).join('')}`);
    const { child, ended, stderr } = startMuster(['import', file, '--device', 'd', '--batch', '100'], { ...hub.env, MUSTER_URL: server.url });
    await waitUntil(() => reports === 2, 'the second report is under way', 10_000);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr()).toContain('100 values are stored: everything before line 102');
    expect(stderr()).not.toContain(' at ');
  });

  test('a hub that is busy for a moment is asked again', async () => {
    let reports = 0;
    const server = await fakeServer((request, response) => {
      if (request.url?.includes('/report')) {
        reports += 1;
        if (reports === 1)
          json(
            response,
            503,
            { code: 'overloaded', detail: 'the commit queue is full', title: '', status: 503, type: '', hint: '' },
            'application/problem+json',
          );
        else json(response, 202, { accepted: 1, rejected: [], rejectedCount: 0, time: 0 });
      } else json(response, 200, request.url?.includes('/points') ? { items: [], cursor: null } : { id: 'd' });
    });
    const { code, stderr } = await runMuster(['import', '-', '--device', 'd'], {
      env: { ...hub.env, MUSTER_URL: server.url },
      input: 'time,a\n1790000000,1\n',
    });
    expect([code, reports]).toEqual([0, 2]);
    expect(stderr).toContain('Trying again');
  });
});
