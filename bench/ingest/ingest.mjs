// How much a hub takes over MQTT QoS 1, and how soon it says so. See README.md.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const muster = join(here, '../../bin/run.js');
const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '100' },
    points: { type: 'string', default: '1,3,10' },
    window: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = positive('seconds');
const connections = positive('connections');
const window = positive('window');
const pointCounts = given.points.split(',').map(Number);
if (pointCounts.some((count) => !(Number.isInteger(count) && count > 0))) throw new Error('--points wants numbers such as 1,3,10');
const READY_MS = 30_000;
const PROVISION_AT_ONCE = 8;

const results = [];
for (const points of pointCounts) {
  results.push(await measureReference(points));
  results.push(await measureHub(points));
}
if (given.json)
  process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, connections, window, seconds, results }, null, 2)}\n`);
else print();

function positive(name) {
  const number = Number(given[name]);
  if (!(number > 0)) throw new Error(`--${name} wants a number larger than zero`);
  return number;
}

async function measureReference(points) {
  const server = fork(join(here, 'bare-server.mjs'));
  const [{ port }] = await once(server, 'message');
  const devices = Array.from({ length: connections }, (_, index) => ({ id: `bench-${index}`, secret: 'none' }));
  const result = await publish({ port, devices, points, pid: server.pid });
  server.disconnect();
  return { target: 'bare server', points, ...result, pointsSent: result.sent * points, pointsAcknowledged: result.acknowledged * points, stored: null };
}

async function measureHub(points) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-ingest-'));
  const readyFile = join(folder, 'ready.json');
  const hub = spawn(process.execPath, [muster, 'serve', '--ephemeral', '--http', '0', '--mqtt', '0', '--log-level', 'error', '--ready-file', readyFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_CONFIG_HOME: folder, MUSTER_CONFIG_DIR: folder },
  });
  const ended = once(hub, 'exit');
  let log = '';
  hub.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  try {
    const { http, mqtt, token } = await whenReady(hub, readyFile);
    const api = createApi(http.url, token);
    const devices = await provision(api, points);
    const result = await publish({ port: mqtt.port, devices, points, pid: hub.pid });
    const { count } = await api('GET', '/samples/count');
    return { target: 'hub', points, ...result, pointsSent: result.sent * points, pointsAcknowledged: result.acknowledged * points, stored: count };
  } catch (error) {
    throw new Error(`the hub could not be measured; it said:\n${log}`, { cause: error });
  } finally {
    hub.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

async function whenReady(hub, file) {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return JSON.parse(text);
    if (hub.exitCode !== null || performance.now() > deadline) throw new Error('the hub did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function createApi(url, token) {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}

function pathsOf(points) {
  return Array.from({ length: points }, (_, index) => `point${index + 1}`);
}

async function provision(api, points) {
  await api('POST', '/types', { id: 'bench', mode: 'strict', points: pathsOf(points).map((path) => ({ path, valueType: 'number' })) });
  const devices = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: PROVISION_AT_ONCE }, async () => {
      while (next < connections) {
        const id = `bench-${next++}`;
        const { credential } = await api('POST', '/devices', { id, kind: 'gateway', type: 'bench', credential: 'token' });
        devices.push({ id, secret: credential.secret });
      }
    }),
  );
  return devices;
}

/** Runs the generator and, beside it, measures the processor time of the other side. */
async function publish({ port, devices, points, pid }) {
  const generator = fork(join(here, 'publisher.mjs'));
  // An hour ago: times count up by a millisecond per message and stay behind the clock.
  generator.send({ host: '127.0.0.1', port, devices, points: pathsOf(points), seconds, window, baseTime: Date.now() - 3_600_000 });
  let from = null;
  let serverCpuPercent = null;
  return new Promise((resolve, reject) => {
    generator.on('message', async ({ type, ...result }) => {
      if (type === 'measuring') from = { cpu: await cpuSeconds(pid), at: performance.now() };
      else if (type === 'measured' && from?.cpu != null) {
        serverCpuPercent = Math.round((((await cpuSeconds(pid)) - from.cpu) / ((performance.now() - from.at) / 1000)) * 100);
      } else if (type === 'result') resolve({ ...result, pointsPerSecond: result.messagesPerSecond * points, serverCpuPercent });
    });
    generator.once('exit', (code) => code !== 0 && reject(new Error(`the generator ended with ${code}`)));
  });
}

/** Of a process with all of its threads; null where there is no /proc. */
async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function print() {
  const rows = results.map((row) => ({
    target: row.target,
    'points/message': row.points,
    'messages/s': row.messagesPerSecond,
    'points/s': row.pointsPerSecond,
    'points sent': row.pointsSent,
    acknowledged: row.pointsAcknowledged,
    stored: row.stored ?? '-',
    'p50 ms': row.p50Ms,
    'p99 ms': row.p99Ms,
    'server cpu %': row.serverCpuPercent ?? '-',
    'generator cpu %': row.generatorCpuPercent,
  }));
  const names = Object.keys(rows[0]);
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
  const line = (cells) => `${cells.map((cell, index) => String(cell).padStart(widths[index])).join('  ')}\n`;
  process.stdout.write(`MQTT QoS 1, ${connections} connections, window ${window}, ${seconds} s each, ${cpus().length} processors, Node ${process.version}\n`);
  process.stdout.write(line(names) + rows.map((row) => line(names.map((name) => row[name]))).join(''));
}
