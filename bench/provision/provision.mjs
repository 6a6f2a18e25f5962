// How fast devices come into a hub with a token each: batches over HTTP, then a file by `muster device import`; how fast they are changed and deleted; and what a device
// that reports every 20 ms feels of it. See README.md.
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { cpuSeconds, end, until } from '../ingest/processes.mjs';
import { named, table } from '../ingest/table.mjs';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '100000' },
    batch: { type: 'string', default: '500' },
    points: { type: 'string', default: '0' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/run.js', import.meta.url)) },
    'node-option': { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});
const [devices, batch, points] = ['devices', 'batch', 'points'].map((name) => Number(values[name]));
const PROBE_EVERY_MS = 20;

const folder = await mkdtemp(join(tmpdir(), 'muster-bench-provision-'));
const readyFile = join(folder, 'ready.json');
const env = { ...process.env, MUSTER_CONFIG_DIR: folder };
const hub = spawn(
  process.execPath,
  [
    ...values['node-option'],
    values.bin,
    'serve',
    '--data',
    join(folder, 'data'),
    '--http',
    '0',
    '--mqtt',
    '0',
    '--log-level',
    'warn',
    '--ready-file',
    readyFile,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'], env },
);
try {
  const { http, token } = await until('the start of the hub', async () => JSON.parse((await readFile(readyFile, 'utf8').catch(() => '')) || 'null'), 30_000);
  const agent = new Agent({ keepAlive: true });
  const api = (method, path, body, bearer = token) => ask(agent, `${http.url}/api/v1${path}`, method, bearer, body);
  if (points > 0)
    await api('POST', '/types', { id: 'bench', points: Array.from({ length: points }, (_, index) => ({ path: `point${index + 1}`, valueType: 'number' })) });
  const { credential } = await api('POST', '/devices', { id: 'probe', credential: 'token' });
  const probe = { secret: credential.secret, report: () => api('POST', '/devices/probe/report', { value: Math.random() }, credential.secret) };

  const rows = [];
  const batches = [];
  for (let start = 0; start < devices; start += batch)
    batches.push(
      JSON.stringify({ mode: 'create', devices: Array.from({ length: Math.min(batch, devices - start) }, (_, index) => deviceOf('api', start + index, true)) }),
    );
  rows.push(
    await measured('batches over HTTP', probe, async () => {
      for (const body of batches) {
        const { counts } = await api('POST', '/devices/batch', body);
        if (counts.failed > 0) throw new Error('the hub refused devices');
      }
    }),
  );
  batches.length = 0;

  const file = join(folder, 'devices.csv');
  await writeCsv(file);
  const run = promisify(execFile);
  const muster = (...args) =>
    run(process.execPath, [values.bin, 'device', ...args], { env: { ...env, MUSTER_URL: http.url, MUSTER_TOKEN: token }, maxBuffer: 1e9 });
  const type = points > 0 ? ['--type', 'bench'] : [];
  rows.push(
    await measured('device import', probe, () =>
      muster('import', file, ...type, '--chunk', String(batch), '--credential', 'token', '--results', join(folder, 'results.csv')),
    ),
  );
  rows.push(await measured('device label --selector', probe, () => muster('label', '--selector', 'id=csv-*', '--set', 'floor=3', '--yes', '-o', 'ndjson')));
  rows.push(await measured('device export', probe, () => muster('export', '--file', join(folder, 'exported.csv')), devices * 2));
  rows.push(await measured('device delete --selector', probe, () => muster('delete', '--selector', 'id=csv-*', '--yes', '-o', 'ndjson')));
  const { process: own } = await api('GET', '/status');
  const about = { devices, batch, points, 'hub MB': Math.round(own.memoryBytes / 1048576) };
  process.stdout.write(values.json ? `${JSON.stringify({ node: process.version, about, rows }, null, 2)}\n` : `${table(rows)}${named(about)}\n`);
  agent.destroy();
} finally {
  await end(hub, 30_000);
  await rm(folder, { recursive: true, force: true });
}

/** A gateway and the 99 devices behind it, and so on. */
function deviceOf(prefix, index, withCredential) {
  const gateway = index - (index % 100);
  const id = `${prefix}-${String(index).padStart(7, '0')}`;
  return {
    id,
    kind: index === gateway ? 'gateway' : 'device',
    ...(index !== gateway && { parent: `${prefix}-${String(gateway).padStart(7, '0')}` }),
    ...(points > 0 && { type: 'bench' }),
    labels: { site: `site-${index % 50}`, floor: '2' },
    aliases: { serial: `SN-${prefix}-${index}` },
    ...(withCredential && {
      credential: {
        kind: 'token',
        id: randomBytes(10).toString('hex'),
        secretHash: createHash('sha256').update(randomBytes(32).toString('base64url')).digest('hex'),
      },
    }),
  };
}

async function writeCsv(path) {
  const stream = createWriteStream(path);
  stream.write('id,kind,parent,label.site,label.floor,serial\n');
  for (let index = 0; index < devices; index += 1) {
    const { id, kind, parent = '', labels, aliases } = deviceOf('csv', index, false);
    stream.write(`${[id, kind, parent, labels.site, labels.floor, aliases.serial].join(',')}\n`);
  }
  stream.end();
  await finished(stream);
}

async function measured(name, probe, work, count = devices) {
  const latencies = [];
  let done = false;
  const probing = (async () => {
    while (!done) {
      const began = performance.now();
      await probe.report();
      latencies.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
  })();
  const began = performance.now();
  const cpuBefore = await cpuSeconds(hub.pid);
  await work();
  const seconds = (performance.now() - began) / 1000;
  const cpu = (await cpuSeconds(hub.pid)) - cpuBefore;
  done = true;
  await probing;
  latencies.sort((one, other) => one - other);
  const at = (share) => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 10) / 10;
  return {
    what: name,
    seconds: Math.round(seconds * 10) / 10,
    'devices/s': Math.round(count / seconds),
    'hub CPU µs/device': Math.round((cpu / count) * 1e6),
    'report p50 ms': at(0.5),
    'p95 ms': at(0.95),
    'max ms': at(0.999),
  };
}

function ask(agent, url, method, bearer, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${bearer}`,
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const asked = request(url, { method, agent, headers }, (answer) => {
      let received = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        received += chunk;
      });
      answer.on('end', () =>
        answer.statusCode < 300
          ? resolve(received === '' ? null : JSON.parse(received))
          : reject(new Error(`${method} ${url}: ${answer.statusCode} ${received}`)),
      );
    });
    asked.on('error', reject);
    asked.end(text);
  });
}
