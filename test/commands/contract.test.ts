import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { CONTRACT_ARGUMENTS, type ContractArguments } from '../helpers/contract-arguments.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { limited } from '../helpers/limited.ts';
import { runResident } from '../helpers/residents.ts';
import { runScript, type ScriptOptions } from '../helpers/run-script.ts';
import { repository } from '../helpers/source-graph.ts';

// What a script may rely on, for every command that there is. A new command needs a line in test/helpers/contract-arguments.ts.
// What a command does when it is used well runs in a process of its own, with stdin closed or open for ever, as a service, pipe or cron
// job has it; so does everything for SPAWNED. What else fails, fails in a process that has run others before: their start is ten times as long.

interface Flag {
  readonly hidden?: boolean;
  readonly required?: boolean;
}
interface Manifest {
  readonly commands: Readonly<
    Record<
      string,
      {
        readonly hidden?: boolean;
        readonly summary?: string;
        readonly examples?: readonly unknown[];
        readonly flags: Readonly<Record<string, Flag>>;
        readonly args: Readonly<Record<string, { readonly required?: boolean; readonly multiple?: boolean }>>;
      }
    >
  >;
}

const { commands } = JSON.parse(readFileSync(join(repository, 'oclif.manifest.json'), 'utf8')) as Manifest;
const ids = Object.keys(commands);
/** Those that drive a hub: they wait for its answer. */
const driving = ids.filter((id) => commands[id]?.flags.timeout !== undefined);

/** Those that change the hub, and ask it nothing before. */
const CHANGING = /create|update|delete|remove|revoke|credential|import|log/;

/** One that asks the hub, that changes it, that reads stdin, that prints as it goes, that asks nothing, and that stays. */
const SPAWNED = new Set(['device:list', 'device:create', 'login', 'export', 'completion', 'serve', 'doctor']);

const ERROR = /^Error: [^\n]+\n {2}[^\n]+\n {2}\(([a-z_]+)\)\n$/;
const STACK = /^\s+at /m;
// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none.
const ESCAPE = /\x1b/;

