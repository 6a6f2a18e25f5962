import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runScript } from '../helpers/run-script.ts';

// Ctrl-C, and a reader that leaves: what goes on for long ends soon, in order and with the exit code that is promised.

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const SOON_MS = 5_000;

let folder: string;
let hub: TestHub;
let client: HubClient;
let endless: { readonly url: string; close(): void };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-interruption-'));
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  endless = await endlessHub();
  await client.devices.create({ id: 'boiler' });
  const now = Date.now();
  // More than a pipe holds (64 kB), for every command that is cut below.
  await client.report(
    'boiler',
    Array.from({ length: 4000 }, (_, index) => ({ ts: now - index * 1000, values: { temperature: index } })),
  );
  await client.report('boiler', Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`many/point-with-a-long-name-${index}`, index])));
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => client.devices.create({ id: `device-${index}`, name: `A device to be listed, number ${index}` })),
  );
  writeFileSync(join(folder, 'slow.csv'), 'time,air\n2026-11-01T00:00:00Z,7.5\n2026-11-01T00:00:01Z,7.1\n2026-11-02T00:00:00Z,7.2\n');
});
afterAll(async () => {
  client?.close();
  endless?.close();
  await hub?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A hub without end: its lists have another page, its export another row. */
async function endlessHub(): Promise<{ readonly url: string; close(): void }> {
  let page = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.includes('/export')) {
      response.writeHead(200, { 'content-type': 'text/csv' });
      const more = (): void => {
        while (!response.destroyed && response.write('1970-01-01T00:00:00.000Z,boiler,temperature,1,good,false\n'.repeat(1000)));
      };
      response.on('drain', more);
      more();
      return;
    }
    const items = Array.from({ length: 1000 }, (_, time) => ({ time, point: 'temperature', device: 'boiler', value: 1, quality: 'good', late: false }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items, cursor: String(page++) }));
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, MUSTER_URL: hub.url, MUSTER_TOKEN: hub.token, MUSTER_CONFIG_DIR: mkdtempSync(join(folder, 'config-')), ...more };
}

