// A directory of a million devices: start, memory, look-ups, searches, pages. See README.md.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = join(root, 'bin/run.js');
const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '200' },
    /** Kept, and used again by the next run. */
    folder: { type: 'string' },
    /** All that the hub's heap may take: it ends when it needs more. */
    'heap-mb': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const DEVICES = Number(given.devices);
const ROUNDS = Number(given.rounds);
const READY_MS = 300_000;
const folder = given.folder ?? (await mkdtemp(join(tmpdir(), 'muster-bench-directory-')));
const data = join(folder, 'data');
const running = new Set();
const agent = new Agent({ keepAlive: true });
let http = '';
let token = '';

try {
  await mkdir(data, { recursive: true });
  const knownFile = join(folder, 'known.json');
  const known = existsSync(knownFile) ? JSON.parse(await readFile(knownFile, 'utf8')) : await prepare(knownFile);
  token = known.token;
  const result = await measure();
  if (given.json) process.stdout.write(`${JSON.stringify({ node: process.version, devices: DEVICES, ...result })}\n`);
  else show(result);
} finally {
  agent.destroy();
  for (const hub of running) hub.kill('SIGKILL');
  if (given.folder === undefined) await rm(folder, { recursive: true, force: true });
}

async function startHub() {
  const readyFile = join(folder, 'ready.json');
  await rm(readyFile, { force: true });
  const args = [muster, 'serve', '--data', data, '--http', '0', '--mqtt', '0', '--log-level', 'warn', '--ready-file', readyFile];
  const began = performance.now();
  const flags = given['heap-mb'] === undefined ? [] : [`--max-old-space-size=${given['heap-mb']}`];
  const child = spawn(process.execPath, [...flags, ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, MUSTER_CONFIG_DIR: folder } });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  const ready = await until(() => readFile(readyFile, 'utf8').then(JSON.parse), READY_MS);
  http = ready.http.url;
  return { child, ended, ready, began };
}

