// How long a back-test over a year of minutes takes, and what others feel of it. See README.md.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = join(root, 'bin/run.js');
const { values: given } = parseArgs({
  options: {
    points: { type: 'string', default: '100' },
    days: { type: 'string', default: '365' },
    /** Kept, and used again by the next run. */
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const SCOPE = { points: 'line-*/temperature' };
const bands = (high) => ({
  bands: [
    { level: 'major', high, deadband: 2 },
    { level: 'critical', high: high + 2, deadband: 2 },
  ],
});
const QUIET = { id: 'quiet', scope: SCOPE, when: bands(82), onDelay: '5m', offDelay: '5m' };
const CASES = [
  ['limits that are exceeded now and then', [QUIET]],
  ['limits that every swing exceeds', [{ id: 'busy', scope: SCOPE, when: bands(74) }]],
  ['two rules compared', [QUIET, { ...QUIET, when: bands(81) }]],
  ['no data for 5 minutes', [{ id: 'silent', scope: SCOPE, when: { noData: { after: '5m', level: 'major' } } }]],
];
const folder = given.folder ?? (await mkdtemp(join(tmpdir(), 'muster-bench-backtest-')));
const data = join(folder, 'data');
const knownFile = join(folder, 'known.json');
const readyFile = join(folder, 'ready.json');

try {
  const range = existsSync(knownFile) ? JSON.parse(await readFile(knownFile, 'utf8')) : await fill();
  const hub = await start();
  const results = [];
  try {
    for (const [name, rules] of CASES) results.push({ name, ...(await measure(hub, rules, range)) });
  } finally {
    await hub.stop();
  }
  if (given.json) process.stdout.write(`${JSON.stringify({ node: process.version, results })}\n`);
  for (const { name, samples, seconds, alarms, liveP50Ms, liveP95Ms, rssMb } of given.json ? [] : results)
    process.stdout.write(
      `${name.padEnd(40)} ${(samples / 1e6).toFixed(1)} million samples in ${seconds.toFixed(1)} s (${(samples / seconds / 1e6).toFixed(1)} million/s), ${alarms.join(' and ')} alarms; meanwhile a report p50 ${liveP50Ms.toFixed(1)} ms, p95 ${liveP95Ms.toFixed(1)} ms; hub ${rssMb} MB\n`,
    );
} finally {
  if (given.folder === undefined) await rm(folder, { recursive: true, force: true });
}

async function measure(hub, rules, { from, to }) {
  const body = { rules: rules.map((document) => ({ document })), from, to, occurrences: 100, subjects: 10 };
  let over = false;
  const times = [];
  const reporting = (async () => {
    while (!over) {
      const began = performance.now();
      await hub.api('POST', '/devices/live/report', { 'line-0/temperature': 70 });
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const began = performance.now();
  const text = await hub.api('POST', '/rules/backtest', body);
  const seconds = (performance.now() - began) / 1000;
  over = true;
  await reporting;
  const last = JSON.parse(text.trim().split('\n').at(-1));
  if (last.kind !== 'result') throw new Error(JSON.stringify(last));
  times.sort((a, b) => a - b);
  const status = await readFile(`/proc/${hub.pid}/status`, 'utf8').catch(() => '');
  return {
    samples: last.result.samples,
    seconds,
    alarms: last.result.rules.map(({ totals }) => totals.occurrences),
    liveP50Ms: times[Math.floor(times.length / 2)] ?? Number.NaN,
    liveP95Ms: times[Math.floor(times.length * 0.95)] ?? Number.NaN,
    rssMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
  };
}

async function fill() {
  await mkdir(data, { recursive: true });
  const hub = await start();
  await hub.api('POST', '/devices', { id: 'live' });
  await hub.stop();
  const script = join(root, 'dist/bench', `backtest-${process.pid}.mjs`);
  const entry = join(root, 'bench/backtest/fill.ts');
  await build({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm', target: 'node20.15', packages: 'external' });
  const { stdout } = await promisify(execFile)(process.execPath, [script, data, given.points, given.days], { maxBuffer: 1 << 24 });
  await rm(script, { force: true });
  await writeFile(knownFile, stdout);
  return JSON.parse(stdout);
}

async function start() {
  await rm(readyFile, { force: true });
  const args = [muster, 'serve', '--data', data, '--http', '0', '--mqtt', '0', '--log-level', 'error', '--ready-file', readyFile];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, MUSTER_CONFIG_DIR: folder } });
  const ended = once(child, 'exit');
  let ready = null;
  while (ready === null) {
    if (child.exitCode !== null) throw new Error('the hub did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
    ready = await readFile(readyFile, 'utf8').then(JSON.parse, () => null);
  }
  return {
    pid: child.pid,
    async api(method, path, body) {
      const answer = await fetch(`${ready.http.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
