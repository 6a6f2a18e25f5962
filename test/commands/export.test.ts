import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cuttingProxy } from '../helpers/cutting-proxy.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { startMuster } from '../helpers/muster-process.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('muster export', () => {
  let hub: TestHub;
  const rows = 30_000;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    let csv = 'time,a,b,note\n';
    for (let index = 0; index < rows; index += 1) csv += `${1_790_000_000 + index},${index / 8},${index % 7 === 0 ? '' : -index},"row ${index}, ""quoted"""\n`;
    const { code, stderr } = await runMuster(['import', '-', '--device', 'd1', '--create'], { env: hub.env, input: csv });
    // Where it takes seconds it says how far it is.
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    await hub.stop();
  });

  test('writes a file that takes its name when it is whole, and replaces none without --force', async () => {
    const cwd = temporaryFolder();
    const first = await runMuster(['export', '--file', 'a.csv', '--json'], { env: hub.env, cwd });
    expect(first.code).toBe(0);
    const lines = readFileSync(join(cwd, 'a.csv'), 'utf8').trimEnd().split('\n');
    expect(JSON.parse(first.stdout)).toMatchObject({ rows: lines.length - 1, resumed: false, format: 'csv' });
    expect(existsSync(join(cwd, 'a.csv.part'))).toBe(false);
    expect(existsSync(join(cwd, 'a.csv.part.json'))).toBe(false);
    expect(await runMuster(['export', '--file', 'a.csv'], { env: hub.env, cwd })).toMatchObject({ code: 5, stderr: expect.stringContaining('conflict') });
    expect(await runMuster(['export', '--file', 'a.csv', '--point', 'b', '--force'], { env: hub.env, cwd })).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, 'a.csv'), 'utf8')).not.toContain(',a,');
  });

  test('writes Parquet to a file or a pipe', async () => {
    const cwd = temporaryFolder();
    expect(await runMuster(['export', '--file', 'a.parquet'], { env: hub.env, cwd })).toMatchObject({ code: 0 });
    const bytes = readFileSync(join(cwd, 'a.parquet'));
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  });

  test('gives times in a zone, or as ms', async () => {
    const args = ['export', 'd1', '--point', 'a', '--to', '1790000001'];
    expect((await runMuster([...args, '--timezone', 'Asia/Kolkata'], { env: hub.env })).stdout).toContain('\n2026-09-21T19:43:20.000+05:30,d1,a,0,');
    expect((await runMuster([...args, '--time', 'epoch'], { env: hub.env })).stdout).toContain('\n1790000000000,d1,a,0,');
  });

  test.each([
    ['csv', 'long'],
    ['csv', 'wide'],
    ['ndjson', 'long'],
    ['json', 'wide'],
  ])('an interrupted %s file (%s) is noticed, kept, and continued to the same bytes', async (format, layout) => {
    const cwd = temporaryFolder();
    const proxy = await cuttingProxy(hub.url);
    const env = { ...hub.env, MUSTER_URL: proxy.url };
    const options = ['--layout', layout, '--to', '2026-12-31', '--file', `whole.${format}`];
    expect(await runMuster(['export', ...options], { env, cwd })).toMatchObject({ code: 0 });
    const whole = readFileSync(join(cwd, `whole.${format}`));

    options[5] = `cut.${format}`;
    proxy.cutAfter(600_000);
    const cut = await runMuster(['export', ...options], { env, cwd });
    expect(cut).toMatchObject({ code: 6, stderr: expect.stringContaining(`muster export --file cut.${format} --resume`) });
    expect(existsSync(join(cwd, `cut.${format}`))).toBe(false);
    const part = readFileSync(join(cwd, `cut.${format}.part`));
    expect(part.length).toBeGreaterThan(100_000);
    expect(part.length).toBeLessThan(whole.length);

    expect(await runMuster(['export', ...options], { env, cwd })).toMatchObject({ code: 5, stderr: expect.stringContaining('--resume') });
    const other = await runMuster(['export', ...options, '--resume', '--time', 'epoch'], { env, cwd });
    expect(other).toMatchObject({ code: 5, stderr: expect.stringContaining('another time') });

    expect(await runMuster(['export', '--file', `cut.${format}`, '--resume'], { env, cwd })).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, `cut.${format}`)).equals(whole)).toBe(true);
    expect(existsSync(join(cwd, `cut.${format}.part`))).toBe(false);
    expect(existsSync(join(cwd, `cut.${format}.part.json`))).toBe(false);
  });

  test('a cut answer on stdout is an error too', async () => {
    const proxy = await cuttingProxy(hub.url);
    proxy.cutAfter(300_000);
    expect(await runMuster(['export', '--format', 'ndjson'], { env: { ...hub.env, MUSTER_URL: proxy.url } })).toMatchObject({ code: 6 });
  });

  test('--resume of a whole file is a conflict, and of none begins anew', async () => {
    const cwd = temporaryFolder();
    expect(await runMuster(['export', '--point', 'a', '--file', 'x.csv', '--resume'], { env: hub.env, cwd })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('anew'),
    });
    expect(await runMuster(['export', '--point', 'a', '--file', 'x.csv', '--resume'], { env: hub.env, cwd })).toMatchObject({ code: 5 });
  });

  test('a note that is broken is told, not guessed', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'x.csv.part'), 'time,device\n');
    writeFileSync(join(cwd, 'x.csv.part.json'), '{');
    expect(await runMuster(['export', '--file', 'x.csv', '--resume'], { env: hub.env, cwd })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('--force'),
    });
  });

  test('stdout that is closed early ends it quietly', async () => {
    const { child, ended, stderr } = startMuster(['export'], hub.env);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await ended).toBe(0);
    expect(stderr()).toBe('');
  });

  test('Ctrl-C keeps what is whole and says how to go on', async () => {
    const cwd = temporaryFolder();
    const file = join(cwd, 'x.csv');
    // A link that stops in the middle of the answer, so that there is time to interrupt.
    const { fakeServer } = await import('../helpers/fake-server.ts');
    const server = await fakeServer(
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'text/csv' }).write('time,device,point,value,quality,late\n1970-01-01T00:00:00.000Z,d,p,1,good,true\n'),
    );
    const { child, ended, stderr } = startMuster(['export', '--file', file], { ...hub.env, MUSTER_URL: server.url });
    await waitUntil(() => existsSync(`${file}.part`) && readFileSync(`${file}.part`, 'utf8').includes(',p,'), 'the first bytes are in the file', 10_000);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr()).toContain(`muster export --file ${file} --resume`);
    expect(stderr()).not.toContain(' at ');
    expect(existsSync(file)).toBe(false);
  });

  test.each([
    [['export', '--columns', 'time'], 2],
    [['export', '--json'], 2],
    [['export', '--resume'], 2],
    [['export', 'nobody'], 3],
    [['export', '--timezone', 'Mars/Olympus'], 2],
    [['export', '--from', 'now', '--to', '-1h'], 2],
  ])('%j ends with %i', async (args, code) => {
    expect((await runMuster(args, { env: hub.env })).code).toBe(code);
  });
});
