// How fast a hub issues certificates (for public keys, and for requests that it has to check), makes a revocation list and revokes; and how fast devices log in with a certificate
// over MQTT with TLS, beside others with a token. See README.md.
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, end, until } from '../ingest/processes.mjs';
import { named, table } from '../ingest/table.mjs';

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '10000' }, connects: { type: 'string', default: '500' }, json: { type: 'boolean', default: false } },
});
const devices = Number(values.devices);
const connects = Math.min(Number(values.connects), devices);
const BATCH = 500;
const AT_ONCE = 20;
const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'muster-bench-certificates-'));
const [certFile, keyFile, readyFile] = ['cert.pem', 'key.pem', 'ready.json'].map((name) => join(folder, name));
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
execFileSync(
  'openssl',
  ['req', '-x509', ...newKey, '-days', '2', '-keyout', keyFile, '-out', certFile, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
  {
    stdio: 'ignore',
  },
);
const ca = await readFile(certFile);
const set = ['mqtt.connects-per-second-max=0', 'access.failures-per-address=1000000'].flatMap((one) => ['--set', one]);
const ports = ['--http', '0', '--mqtt', 'off', '--mqtts', '0', '--tls-cert', certFile, '--tls-key', keyFile];
const hub = spawn(process.execPath, [bin, 'serve', '--data', join(folder, 'data'), ...ports, '--log-level', 'warn', '--ready-file', readyFile, ...set], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, MUSTER_CONFIG_DIR: folder },
});
try {
  const ready = await until('the start of the hub', async () => JSON.parse((await readFile(readyFile, 'utf8').catch(() => '')) || 'null'), 30_000);
  const agent = new Agent({ keepAlive: true, ca });
  const api = (method, path, body) => ask(agent, `${ready.http.url.replace('127.0.0.1', 'localhost')}/api/v1${path}`, method, ready.token, body);
  await api('POST', '/cas', { kind: 'own', id: 'ca' });

  // Twice as many devices: a part of them has a certificate for a public key, the other for a request.
  const ids = (prefix) => Array.from({ length: devices }, (_, index) => `${prefix}-${index}`);
  for (const prefix of ['key', 'csr'])
    for (const chunk of chunks(ids(prefix))) await api('POST', '/devices/batch', { mode: 'create', devices: chunk.map((id) => ({ id })) });
  const keys = Array.from({ length: Math.max(connects, 100) }, () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
  const publicKeys = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }));
  const [csrFile, csrKey] = [join(folder, 'one.csr'), join(folder, 'one.key')];
  execFileSync('openssl', ['req', '-new', ...newKey, '-keyout', csrKey, '-out', csrFile, '-subj', '/O=ACME'], { stdio: 'ignore' });
  const csr = await readFile(csrFile, 'utf8');

  const issued = [];
  const rows = [];
  const issue = (prefix, keyOf) =>
    measured(`issue, for ${prefix === 'key' ? 'public keys' : 'requests'}`, devices, async () => {
      for (const chunk of chunks(ids(prefix).map((device, index) => ({ device, ...keyOf(index) })))) {
        const { items } = await api('POST', '/certificates/batch', { items: chunk });
        for (const item of items) {
          if (!item.ok) throw new Error(item.reason);
          if (prefix === 'key') issued.push(item.certificate);
        }
      }
    });
  rows.push(await issue('key', (index) => ({ publicKey: publicKeys[index % publicKeys.length] })));
  rows.push(await issue('csr', () => ({ csr })));

  const secrets = [];
  for (let index = 0; index < connects; index += 1) secrets.push((await api('POST', `/devices/key-${index}/credentials`, {})).secret);
  const papers = keys
    .slice(0, connects)
    .map(({ privateKey }, index) => ({ key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: issued[index].certificate }));
  rows.push(await measured('log in with a token', connects, () => logInAll((index) => ({ username: `key-${index}`, password: secrets[index] }))));
  rows.push(await measured('log in with a certificate', connects, () => logInAll((index) => papers[index])));
  const gone = issued.slice(0, Math.min(devices, 1000));
  rows.push(
    await measured('revoke, one by one', gone.length, async () => {
      for (const { fingerprint } of gone) await api('POST', `/certificates/${fingerprint}/revoke`, { reason: 'key-compromise' });
    }),
  );
  rows.push(await measured(`revocation list of ${gone.length}`, 1, () => api('GET', '/cas/ca/crl')));
  const about = { devices, connects, batch: BATCH };
  process.stdout.write(values.json ? `${JSON.stringify({ node: process.version, about, rows }, null, 2)}\n` : `${table(rows)}${named(about)}\n`);
  agent.destroy();

  async function logInAll(whoOf) {
    let next = 0;
    const worker = async () => {
      while (next < connects) await logIn(ready.mqtts.port, whoOf(next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
} finally {
  await end(hub, 30_000);
  await rm(folder, { recursive: true, force: true });
}

async function measured(what, count, work) {
  const cpuBefore = await cpuSeconds(hub.pid);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const cpu = (await cpuSeconds(hub.pid)) - cpuBefore;
  return {
    what,
    count,
    seconds: Math.round(seconds * 100) / 100,
    'a second': Math.round(count / seconds),
    'hub CPU, µs each': Math.round((cpu / count) * 1e6),
  };
}

/** TLS without resumption, CONNECT, CONNACK. */
function logIn(port, { username = '', password = '', key, cert }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port, ca, ...(key && { key, cert }) });
    socket.once('error', reject);
    socket.once('secureConnect', () => socket.write(connectPacket(username, password)));
    socket.once('data', (bytes) => {
      socket.destroy();
      if (bytes[3] === 0) resolve();
      else reject(new Error(`CONNACK ${bytes[3]}`));
    });
  });
}

function connectPacket(username, password) {
  const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
  const flags = 0x02 | (username ? 0x80 : 0) | (password ? 0x40 : 0);
  const body = Buffer.concat([
    Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, 0, 60]),
    text(randomBytes(6).toString('hex')),
    ...(username ? [text(username)] : []),
    ...(password ? [text(password)] : []),
  ]);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

function* chunks(items) {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}

function ask(agent, url, method, token, body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const sent = request(url, { method, agent, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.once('end', () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode >= 300) reject(new Error(`${method} ${url}: ${answer.statusCode} ${text.slice(0, 300)}`));
        else resolve(text.startsWith('{') ? JSON.parse(text) : text);
      });
    });
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
