// How soon a hub answers what people ask most. See README.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const muster = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const { values: given } = parseArgs({
  options: { runs: { type: 'string', default: '50' }, cold: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const MINUTES = 365 * 1440;
const DEVICES = 1000;
const BUCKETS = 500;
const AT_ONCE = 8;
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-query-'));
const to = Math.floor(Date.now() / 86_400_000) * 86_400_000;
const from = to - MINUTES * 60_000;
const width = Math.ceil((MINUTES * 60_000) / BUCKETS);
const year = (aggregate) => `/devices/device-0/aggregate?point=temperature&from=${from}&to=${to}&everyMs=${width}&originMs=${from}&aggregate=${aggregate}`;
const chosen = (method) => `/devices/device-0/downsample?point=temperature&from=${from}&to=${to}&points=${BUCKETS}&method=${method}`;
let hub = await start();
const results = [];
try {
  await fill(hub.api);
  await hub.api('POST', '/storage/compact', { all: true });
  for (const aggregate of ['avg', 'max', 'last']) {
    const cold = [];
    for (let run = 0; run < Number(given.cold); run++) {
      await hub.stop();
      hub = await start();
      cold.push(await timed(() => hub.api('GET', year(aggregate))));
    }
    results.push({
      question: `a year of minutes in ${BUCKETS} buckets: ${aggregate}`,
      ...figures(cold, await repeated(() => hub.api('GET', year(aggregate)))),
    });
  }
  // The hub remembers what files told: a range that nobody asked for before has to be read.
  let moved = 0;
  const anew = () => hub.api('GET', year('avg').replace(`from=${from}`, `from=${from + ++moved * 60_000}`));
  results.push({ question: 'the same, another range each time: avg', ...figures([], await repeated(anew)) });
  results.push({ question: 'a year of minutes as 500 samples: minmax', ...figures([], await repeated(() => hub.api('GET', chosen('minmax')))) });
  results.push({ question: 'a year of minutes as 500 samples: lttb', ...figures([], await repeated(() => hub.api('GET', chosen('lttb')))) });
  const newest = async () => {
    const { items } = await hub.api('GET', `/points?point=state&limit=${DEVICES}`);
    if (items.length !== DEVICES || items.some(({ latest }) => latest === null)) throw new Error(`${items.length} newest values`);
  };
  results.push({ question: `newest value of ${DEVICES} devices`, ...figures([], await repeated(newest)) });
} finally {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
}
if (given.json) process.stdout.write(`${JSON.stringify({ node: process.version, results })}\n`);
else
  for (const { question, coldP95Ms, p50Ms, p95Ms } of results)
    process.stdout.write(
      `${question.padEnd(45)} p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms${coldP95Ms === null ? '' : `, right after a start ${coldP95Ms.toFixed(1)} ms`}\n`,
    );

async function start() {
  const readyFile = join(folder, 'ready.json');
  await rm(readyFile, { force: true });
  const child = spawn(
    process.execPath,
    [muster, 'serve', '--data', join(folder, 'data'), '--http', '0', '--mqtt', '0', '--log-level', 'error', '--ready-file', readyFile],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, XDG_CONFIG_HOME: folder, MUSTER_CONFIG_DIR: folder },
    },
  );
  const ended = once(child, 'exit');
  let ready = null;
  while (ready === null) {
    if (child.exitCode !== null) throw new Error('the hub did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
    ready = await readFile(readyFile, 'utf8').then(JSON.parse, () => null);
  }
  const { http, token } = ready;
  return {
    async api(method, path, body) {
      const answer = await fetch(`${http.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function fill(api) {
  const devices = Array.from({ length: DEVICES }, (_, index) => `device-${index}`);
  const each = async (list, work) => {
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < list.length) await work(list[next++]);
      }),
    );
  };
  await each(devices, async (id) => {
    await api('POST', '/devices', { id });
    await api('POST', `/devices/${id}/report`, [{ ts: to - 60_000, values: { state: 1 } }]);
  });
  const step = 5_000;
  await each(
    Array.from({ length: Math.ceil(MINUTES / step) }, (_, index) => index * step),
    (first) =>
      api(
        'POST',
        '/devices/device-0/report',
        Array.from({ length: Math.min(step, MINUTES - first) }, (_, index) => ({
          ts: from + (first + index) * 60_000,
          values: { temperature: Math.round(200 + 50 * Math.sin((first + index) / 1440) + 10 * Math.random()) / 10 },
        })),
      ),
  );
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function repeated(work) {
  await work();
  const times = [];
  for (let run = 0; run < Number(given.runs); run++) times.push(await timed(work));
  return times;
}

function figures(cold, warm) {
  const at = (times, share) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null;
  return { coldP95Ms: at(cold, 0.95), p50Ms: at(warm, 0.5), p95Ms: at(warm, 0.95) };
}