interface Started {
  readonly child: ChildProcess;
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): Started {
  const child = spawn(process.execPath, [RUN, ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // Of what has no end the beginning is enough.
    if (stdout.length < 1_000_000) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  return { child, output: () => ({ stdout, stderr }), ended };
}

/** Waits until the command is at its work; fails when it ends before. */
async function whenBusy({ child, output }: Started, busy: Case['busy']): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await busy(output()))) {
    const over = child.exitCode !== null || Date.now() > deadline;
    if (over) throw new Error(`not at work: exit code ${child.exitCode}\n${output().stdout.slice(0, 2000)}\n${output().stderr.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const printed = ({ stdout }: { stdout: string }): boolean => stdout.includes('\n');
/** Bytes lie in a file that a command writes. */
const grown = (file: string): boolean => (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0) > 0;
/** The hub has values of it. */
const isStored = async (device: string): Promise<boolean> => {
  for await (const { latest } of client.points.list({ device: [device] })) if (latest !== null) return true;
  return false;
};
const said =
  (pattern: RegExp) =>
  ({ stderr }: { stderr: string }) =>
    pattern.test(stderr);

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  readonly busy: (output: { stdout: string; stderr: string }) => boolean | Promise<boolean>;
  /** Nothing but this may be on stderr. */
  readonly stderr?: RegExp;
  readonly endless?: true;
  readonly stdin?: string;
  /** Takes away what an earlier run left. */
  readonly before?: () => Promise<unknown>;
}

const CASES: readonly Case[] = [
  { args: ['serve', '--ephemeral', '--http', '0', '--mqtt', '0', '--json'], code: 0, busy: printed },
  { args: ['tail', 'boiler', '--since', '-1d', '-o', 'ndjson'], code: 130, busy: printed, stderr: /^$/ },
  { args: ['trend', 'boiler', 'temperature', '--follow'], code: 130, busy: printed, stderr: /^$/ },
  { args: ['simulate', '--gateways', '2', '--points', '1', '--interval', '50ms', '--duration', '1h', '--json'], code: 130, busy: said(/Connecting/) },
  { args: ['simulate', 'replay', 'slow.csv', '--device', 'slow', '--json'], code: 130, busy: said(/Replaying/) },
  { args: ['demo', '--json'], code: 0, busy: said(/Replaying|\d+ sent|samples/) },
  { args: ['demo', '--duration', '1h', '--json'], code: 130, busy: said(/Replaying|\d+ sent|samples/) },
  { args: ['export'], code: 130, busy: printed, stderr: /^Interrupted\.\n$/, endless: true },
  {
    args: ['export', '--file', 'endless.csv', '--force'],
    code: 130,
    busy: () => grown('endless.csv.part'),
    stderr: /--resume\nInterrupted\.\n$/,
    endless: true,
    before: async () => rmSync(join(folder, 'endless.csv.part'), { force: true }),
  },
  { args: ['query', 'boiler', 'temperature', '--all', '-o', 'csv'], code: 130, busy: printed, stderr: /^Interrupted\.\n$/, endless: true },
  {
    args: ['import', '-', '--format', 'csv', '--device', 'piped', '--batch', '1', '--results', 'piped-results.csv'],
    code: 130,
    before: () =>
      client.devices
        .delete('piped')
        .catch(() => undefined)
        .then(() => client.devices.create({ id: 'piped' })),
    busy: () => isStored('piped'),
    stdin: 'time,air\n2026-11-01T00:00:00Z,7.5\n2026-11-01T00:01:00Z,7.1\n',
  },
];

describe.skipIf(process.platform === 'win32')('Ctrl-C', () => {
  test.each(CASES.map((each) => [each.args.join(' '), each] as const))(
    'ends muster %s soon',
    async (_, { args, code, busy, stderr, stdin, before, endless: fake }) => {
      await before?.();
      const started = start(args, environment(fake ? { MUSTER_URL: endless.url } : {}));
      if (stdin !== undefined) started.child.stdin?.write(stdin);
      await whenBusy(started, busy);
      const from = performance.now();
      started.child.kill('SIGINT');
      expect(`${await started.ended} ${started.output().stderr}`).toMatch(new RegExp(`^${code} `));
      expect(performance.now() - from).toBeLessThan(SOON_MS);
      const { stdout, stderr: told } = started.output();
      expect(told).not.toMatch(/^\s+at /m);
      if (stderr !== undefined) expect(told).toMatch(stderr);
      if (args.includes('--json')) expect(JSON.parse(stdout)).toEqual(expect.any(Object));
    },
  );

  test.each(CASES.map((each) => [each.args.join(' '), each] as const))(
    'twice ends muster %s at once',
    async (_, { args, busy, stdin, before, endless: fake }) => {
      await before?.();
      const started = start(args, environment(fake ? { MUSTER_URL: endless.url } : {}));
      if (stdin !== undefined) started.child.stdin?.write(stdin);
      await whenBusy(started, busy);
      const from = performance.now();
      // Two signals in one moment can arrive as one: as a person would, press it again and again.
      const pressing = setInterval(() => started.child.kill('SIGINT'), 30);
      const ended = await started.ended.finally(() => clearInterval(pressing));
      // A shell calls the end by SIGINT 130 too.
      expect([0, 130, 'SIGINT']).toContain(ended);
      expect(performance.now() - from).toBeLessThan(2_000);
      expect(started.output().stderr).not.toMatch(/^\s+at /m);
    },
  );
});

const READERS: readonly string[] = [
  'device list --all -o ndjson',
  'device list --all --json',
  'device list --all',
  'point list --all -o csv',
  'latest --all -o yaml',
  'query boiler temperature --all -o csv',
  'query boiler temperature --all',
  'tail boiler --since -1d',
  'export --format ndjson',
  'export --format parquet',
];

describe.skipIf(process.platform === 'win32')('a reader that leaves', () => {
  test.each(READERS)('after the first line of muster %s is no failure', async (line) => {
    const { code, stdout, stderr } = await runScript(`set -o pipefail; MUSTER ${line} | head -c 20; exit "\${PIPESTATUS[0]}"`, [], {
      cwd: folder,
      env: environment(),
      stdin: 'closed',
    });
    expect({ code, stderr, bytes: Buffer.byteLength(stdout) > 0 }).toEqual({ code: 0, stderr: '', bytes: true });
  });

  test.each(READERS)('before the first line of muster %s is no failure', async (line) => {
    const started = start(line.split(' '), environment());
    started.child.stdout?.destroy();
    expect({ code: await started.ended, stderr: started.output().stderr }).toEqual({ code: 0, stderr: '' });
  });
});