const inTurn = limited(2);
let folder: string;
let hub: TestHub;
let client: HubClient;
let silent: Server;
const accepted = new Set<Socket>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-contract-'));
  // Many wrong tokens come from here: without a lock, and with no wait that grows.
  hub = await startHub(['--set', 'access.failure-window-ms=1'], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  await client.devices.create({ id: 'boiler' });
  await client.report(
    'boiler',
    [1, 2, 3].map((minutes) => ({ ts: Date.now() - minutes * 60_000, values: { temperature: 70 + minutes } })),
  );
  writeFileSync(join(folder, 'fleet.yaml'), 'kind: group\npath: from-file\n');
  writeFileSync(join(folder, 'rule.yaml'), 'id: from-file\nscope: { points: nothing }\nwhen: { bands: [{ level: minor, high: 80 }] }\n');
  const authority = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Factory'];
  execFileSync('openssl', ['req', '-x509', ...authority], { cwd: folder, stdio: 'ignore' });
  writeFileSync(join(folder, 'recording.csv'), 'time,air\n2026-11-01T00:00:00Z,7.5\n2026-11-01T01:00:00Z,7.1\n');
  writeFileSync(join(folder, 'devices.csv'), 'id,name\nimported-1,First\nimported-2,Second\n');
  silent = createServer((socket) => {
    accepted.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  client?.close();
  for (const socket of accepted) socket.destroy();
  silent?.close();
  await hub?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An environment with a configuration directory of its own, in which the contexts are fresh. */
function freshEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { MUSTER_URL: _, MUSTER_TOKEN: __, MUSTER_PROJECT: ___, FORCE_COLOR: ____, ...inherited } = process.env;
  const config = mkdtempSync(join(folder, 'config-'));
  const context = { url: hub.url, token: hub.token, project: 'default', readOnly: false };
  writeFileSync(join(config, 'contexts.json'), JSON.stringify({ current: 'local', contexts: { local: context, spare: context } }), { mode: 0o600 });
  return { ...inherited, TERM: 'xterm-256color', MUSTER_CONFIG_DIR: config, XDG_DATA_HOME: config, ...more };
}

interface Circumstances extends Pick<ScriptOptions, 'stdin'> {
  readonly env?: NodeJS.ProcessEnv;
  /** In a process of its own, whatever the command. */
  readonly alone?: boolean;
}

async function run(id: string, args: readonly string[], { stdin, env: more, alone = SPAWNED.has(id) }: Circumstances) {
  const env = freshEnv(more);
  const words = [...id.split(':'), ...args];
  const ended = await inTurn(() => (alone ? runScript('MUSTER "$@"', words, { cwd: folder, stdin, env }) : resident(words, stdin, env)));
  const { stdout, stderr } = ended;
  expect(stdout, 'no stack on stdout').not.toMatch(STACK);
  expect(stderr, 'no stack on stderr').not.toMatch(STACK);
  expect(stdout, 'no colours or cursor movements on stdout').not.toMatch(ESCAPE);
  expect(stderr, 'no colours or cursor movements on stderr').not.toMatch(ESCAPE);
  return ended;
}

async function resident(words: readonly string[], stdin: ScriptOptions['stdin'], env: NodeJS.ProcessEnv) {
  const startedAt = performance.now();
  const input = typeof stdin === 'object' ? stdin.text : stdin === 'open' ? null : '';
  const ended = await runResident(words, { env, cwd: folder, input, timeoutMs: 20_000 });
  return { ...ended, ms: performance.now() - startedAt };
}

function entryOf(id: string): ContractArguments {
  const entry = CONTRACT_ARGUMENTS[id];
  if (entry === undefined)
    throw new Error(`\`muster ${id.replaceAll(':', ' ')}\` has no line in test/helpers/contract-arguments.ts: give it arguments it works with.`);
  return entry;
}

/** The error object of --json, the only thing on stderr but for lines that say how far the command came. */
function errorObject(stderr: string): { readonly code: string; readonly message: string; readonly hint: string } {
  const line = stderr.trimEnd().split('\n').at(-1) ?? '';
  const { error } = JSON.parse(line) as { error: { code: string; message: string; hint: string } };
  return error;
}

test('every command has arguments here, and nothing else has', () => {
  for (const id of ids) entryOf(id);
  expect(Object.keys(CONTRACT_ARGUMENTS).filter((id) => !ids.includes(id))).toEqual([]);
  expect(driving.length).toBeGreaterThan(25);
});

describe.concurrent('every command', { timeout: 120_000 }, () => {
  test.each(ids)('muster %s --help names its flags and shows an example, with stdin closed', async (id) => {
    const { code, stdout, stderr } = await run(id, ['--help'], { stdin: 'closed' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const [name, flag] of Object.entries(commands[id]?.flags ?? {})) if (!flag.hidden) expect(stdout).toContain(`--${name}`);
    expect(stdout).toMatch(new RegExp(`^EXAMPLES\\n[^]*\\$ muster ${id.replaceAll(':', ' ')}`, 'm'));
  });

  test.each(ids)('muster %s refuses a flag that there is not: exit code 2, a sentence, a hint, a code', async (id) => {
    const { code, stdout, stderr } = await run(id, [...entryOf(id).args, '--no-such-flag'], { stdin: 'open' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(ERROR);
    expect(stderr).toContain('--no-such-flag');
    expect(stderr).toContain('(usage)');
  });

  test.each(ids)('muster %s --json says as an object which argument is missing or too much', async (id) => {
    const { args = {}, flags = {} } = commands[id] ?? {};
    const missing = [...Object.entries(args), ...Object.entries(flags)].filter(([, { required }]) => required).map(([name]) => name);
    const open = Object.values(args).some(({ multiple }) => multiple);
    const wrong = missing.length > 0 ? [] : open ? ['--limit'] : [...Object.keys(args), 'one-too-many'];
    const { code, stdout, stderr } = await run(id, [...wrong, '--json'], { stdin: 'open' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    const error = errorObject(stderr);
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(/[.!?]$/), hint: expect.stringMatching(/./) });
    if (missing.length > 0) expect(error.message).toContain(missing[0]);
  });

  test.each(ids.filter((id) => !CONTRACT_ARGUMENTS[id]?.endless))('muster %s --json works without a terminal, and stdout is one document', async (id) => {
    const entry = entryOf(id);
    const prepared = (await entry.prepare?.(client)) ?? {};
    const stdin = entry.stdin ? { text: entry.stdin(hub.token) } : ('open' as const);
    const env = prepared.token === undefined ? {} : { MUSTER_TOKEN: prepared.token, MUSTER_URL: hub.url };
    const { code, stdout, stderr } = await run(id, [...(prepared.args ?? entry.args), '--json'], { stdin, env, alone: true });
    expect(`${code}${code === 0 ? '' : stderr}`).toBe('0');
    expect(JSON.parse(stdout)).toEqual(expect.anything());
  });

  test.each(ids)('muster %s refuses a column that there is not, before it changes anything', async (id) => {
    const { args, stdin } = entryOf(id);
    // A hub that is down shows what comes first.
    const env = CHANGING.test(id) ? { MUSTER_URL: 'http://127.0.0.1:1', MUSTER_TOKEN: hub.token } : {};
    const { code, stdout, stderr } = await run(id, [...args, '--columns', 'no-such-column'], { stdin: stdin ? { text: stdin(hub.token) } : 'open', env });
    expect(`${code} ${code === 2 ? stdout : stderr}`).toBe('2 ');
    expect(stderr).toMatch(ERROR);
  });

  test.each(driving)('muster %s ends with 6, unreachable, when the hub is down', async (id) => {
    const { args, stdin } = entryOf(id);
    const { code, stdout, stderr } = await run(id, args, {
      stdin: stdin ? { text: stdin('mst_a_b') } : 'closed',
      env: { MUSTER_URL: 'http://127.0.0.1:1', MUSTER_TOKEN: hub.token },
    });
    expect(code).toBe(6);
    // The doctor's findings are its data.
    if (id === 'doctor') return expect(stdout).toMatch(/^hub +fail +No connection to /m);
    expect(stdout).toBe('');
    expect(stderr).toContain('  (unreachable)\n');
  });

  test.each(driving)('muster %s ends with 4, not_logged_in, when the token is wrong', async (id) => {
    const { args, stdin, tokenRefused } = entryOf(id);
    const { code, stdout, stderr } = await run(id, [...args, '--json'], {
      stdin: stdin ? { text: stdin('mst_000000_wrong') } : 'closed',
      env: { MUSTER_URL: hub.url, MUSTER_TOKEN: 'mst_000000_wrong' },
    });
    if (tokenRefused !== undefined) return expect({ code, why: tokenRefused.why }).toEqual(tokenRefused);
    expect(`${code} ${code === 4 ? '' : stderr}`).toBe('4 ');
    if (id === 'doctor') return expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ code: 'not_logged_in' }));
    expect(stdout).toBe('');
    expect(errorObject(stderr).code).toBe('not_logged_in');
  });

  test.each(driving)('muster %s ends with 6, timed_out, when the hub is silent', async (id) => {
    const { args, stdin } = entryOf(id);
    const { code, stdout, stderr, ms } = await run(id, [...args, '--json', '--timeout', '100ms'], {
      stdin: stdin ? { text: stdin('mst_a_b') } : 'closed',
      env: { MUSTER_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, MUSTER_TOKEN: hub.token },
    });
    expect(`${code} ${code === 6 ? '' : stderr}`).toBe('6 ');
    expect(ms).toBeLessThan(8_000);
    if (id === 'doctor') return expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ code: 'timed_out' }));
    expect(stdout).toBe('');
    expect(errorObject(stderr).code).toBe('timed_out');
  });
});