async function prepare(knownFile) {
  const first = await startHub();
  token = first.ready.token;
  const made = await api('POST', '/tokens', { name: 'bench', role: 'admin' });
  first.child.kill('SIGTERM');
  await first.ended;
  const script = join(root, 'dist/bench', `directory-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'bench/directory/fill.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    packages: 'external',
  });
  await promisify(execFile)(process.execPath, [script, data, String(DEVICES)]);
  await rm(script, { force: true });
  const known = { token: made.token };
  await writeFile(knownFile, JSON.stringify(known), { mode: 0o600 });
  return known;
}

async function measure() {
  const hub = await startHub();
  await until(() => api('GET', `/devices/${idOf(1)}`), READY_MS);
  const startMs = Math.round(performance.now() - hub.began);
  const { pid } = hub.child;
  const cpuAtStartMs = await cpuMs(pid);
  const memoryAtStartMb = await rssOf(pid);
  await report();
  const alias = await timed(ROUNDS, (round) => `/devices/${encodeURIComponent(`imei:${350_000_000_000_000 + pick(round) * 7}`)}`);
  const searches = {};
  const kinds = {
    'words, none': (round) => `/devices?q=nothing-${round}`,
    'words, one device': (round) => `/devices?q=${idOf(pick(round)).slice(-7)}`,
    'words, many devices': (round) => `/devices?q=${['boiler paris', 'heat pump', 'valve oslo', 'customer-123'][round % 4].replace(' ', '+')}`,
    'condition on a point': (round) => `/devices?where=${encodeURIComponent(`battery < ${(round % 20) / 10} and not online`)}`,
    'condition, none': () => `/devices?where=${encodeURIComponent('battery < -1 or labels.site == "nowhere"')}`,
    selector: (round) => `/devices?selector=${encodeURIComponent(`city=paris,site=site-${round % 20},floor=1|2`)}`,
    'a group': (round) => `/devices?group=${['paris', 'oslo', 'paris/site-3'][round % 3]}`,
    'points, a page': (round) => `/points?device=${idOf(pick(round))}`,
    'sorted by created at': () => '/devices?sort=-createdAt&limit=1000',
    'sorted by last seen': () => '/devices?sort=-lastSeenAt&limit=20',
  };
  for (const [name, path] of Object.entries(kinds)) searches[name] = await timed(ROUNDS, path);
  const memoryAfterSearchMb = await rssOf(pid);
  const pages = await readAll(pid);
  hub.child.kill('SIGTERM');
  await hub.ended;
  return { startMs, cpuAtStartMs, memoryAtStartMb, alias, searches, memoryAfterSearchMb, pages };
}

/** Newest values for some: over the wire, as devices would. */
async function report() {
  for (let at = 0; at < 500; at++) await api('POST', `/devices/${idOf(pick(at))}/report`, { battery: (at % 100) + 0.5 });
}

/** The first look may make columns and texts, and is told apart; later ones are `rounds`. */
async function timed(rounds, pathOf) {
  const first = await looks(1, () => pathOf(0));
  const { times, othersWorstMs } = await looks(rounds, (round) => pathOf(round + 1));
  times.sort((one, other) => one - other);
  const at = (share) => Number(times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1));
  return {
    firstMs: Number(first.times[0].toFixed(1)),
    othersFirstMs: first.othersWorstMs,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    worstMs: at(1),
    othersWorstMs,
  };
}

/** Beside each look, a light request says how long others wait. */
async function looks(rounds, pathOf) {
  const times = [];
  let othersWorstMs = 0;
  let going = true;
  const others = (async () => {
    while (going) {
      const began = performance.now();
      await api('GET', '/time');
      othersWorstMs = Math.max(othersWorstMs, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await api('GET', pathOf(round));
    times.push(performance.now() - began);
  }
  going = false;
  await others;
  return { times, othersWorstMs: Number(othersWorstMs.toFixed(1)) };
}

/** Page by page, twice: what one reading leaves behind would be there twice. */
async function readAll(pid) {
  const memoryBeforeMb = await rssOf(pid);
  const readings = [];
  for (let reading = 0; reading < 2; reading++) {
    const memoryMb = [];
    let cursor = null;
    let devices = 0;
    const began = performance.now();
    do {
      const page = await api('GET', `/devices?limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`);
      devices += page.items.length;
      cursor = page.cursor;
      if (devices >= ((memoryMb.length + 1) * DEVICES) / 8) memoryMb.push(await rssOf(pid));
    } while (cursor !== null);
    if (devices < DEVICES) throw new Error(`${devices} devices were read, of ${DEVICES}`);
    readings.push({ devices, seconds: Number(((performance.now() - began) / 1000).toFixed(1)), memoryMb });
  }
  return { memoryBeforeMb, readings };
}

function pick(round) {
  return 1 + ((round * 104_729) % (DEVICES - 1));
}

function idOf(number) {
  return `${number % 50 === 0 ? 'gw' : 'meter'}-${String(number).padStart(7, '0')}`;
}

function api(method, path, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(
      `${http}/api/v1${path}`,
      {
        method,
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const whole = Buffer.concat(chunks).toString();
          if (answer.statusCode >= 300) reject(new Error(`${method} ${path}: ${answer.statusCode} ${whole.slice(0, 200)}`));
          else resolve(whole === '' ? null : JSON.parse(whole));
        });
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(text);
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
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function rssOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

function show({ startMs, cpuAtStartMs, memoryAtStartMb, alias, searches, memoryAfterSearchMb, pages }) {
  const line = (text) => process.stdout.write(`${text}\n`);
  line(`${DEVICES} devices: first answer after ${startMs} ms (${cpuAtStartMs} ms of processor time), resident memory ${memoryAtStartMb} MB`);
  line(`${'ms'.padEnd(24)}${['first', 'others wait', 'p50', 'p95', 'worst', 'others wait'].map((name) => name.padStart(12)).join('')}`);
  for (const [name, { firstMs, othersFirstMs, p50Ms, p95Ms, worstMs, othersWorstMs }] of Object.entries({ 'by alias': alias, ...searches }))
    line(name.padEnd(24) + [firstMs, othersFirstMs, p50Ms, p95Ms, worstMs, othersWorstMs].map((value) => String(value).padStart(12)).join(''));
  line(`resident memory after the searches ${memoryAfterSearchMb} MB`);
  for (const { devices, seconds, memoryMb } of pages.readings)
    line(`all ${devices} read page by page in ${seconds} s: resident memory ${pages.memoryBeforeMb} MB before, ${memoryMb.join(', ')} MB after each eighth`);
}
