// A hub beside what Debian's packages give (mosquitto, a subscriber, VictoriaMetrics), by the same generator, in turn. See README.md.
import { cpus } from 'node:os';
import { measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { median, named, table } from './table.mjs';
import { missingPeers, startMosquittoVictoria } from './targets/mosquitto-victoria.mjs';
import { startMuster } from './targets/muster.mjs';

const options = readOptions({ rounds: { type: 'string', default: '3' }, 'other-build': { type: 'string' } });
const { connections, window, seconds, rounds, watch, json } = options;
const FIGURES = ['messagesPerSecond', 'pointsPerSecond', 'storedPerSecond', 'p50Ms', 'p99Ms', 'cpuSecondsPerMillion', 'peakMb', 'generatorCpuPercent'];

// Another build of the hub (its bin/run.js) takes the place of the peer: before and after, in one run.
const other = options['other-build'];
const missing = other === undefined ? missingPeers() : [];
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: ${missing.join(' and ')} not installed (apt-get install ${missing.join(' ')}); the hub is measured alone\n`);
  if (process.env.MUSTER_REQUIRE_PEERS === '1') process.exit(1);
}
const starts = [startMuster];
if (other !== undefined) starts.push((load) => startMuster({ ...load, bin: other, name: 'other build' }));
else if (missing.length === 0) starts.push(startMosquittoVictoria);

const results = [];
for (let round = 1; round <= rounds; round += 1) {
  for (const points of options.points) {
    // Who is first changes with the round: neither always finds the machine warm.
    for (const start of round % 2 === 1 ? starts : starts.toReversed()) {
      const result = await measure(start, { points, connections, window, seconds, watch });
      results.push({ round, ...result });
      const { target, pointsPerSecond, storedPerSecond, p99Ms, cpuPercent } = result;
      process.stderr.write(
        `round ${round}, ${points} points, ${target}: ${pointsPerSecond} points/s, stored ${storedPerSecond}/s, p99 ${p99Ms} ms, cpu % ${named(cpuPercent)}\n`,
      );
    }
  }
}

const medians = options.points.flatMap((points) => {
  const own = results.filter((result) => result.points === points);
  return [...new Set(own.map(({ target }) => target))].map((target) => {
    const mine = own.filter((result) => result.target === target);
    return { target, points, rounds: mine.length, ...Object.fromEntries(FIGURES.map((name) => [name, median(mine.map((result) => result[name]))])) };
  });
});
const ratios =
  starts.length < 2
    ? []
    : options.points.map((points) => {
        const [hub, peer] = ['Muster', medians.find(({ target }) => target !== 'Muster').target].map((name) =>
          medians.find((row) => row.points === points && row.target === name),
        );
        const ratio = (name) => Math.round((hub[name] / peer[name]) * 100) / 100;
        return {
          points,
          acknowledged: ratio('pointsPerSecond'),
          stored: ratio('storedPerSecond'),
          cpuPerPoint: ratio('cpuSecondsPerMillion'),
          memory: ratio('peakMb'),
        };
      });

if (json) process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, ...options, results, medians, ratios }, null, 2)}\n`);
else print();

function print() {
  process.stdout.write(
    `MQTT QoS 1, ${connections} connections, window ${window}, medians of ${rounds} rounds of ${seconds} s, ${cpus().length} processors, Node ${process.version}\n`,
  );
  process.stdout.write(
    table(
      medians.map((row) => ({
        target: row.target,
        'points/msg': row.points,
        'msg/s': row.messagesPerSecond,
        'points/s': row.pointsPerSecond,
        'stored/s': row.storedPerSecond,
        'p50 ms': row.p50Ms,
        'p99 ms': row.p99Ms,
        'cpu s/million points': row.cpuSecondsPerMillion,
        'peak MB': row.peakMb,
        'generator cpu %': row.generatorCpuPercent,
      })),
    ),
  );
  const against = other === undefined ? 'mosquitto + VictoriaMetrics' : 'the other build';
  for (const { points, acknowledged, stored, cpuPerPoint, memory } of ratios) {
    process.stdout.write(
      `${points} points: Muster against ${against}: ${acknowledged} times the points acknowledged per second, ${stored} times stored; ${cpuPerPoint} times the processor time for a point, ${memory} times the memory\n`,
    );
  }
}
