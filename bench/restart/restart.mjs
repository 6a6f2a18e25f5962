// How soon a hub answers after kill -9, with many points and samples. See README.md.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = join(root, 'bin/run.js');
const { values: given } = parseArgs({
  options: {
    points: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '100000000' },
    hot: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    'idle-seconds': { type: 'string', default: '20' },
    /** Kept, and used again by the next run. */
    folder: { type: 'string' },
    /** With a rule of bands and one of silence on all points. */
    rules: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const READY_MS = 120_000;
const kept = given.folder !== undefined;
const folder = given.folder ?? (await mkdtemp(join(tmpdir(), 'muster-bench-restart-')));
const data = join(folder, 'data');
const knownFile = join(folder, 'known.json');
const running = new Set();
const httpPort = 41_000 + (process.pid % 10_000);
const mqttPort = httpPort + 10_000;

try {
  await mkdir(data, { recursive: true });
  const known = existsSync(knownFile) ? JSON.parse(await readFile(knownFile, 'utf8')) : await prepare();
  if (given.rules) await makeRules(known);
  const runs = [];
  for (let run = 0; run < Number(given.runs); run++) runs.push(await measure(known, run === Number(given.runs) - 1));
  report(known, runs);
} finally {
  for (const hub of running) hub.kill('SIGKILL');
  if (!kept) await rm(folder, { recursive: true, force: true });
}

function startHub() {
  const readyFile = join(folder, 'ready.json');
  const args = [muster, 'serve', '--data', data, '--http', String(httpPort), '--mqtt', String(mqttPort), '--log-level', 'warn', '--ready-file', readyFile];
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, XDG_CONFIG_HOME: folder, MUSTER_CONFIG_DIR: folder },
  });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  return { child, ended, readyFile, began };
}

async function prepare() {
  const script = join(root, 'dist/bench', `restart-${process.pid}.mjs`);
  const first = startHub();
  const { http, token } = await until(() => readFile(first.readyFile, 'utf8').then(JSON.parse), READY_MS);
  const answer = await fetch(`${http.url}/api/v1/devices`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'gateway-000000', kind: 'gateway', credential: 'token' }),
  });
  const { credential } = await answer.json();
  const made = await (
    await fetch(`${http.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'bench', role: 'admin' }),
    })
  ).json();
  first.child.kill('SIGTERM');
  await first.ended;
  await rm(first.readyFile, { force: true });
  await build({
    entryPoints: [join(root, 'bench/restart/fill.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    packages: 'external',
  });
  const { stdout } = await promisify(execFile)(process.execPath, [script, data, given.points, given.samples, given.hot], { maxBuffer: 1 << 24 });
  await rm(script, { force: true });
  const known = { token: made.token, secret: credential.secret, filled: JSON.parse(stdout), points: Number(given.points), samples: Number(given.samples) };
  await writeFile(knownFile, JSON.stringify(known), { mode: 0o600 });
  return known;
}

/** In force on all points before the first kill. */
async function makeRules(known) {
  const hub = startHub();
  const headers = { authorization: `Bearer ${known.token}`, 'content-type': 'application/json' };
  const rules = [
    { id: 'bench-hot', scope: { points: '*' }, when: { bands: [{ level: 'major', high: 1e9 }] } },
    { id: 'bench-silent', scope: { points: '*' }, when: { noData: { after: '7d', level: 'minor' } } },
  ];
  for (const rule of rules) {
    await until(async () => {
      const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/rules`, { method: 'POST', headers, body: JSON.stringify(rule) });
      if (response.status !== 201 && response.status !== 409) throw new Error(`status ${response.status}`);
    }, READY_MS);
  }
  hub.child.kill('SIGKILL');
  await hub.ended;
}

/** Starts, waits for the answers, leaves something in the journal, and kills. */
async function measure(known, idle) {
  const hub = startHub();
  const api = (path) => fetch(`http://127.0.0.1:${httpPort}/api/v1${path}`, { headers: { authorization: `Bearer ${known.token}` } });
  const since = () => Math.round(performance.now() - hub.began);
  const answered = until(() => connack(known.secret), READY_MS).then(since);
  const rest = until(async () => {
    const response = await api('/devices/gateway-000000');
    if (response.status !== 200) throw new Error(`status ${response.status}`);
  }, READY_MS).then(async () => ({ restMs: since(), cpuMs: await cpuMs(hub.child.pid) }));
  const latest = until(async () => {
    const { latest } = await (await api('/devices/gateway-000000/points/plant%2Fline-0%2Fsensor-0%2Ftemperature')).json();
    if (latest === null) throw new Error('no value yet');
  }, READY_MS).then(since);
  const [connackMs, { restMs, cpuMs: cpuAtRestMs }, latestMs] = await Promise.all([answered, rest, latest]);
  const result = { connackMs, restMs, cpuAtRestMs, latestMs };
  const atStart = await rssOf(hub.child.pid);
  let idleRss = null;
  if (idle) {
    await new Promise((resolve) => setTimeout(resolve, Number(given['idle-seconds']) * 1000));
    idleRss = await rssOf(hub.child.pid);
  }
  const begun = performance.now();
  const { count } = await (await api('/samples/count')).json();
  const countMs = Math.round(performance.now() - begun);
  for (let i = 0; i < 50; i++) {
    await fetch(`http://127.0.0.1:${httpPort}/api/v1/devices/gateway-000000/report`, {
      method: 'POST',
      headers: { authorization: `Bearer ${known.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`plant/line-${Math.floor(at / 10)}/sensor-${at % 10}/temperature`, i]))),
    });
  }
  hub.child.kill('SIGKILL');
  await hub.ended;
  return { ...result, count, countMs, rssMb: atStart, idleRssMb: idleRss };
}

/** The first answer to an MQTT CONNECT; rejects when it is not an accepting CONNACK. */
function connack(secret) {
  return new Promise((resolve, reject) => {
    const socket = connect(mqttPort, '127.0.0.1');
    const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
    const body = Buffer.concat([text('MQTT'), Buffer.from([4, 0xc2, 0, 60]), text('bench'), text('gateway-000000'), text(secret)]);
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body])));
    socket.on('data', (bytes) => {
      socket.destroy();
      if (bytes[0] === 0x20 && bytes[3] === 0) resolve();
      else reject(new Error(`refused: ${bytes.toString('hex')}`));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}

async function until(attempt, limitMs) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Of all threads: on a machine that does other things too, it says more than the time. */
async function cpuMs(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function rssOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kb = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kb === undefined ? null : Math.round(Number(kb) / 1024);
}

function report(known, runs) {
  if (given.json)
    return process.stdout.write(`${JSON.stringify({ node: process.version, ...known.filled, points: known.points, samples: known.samples, runs })}\n`);
  process.stdout.write(
    `${known.points} points, ${known.samples} samples, ${(known.filled.bytes / 1e6).toFixed(0)} MB; filled in ${known.filled.seconds.toFixed(0)} s\n`,
  );
  process.stdout.write(
    `${['CONNACK ms', 'REST ms', 'CPU ms', 'newest value ms', 'RSS MB', 'idle RSS MB', 'count', 'count ms'].map((name) => name.padStart(16)).join('')}\n`,
  );
  for (const { connackMs, restMs, cpuAtRestMs, latestMs, rssMb, idleRssMb, count, countMs } of runs)
    process.stdout.write(
      `${[connackMs, restMs, cpuAtRestMs ?? '-', latestMs, rssMb, idleRssMb ?? '-', count, countMs].map((value) => String(value).padStart(16)).join('')}\n`,
    );
}
