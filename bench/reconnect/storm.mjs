// How soon a hub serves all of its devices when they come back at once. See README.md.
import { execFileSync, fork, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '10000' },
    /** cut: the network was away, all connections are gone and come back in the same moment. kill: the hub is killed and starts again. */
    how: { type: 'string', default: 'cut' },
    tls: { type: 'boolean', default: false },
    /** The devices keep the sessions of TLS. */
    resume: { type: 'boolean', default: false },
    'first-ms': { type: 'string', default: '1000' },
    'longest-ms': { type: 'string', default: '60000' },
    'deadline-seconds': { type: 'string', default: '120' },
    /** Settings of the hub, as KEY=VALUE. */
    set: { type: 'string', multiple: true, default: [] },
    /** A folder for profiles of the hub. */
    profile: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    /** How long a device waits for its CONNACK and its PUBACK: as long as the device library. */
    'patience-ms': { type: 'string', default: '30000' },
    /** Plain, with TLS, with TLS resumed, and after a kill of the hub: one after the other. */
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
if (given.all) {
  const rest = process.argv.slice(2).filter((argument) => argument !== '--all');
  for (const kind of [[], ['--tls'], ['--tls', '--resume'], ['--how', 'kill'], ['--tls', '--how', 'kill'], ['--tls', '--resume', '--how', 'kill']])
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...rest, ...kind], { stdio: 'inherit' });
  process.exit(0);
}
const count = Number(given.devices);
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-reconnect-'));
// Below those that the operating system gives to connections, of which there are ten thousand here.
const httpPort = 20_000 + (process.pid % 6_000);
const mqttPort = httpPort + 6_000;
const ticks = Number(execFileSync('getconf', ['CLK_TCK']));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let hub = null;
let agent = null;
let generator = null;

try {
  const certificate = given.tls ? selfSigned() : null;
  agent = given.tls ? new https.Agent({ keepAlive: true, ca: certificate.cert }) : new http.Agent({ keepAlive: true });
  hub = await startHub(certificate);
  const devices = await provision();
  const plan = {
    port: mqttPort,
    devices,
    ca: certificate?.cert ?? null,
    resume: given.resume,
    firstMs: Number(given['first-ms']),
    longestMs: Number(given['longest-ms']),
    patienceMs: Number(given['patience-ms']),
  };
  const planFile = join(folder, 'plan.json');
  await writeFile(planFile, JSON.stringify(plan), { mode: 0o600 });
  generator = fork(join(root, 'bench/reconnect/devices.mjs'), [planFile]);
  generator.send({ kind: 'begin', perSecond: 500 });
  await untilServed(300);
  const rounds = [];
  for (let round = 0; round < Number(given.rounds); round += 1) {
    await pause(3_000);
    rounds.push(await storm(certificate));
  }
  report(rounds);
} finally {
  generator?.kill('SIGKILL');
  hub?.child.kill(given.profile === undefined ? 'SIGKILL' : 'SIGTERM');
  await hub?.ended;
  await rm(folder, { recursive: true, force: true });
}

