// How fast a hub asks devices and takes their answers: jobs over devices behind gateways on MQTT; and how soon one call is answered meanwhile. See README.md.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { cpuSeconds, end, until } from '../ingest/processes.mjs';
import { table } from '../ingest/table.mjs';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10000' },
    jobs: { type: 'string', default: '10' },
    gateways: { type: 'string', default: '10' },
    concurrency: { type: 'string', default: '2000' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/run.js', import.meta.url)) },
    'node-option': { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});
const [devices, jobs, gateways, concurrency] = ['devices', 'jobs', 'gateways', 'concurrency'].map((name) => Number(values[name]));
const PROBE_EVERY_MS = 50;
const BATCH = 1_000;

const folder = await mkdtemp(join(tmpdir(), 'muster-bench-commands-'));
const readyFile = join(folder, 'ready.json');
const flags = ['--data', join(folder, 'data'), '--http', '0', '--mqtt', '0', '--log-level', 'error', '--ready-file', readyFile];
const hub = spawn(process.execPath, [...values['node-option'], values.bin, 'serve', ...flags, '--set', `mqtt.subscriptions-max=${devices}`], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, MUSTER_CONFIG_DIR: folder },
});
const clients = [];
try {
  const {
    http,
    mqtt: broker,
    token,
  } = await until('the start of the hub', async () => JSON.parse((await readFile(readyFile, 'utf8').catch(() => '')) || 'null'), 30_000);
  const agent = new Agent({ keepAlive: true });
  const api = (method, path, body) => ask(agent, `${http.url}/api/v1${path}`, method, token, body);
  const children = Array.from({ length: devices }, (_, index) => ({ id: `d${index}`, parent: `gw${index % gateways}`, labels: { bench: 'child' } }));
  for (let index = 0; index < gateways; index += 1) {
    const { credential } = await api('POST', '/devices', { id: `gw${index}`, kind: 'gateway', credential: 'token' });
    clients.push({ id: `gw${index}`, secret: credential.secret, own: children.filter(({ parent }) => parent === `gw${index}`) });
  }
  for (let first = 0; first < devices; first += BATCH) await api('POST', '/devices/batch', { mode: 'create', devices: children.slice(first, first + BATCH) });
  const { credential } = await api('POST', '/devices', { id: 'probe', credential: 'token' });
  for (const client of clients)
    await connect(
      client,
      broker.url,
      client.own.map(({ id }) => `devices/${id}/call`),
    );
  const probe = { id: 'probe', secret: credential.secret };
  clients.push(probe);
  await connect(probe, broker.url, ['devices/probe/call']);

  const latencies = [];
  let probing = true;
  const probed = (async () => {
    while (probing) {
      const startedAt = performance.now();
      const { id } = await api('POST', '/devices/probe/call', { name: 'ping' });
      await api('GET', `/commands/${id}?wait=30000`);
      latencies.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
  })();
  const startedAt = performance.now();
  const cpuBefore = await cpuSeconds(hub.pid);
  for (let round = 0; round < jobs; round += 1) {
    const { id } = await api('POST', '/jobs', { selector: 'bench=child', call: { name: 'count', args: round }, concurrency });
    const job = await until(
      'the end of a job',
      async () => {
        const view = await api('GET', `/jobs/${id}`);
        return view.state === 'done' ? view : null;
      },
      300_000,
    );
    if (job.summary.applied !== devices) throw new Error(`job ${round}: ${JSON.stringify(job.summary)}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = (await cpuSeconds(hub.pid)) - cpuBefore;
  probing = false;
  await probed;
  latencies.sort((one, other) => one - other);
  const at = (share) => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0);
  const commands = devices * jobs;
  const row = {
    commands,
    seconds: Number(seconds.toFixed(1)),
    'commands/s': Math.round(commands / seconds),
    'hub CPU, µs a command': Math.round((cpu * 1e6) / commands),
    'a call meanwhile, p50 / p95, ms': `${at(0.5)} / ${at(0.95)}`,
  };
  process.stdout.write(values.json ? `${JSON.stringify(row)}\n` : table([row]));
} finally {
  for (const { mqtt: client } of clients) client?.end(true);
  await end(hub);
  await rm(folder, { recursive: true, force: true });
}

/** It does what it is asked, and says so. MQTT.js does not keep to the receive maximum of MQTT 5; with 3.1.1 the hub holds it back. */
async function connect(client, url, topics) {
  client.mqtt = mqtt.connect(url, { username: client.id, password: client.secret, protocolVersion: 4, clientId: client.id, reconnectPeriod: 0 });
  client.mqtt.on('message', (topic, payload) => {
    const { id, args } = JSON.parse(payload.toString());
    client.mqtt.publish(`${topic}/result`, JSON.stringify({ id, state: 'applied', result: args }), { qos: 1 });
  });
  await new Promise((resolve, reject) => client.mqtt.once('connect', resolve).once('error', reject));
  for (let first = 0; first < topics.length; first += BATCH) await client.mqtt.subscribeAsync(topics.slice(first, first + BATCH), { qos: 1 });
}

function ask(agent, url, method, token, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode < 300 ? resolve(JSON.parse(text || 'null')) : reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`)),
      );
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
