import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fakeServer, json } from '../helpers/fake-server.ts';
import { startMuster } from '../helpers/muster-process.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
  const { MUSTER_URL: _, MUSTER_TOKEN: __, MUSTER_PROJECT: ___, ...inherited } = process.env;
  return { ...inherited, MUSTER_CONFIG_DIR: temporaryFolder(), ...more };
};

describe('help', () => {
  test.each([[['--help']], [['device']], [['device', '--help']], [['device', 'list', '--help']], [['help', 'device', 'list']], [['--version']], [[]]])(
    'muster %j ends well',
    async (args) => {
      const { code, stdout, stderr } = await runMuster(args, { env: env() });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be no colour in a pipe.
      expect(stdout).not.toMatch(/\x1b/);
      expect(stdout).toMatch(/^muster\/\d|USAGE/m);
    },
  );
});

describe('wrong usage is exit code 2, with a hint', () => {
  test.each([
    [['devcie', 'list'], 'muster device list'],
    [['device', 'frob'], 'muster device --help'],
    [['device', 'list', '--jsno'], '--json'],
    [['device', 'list', '--limit', 'many'], 'muster device list --help'],
    [['device', 'list', '--kind', 'toaster'], 'gateway'],
    [['device', 'show'], 'device'],
    [['device', 'list', '--columns', 'size'], 'id, name'],
    [['whoami', '--timeout', '5'], '90s'],
  ])('%j', async (args, expected) => {
    const fake = await fakeServer((_request, response) => json(response, 200, { items: [], cursor: null }));
    const at = env({ MUSTER_URL: fake.url, MUSTER_TOKEN: 'mst_a_b' });
    const plain = await runMuster(args, { env: at });
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 2, stdout: '' });
    expect(plain.stderr).toContain(expected);
    expect(plain.stderr).toMatch(/^Error: .+\n {2}.+\n {2}\(usage\)\n$/);
    const machine = await runMuster([...args, '--json'], { env: at });
    expect({ code: machine.code, stdout: machine.stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(machine.stderr)).toMatchObject({ error: { code: 'usage', message: expect.any(String), hint: expect.any(String) } });
  });
});

test('no hub chosen is exit code 4, no hub there is exit code 6, without a stack', async () => {
  const none = await runMuster(['device', 'list'], { env: env() });
  expect(none).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('(no_context)') });
  const gone = await runMuster(['device', 'list', '-o', 'ndjson'], { env: env({ MUSTER_URL: 'http://127.0.0.1:1', MUSTER_TOKEN: 'mst_a_b' }) });
  expect(gone.code).toBe(6);
  expect(JSON.parse(gone.stderr).error).toMatchObject({ code: 'unreachable', details: { reason: 'ECONNREFUSED' } });
  expect(gone.stderr).not.toContain('    at ');
});

test('--verbose shows where an error comes from', async () => {
  const { stderr } = await runMuster(['whoami', '--verbose'], { env: env({ MUSTER_URL: 'http://127.0.0.1:1' }) });
  expect(stderr).toContain('    at ');
  expect(stderr).toContain('Caused by:');
});

test('a hub that is silent is given up after --timeout', async () => {
  const fake = await fakeServer(() => undefined);
  const { code, stderr } = await runMuster(['whoami', '--timeout', '200ms'], { env: env({ MUSTER_URL: fake.url }) });
  expect(code).toBe(6);
  expect(stderr).toContain('(timed_out)');
});

describe.skipIf(process.platform === 'win32')('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a waiting command with 130', async (signal) => {
    const fake = await fakeServer(() => child.kill(signal));
    const { child, ended, stderr } = startMuster(['whoami'], env({ MUSTER_URL: fake.url }));
    expect(await ended).toBe(130);
    expect(stderr()).toBe('Interrupted.\n');
  });

  test('a reader that leaves early is no failure', async () => {
    // A list without end.
    const items = Array.from({ length: 1000 }, (_, index) => ({ id: `device-${index}`, labels: {}, aliases: {}, status: {}, counters: {} }));
    let page = 0;
    const fake = await fakeServer((_request, response) => json(response, 200, { items, cursor: String(page++) }));
    const { child, ended, stderr } = startMuster(['device', 'list', '--all', '-o', 'ndjson'], env({ MUSTER_URL: fake.url }));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await ended).toBe(0);
    expect(stderr()).toBe('');
  });
});

test('a list that was cut says so, and --all fetches the rest', async () => {
  const items = Array.from({ length: 150 }, (_, index) => ({
    id: `user-${index}`,
    name: `user-${index}`,
    role: 'viewer',
    disabled: false,
    createdAt: index,
    updatedAt: index,
  }));
  const fake = await fakeServer((request, response) => {
    const limit = Number(new URL(request.url ?? '', 'http://hub').searchParams.get('limit'));
    json(response, 200, { items: items.slice(0, limit), cursor: null });
  });
  const at = env({ MUSTER_URL: fake.url });
  const cut = await runMuster(['user', 'list', '-o', 'ndjson'], { env: at });
  expect(cut.stdout.trim().split('\n')).toHaveLength(100);
  expect(cut.stderr).toContain('--all for the rest');
  const all = await runMuster(['user', 'list', '-o', 'ndjson', '--all'], { env: at });
  expect(all.stdout.trim().split('\n')).toHaveLength(150);
  expect(all.stderr).toBe('');
  // The greatest of all 150, not of the first 3.
  const sorted = await runMuster(['user', 'list', '--limit', '3', '--sort', '-created', '-o', 'csv', '--columns', 'name'], { env: at });
  expect(sorted.stdout).toBe('name\nuser-149\nuser-148\nuser-147\n');
});

test('a missing argument is not taken from stdin, where a loop keeps its input', async () => {
  const { code } = await runMuster(['device', 'show'], { env: env(), input: 'boiler-7\n' });
  expect(code).toBe(2);
});

test('a broken file of contexts is said as such', async () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/contexts.json`, '{');
  const { code, stderr } = await runMuster(['whoami', '--json'], { env: env({ MUSTER_CONFIG_DIR: folder }) });
  expect(code).toBe(2);
  expect(JSON.parse(stderr).error.details.file).toBe(`${folder}/contexts.json`);
});

test('the version is told by its usual names', async () => {
  const runs = await Promise.all(['--version', '-v', 'version'].map((word) => runMuster([word], { env: env() })));
  for (const { code, stdout } of runs) expect([code, stdout]).toEqual([0, expect.stringMatching(/^muster\/\d+\.\d+\.\d+/)]);
});

test('a flag before the command is told where it belongs', async () => {
  const { code, stderr } = await runMuster(['--context', 'x', 'device', 'list'], { env: env() });
  expect(code).toBe(2);
  expect(stderr).toContain('flags come after it');
});