async function storm(certificate) {
  const before = cpuSeconds(generator.pid);
  let hubBefore = cpuSeconds(hub.child.pid);
  let mainBefore = mainThreadSeconds(hub.child.pid);
  let downMs = null;
  let commitsBefore = await commits();
  if (given.how === 'kill') {
    const killed = performance.now();
    hub.child.kill('SIGKILL');
    await hub.ended;
    hub = await startHub(certificate);
    // What its start costs is stated elsewhere.
    hubBefore = cpuSeconds(hub.child.pid);
    mainBefore = mainThreadSeconds(hub.child.pid);
    commitsBefore = await commits();
    downMs = Math.round(performance.now() - killed);
    generator.send({ kind: 'arm' });
  } else generator.send({ kind: 'cut' });
  const lag = watchAnswers();
  const servedAll = await untilServed(Number(given['deadline-seconds']));
  const longestAnswerMs = await lag();
  const { times, counts, served } = await ask(true);
  times.sort((one, other) => one - other);
  const at = (fraction) => Math.round(times[Math.min(times.length - 1, Math.floor(fraction * times.length))] ?? Number.NaN);
  const hubCpuSeconds = cpuSeconds(hub.child.pid) - hubBefore;
  const mainSeconds = mainThreadSeconds(hub.child.pid) - mainBefore;
  return {
    how: given.how,
    tls: given.tls,
    resumed: counts.resumed,
    devices: count,
    served,
    servedAll,
    downMs,
    halfMs: at(0.5),
    p99Ms: at(0.99),
    allMs: servedAll ? at(1) : null,
    attempts: counts.attempts,
    hubCpuSeconds: round1(hubCpuSeconds),
    hubCpuMsPerDevice: Math.round((hubCpuSeconds / count) * 100_000) / 100,
    // Of that, on the thread that every connection goes through: no machine is done sooner than this.
    mainThreadMsPerDevice: Math.round((mainSeconds / count) * 100_000) / 100,
    generatorCpuSeconds: round1(cpuSeconds(generator.pid) - before),
    // Far fewer than devices: nothing of a connection is a transaction of its own.
    commits: (await commits()) - commitsBefore,
    longestAnswerMs,
    hubMegabytes: Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${hub.child.pid}/status`, 'utf8'))?.[1]) / 1000),
    reasons: counts.reasons,
  };
}

/** How long REST takes meanwhile. */
function watchAnswers() {
  let longest = 0;
  let going = true;
  const watching = (async () => {
    while (going) {
      const began = performance.now();
      await api('GET', '/devices?limit=1').catch(() => undefined);
      longest = Math.max(longest, performance.now() - began);
      await pause(50);
    }
  })();
  return async () => {
    going = false;
    await watching;
    return Math.round(longest);
  };
}

async function untilServed(seconds) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const { served, counts } = await ask(false);
    if (served >= count) return true;
    if (performance.now() > deadline) {
      process.stderr.write(`${served} of ${count} served after ${seconds} s: ${JSON.stringify(counts)}\n`);
      return false;
    }
    await pause(100);
  }
}

async function ask(times) {
  const answer = once(generator, 'message');
  generator.send({ kind: 'ask', times });
  return (await answer)[0];
}

async function startHub(certificate) {
  const readyFile = join(folder, 'ready.json');
  await rm(readyFile, { force: true });
  const door =
    certificate === null
      ? ['--mqtt', String(mqttPort)]
      : ['--mqtt', 'off', '--mqtts', String(mqttPort), '--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
  const settings = Object.fromEntries(
    given.set.map((pair) => [`MUSTER_${pair.split('=')[0].toUpperCase().replace(/[.-]/g, '_')}`, pair.split('=').slice(1).join('=')]),
  );
  const args = ['serve', '--data', join(folder, 'data'), '--http', String(httpPort), ...door, '--log-level', 'warn', '--ready-file', readyFile];
  const profile = given.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', given.profile];
  const child = spawn(process.execPath, [...profile, join(root, 'bin/run.js'), ...args], {
    stdio: ['ignore', 'ignore', openSync(join(folder, 'hub.log'), 'a')],
    env: { ...process.env, MUSTER_CONFIG_DIR: folder, XDG_CONFIG_HOME: folder, ...settings },
  });
  const ended = once(child, 'exit');
  for (;;) {
    const ready = await readFile(readyFile, 'utf8').then(JSON.parse, () => null);
    if (ready !== null) return { child, ended, token: ready.token };
    if (child.exitCode !== null) throw new Error(`the hub ended: ${readFileSync(join(folder, 'hub.log'), 'utf8').slice(-1000)}`);
    await pause(20);
  }
}

/** Over one connection that stays: what is measured is the hub's answer, not a handshake. */
function api(method, path, body, prefix = '/api/v1') {
  return new Promise((resolve, reject) => {
    const target = {
      host: '127.0.0.1',
      port: httpPort,
      path: `${prefix}${path}`,
      method,
      agent,
      headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
    };
    const outgoing = (given.tls ? https : http).request(target, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => (answer.statusCode < 300 ? resolve(text) : reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`))));
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Transactions so far. */
async function commits() {
  const text = await api('GET', '/metrics', undefined, '');
  return Number(/^muster_commit_seconds_count (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}

async function provision() {
  const made = Array.from({ length: count }, (_, index) => {
    const secret = randomBytes(32).toString('base64url');
    const id = randomBytes(10).toString('hex');
    return {
      id: `storm-${String(index).padStart(6, '0')}`,
      credential: id,
      secretHash: createHash('sha256').update(secret).digest('hex'),
      token: `msd_${id}_${secret}`,
    };
  });
  for (let at = 0; at < made.length; at += 500) {
    const devices = made
      .slice(at, at + 500)
      .map(({ id, credential, secretHash }) => ({ id, kind: 'gateway', credential: { kind: 'token', id: credential, secretHash } }));
    await api('POST', '/devices/batch', { mode: 'create', devices });
  }
  return made.map(({ id, token }) => ({ id, token }));
}

function selfSigned() {
  const [certFile, keyFile] = ['cert.pem', 'key.pem'].map((name) => join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', keyFile, '-out', certFile, ...subject],
    { stdio: 'ignore' },
  );
  return { certFile, keyFile, cert: execFileSync('cat', [certFile], { encoding: 'utf8' }) };
}

function cpuSeconds(pid) {
  return secondsIn(`/proc/${pid}/stat`);
}

function mainThreadSeconds(pid) {
  return secondsIn(`/proc/${pid}/task/${pid}/stat`);
}

function secondsIn(file) {
  const fields = readFileSync(file, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function round1(value) {
  return Math.round(value * 10) / 10;
}

function report(rounds) {
  if (given.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, rounds }, null, 2)}\n`);
    return;
  }
  for (const round of rounds)
    process.stdout.write(
      `${Object.entries(round)
        .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join('  ')}\n`,
    );
}
