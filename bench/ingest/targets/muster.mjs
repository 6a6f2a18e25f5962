// A hub as a user has it: a data directory on the disk, every device with its own token, its points declared, somebody watching the stream.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pathsOf } from '../generate.mjs';
import { end, until } from '../processes.mjs';

const READY_MS = 30_000;
const SETTLED_MS = 120_000;
const PROVISION_AT_ONCE = 8;
const DEFAULT_BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

/** `watch`: null, `one` (a subscriber of one device's points) or `all`. `nodeOptions`: for a profile. */
export async function startMuster({
  connections,
  points,
  watch = 'one',
  bin = DEFAULT_BIN,
  nodeOptions = [],
  rules = 0,
  name = rules > 0 ? `Muster, ${rules} rules` : 'Muster',
}) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-ingest-'));
  const readyFile = join(folder, 'ready.json');
  const hub = spawn(
    process.execPath,
    [...nodeOptions, bin, 'serve', '--data', join(folder, 'data'), '--http', '0', '--mqtt', '0', '--log-level', 'warn', '--ready-file', readyFile],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, XDG_CONFIG_HOME: folder, MUSTER_CONFIG_DIR: folder } },
  );
  let log = '';
  hub.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  let socket = null;
  const stop = async () => {
    socket?.close();
    await end(hub, 60_000);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { http, mqtt, token } = await until(
      'the start of the hub',
      async () => {
        if (hub.exitCode !== null) throw new Error('the hub did not start');
        const text = await readFile(readyFile, 'utf8').catch(() => '');
        return text === '' ? null : JSON.parse(text);
      },
      READY_MS,
    );
    const api = createApi(http.url, token);
    const devices = await provision(api, connections, points);
    for (let index = 0; index < rules; index += 1) await api('POST', '/rules', bandsRule(index));
    if (watch !== null) socket = await watchStream(http.url, token, watch === 'one' ? devices[0].id : null);
    return {
      name,
      port: mqtt.port,
      /** (method, path below /api/v1, body) */
      api,
      devices,
      processes: [{ name: 'hub', pid: hub.pid }],
      threads: () => readdir(`/proc/${hub.pid}/task`).catch(() => []),
      settled: () => until('the sample store', async () => (await api('GET', '/status')).storage.journalEntriesToApply === 0, SETTLED_MS, 5),
      stored: async () => (await api('GET', '/samples/count')).count,
      /** Memory of the hub, journal that waits for the sample store, and what the stream's subscriber did not get. */
      levels: async () => {
        const { process: own, storage, stream, ingest } = await api('GET', '/status');
        return {
          residentMb: Math.round(own.memoryBytes / 1048576),
          journalMb: Math.round(storage.journalBytes / 104857.6) / 10,
          journalEntries: storage.journalEntriesToApply,
          waiting: ingest.waiting,
          streamDropped: stream.dropped,
          eventLoopDelayP99Ms: own.eventLoopDelayP99Ms,
        };
      },
      stop,
      log: () => log,
    };
  } catch (error) {
    await stop();
    throw new Error(`the hub could not be measured; it said:\n${log}`, { cause: error });
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

/** Around all values of the generator: nothing is raised, as nearly always. */
function bandsRule(index) {
  const bands = [
    { level: 'warning', high: 1e9 + index, deadband: 2 },
    { level: 'critical', high: 2e9 },
    { level: 'minor', low: -1e9, deadband: '5%' },
  ];
  return { id: `bands-${index}`, scope: { type: 'bench', points: '*' }, when: { bands } };
}

async function provision(api, connections, points) {
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

async function watchStream(url, token, device) {
  const { default: WebSocket } = await import('ws');
  const address = new URL('/api/v1/stream', url.replace(/^http/, 'ws'));
  if (device !== null) address.searchParams.set('device', device);
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } });
  await once(socket, 'message');
  // It takes what comes; the cost that counts is the hub's.
  socket.on('message', () => undefined);
  return socket;
}
