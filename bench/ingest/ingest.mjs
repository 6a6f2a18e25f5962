// How much a hub takes over MQTT QoS 1, and how soon it says so. See README.md.
import { cpus } from 'node:os';
import { measure, measureStarted } from './measure.mjs';
import { readOptions } from './options.mjs';
import { named, table } from './table.mjs';
import { startBareServer } from './targets/bare-server.mjs';
import { startMuster } from './targets/muster.mjs';

const options = readOptions({
  rate: { type: 'string' },
  'half-load': { type: 'boolean', default: false },
  'half-seconds': { type: 'string', default: '20' },
  'no-reference': { type: 'boolean', default: false },
  rules: { type: 'string' },
});
const { connections, window, seconds, watch, rate = null, json } = options;
const HOUR_MS = 3_600_000;

const results = [];
for (const points of options.points) {
  const load = { points, connections, window, seconds, watch, rate };
  if (!options['no-reference'] && rate === null)
    results.push({ ...(await measure(startBareServer, { ...load, seconds: Math.min(seconds, 5) })), offered: null });
  results.push(...(await measureHub(load)));
  // The same once more with every point under so many rules with bands, and without, so that the machine's mood shows.
  if (options.rules !== undefined) {
    results.push(...(await measureHub({ ...load, rules: Number(options.rules) })));
    results.push(...(await measureHub(load)));
    results.push(...(await measureHub({ ...load, rules: Number(options.rules) })));
  }
}
if (json) process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, ...options, results }, null, 2)}\n`);
else print();

async function measureHub(load) {
  const hub = await startMuster(load);
  try {
    const full = await measureStarted(hub, load, reporter(load));
    if (!options['half-load']) return [{ ...full, offered: rate }];
    const half = Math.round((rate ?? full.messagesPerSecond) / 2);
    const halfLoad = { ...load, seconds: options['half-seconds'], rate: half };
    // Behind all times of the first run.
    const baseTime = Date.now() + HOUR_MS;
    return [
      { ...full, offered: rate },
      { ...(await measureStarted(hub, halfLoad, reporter(halfLoad), { before: full.pointsStored, baseTime })), target: 'half load', offered: half },
    ];
  } catch (error) {
    throw new Error(`${error.message}; the hub said:\n${hub.log()}`, { cause: error });
  } finally {
    await hub.stop();
  }
}

function reporter({ points, seconds: planned }) {
  let at = 0;
  return ({ messagesPerSecond, pointsPerSecond, p50Ms, p99Ms, maxMs, residentMb, journalMb, journalEntries }) => {
    at = Math.min(planned, at + 10);
    if (planned <= 10) return;
    const figures = { 'messages/s': messagesPerSecond, 'points/s': pointsPerSecond, p50: p50Ms, p99: p99Ms, max: maxMs, 'hub MB': residentMb };
    process.stderr.write(`${points} points, ${at} s: ${named(figures)}, journal ${journalMb} MB in ${journalEntries} entries\n`);
  };
}

function print() {
  const rows = results.map((row) => ({
    target: row.target,
    'points/msg': row.points,
    'offered msg/s': row.offered,
    'msg/s': row.messagesPerSecond,
    'points/s': row.pointsPerSecond,
    acknowledged: row.pointsAcknowledged,
    stored: row.pointsStored,
    'stored/s': row.storedPerSecond,
    'p50 ms': row.p50Ms,
    'p99 ms': row.p99Ms,
    'p99.9 ms': row.p999Ms,
    'max ms': row.maxMs,
    'cpu %': named(row.cpuPercent),
    'generator cpu %': row.generatorCpuPercent,
    'peak MB': row.peakMb,
  }));
  process.stdout.write(`MQTT QoS 1, ${connections} connections, window ${window}, ${seconds} s each, ${cpus().length} processors, Node ${process.version}\n`);
  process.stdout.write(table(rows));
  for (const { target, points, threadPercent } of results) {
    if (threadPercent !== null) process.stdout.write(`${target}, ${points} points, threads of the hub in %: ${named(threadPercent)}\n`);
  }
}
