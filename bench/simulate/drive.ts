import { connectFleet, member } from '../../src/lib/simulation/fleet-connection.ts';
import { planSyntheticFleet, syntheticPoints } from '../../src/lib/simulation/fleet-plan.ts';
import { runStages } from '../../src/lib/simulation/runner.ts';
import { createSyntheticSources } from '../../src/lib/simulation/synthetic-gateway.ts';
import { createTally } from '../../src/lib/simulation/tally.ts';

export interface DriveOptions {
  readonly url: string;
  readonly gateways: number;
  readonly seconds: number;
  readonly rates: readonly number[];
}

const POINTS = 10;

/** One row for each rate (messages per second asked for). */
export async function drive({ url, gateways, seconds, rates }: DriveOptions) {
  const plan = planSyntheticFleet({ run: 'bench', gateways, points: POINTS, childrenPerGateway: 0 });
  const sources = createSyntheticSources({ plan, points: syntheticPoints(POINTS), seed: 1, valuesPerMessage: null });
  const signal = new AbortController().signal;
  const rows = [];
  for (const rate of rates) {
    const tally = createTally();
    const before = process.memoryUsage().rss;
    const fleet = await connectFleet({
      url,
      trust: null,
      identities: plan.gateways.map(({ id }) => ({ deviceId: id, secret: 'none' })),
      protocol: 'mqtt',
      qos: 1,
      payload: 'json',
      inFlightMax: 50,
      bufferMax: 500,
      connectTimeoutMs: 10_000,
      tally,
      random: Math.random,
      signal,
    });
    const connected = process.memoryUsage().rss;
    const cpu = process.cpuUsage();
    const start = performance.now();
    const { health } = await runStages({
      stages: [{ name: String(rate), durationMs: seconds * 1000, intervalMs: (gateways / rate) * 1000, gateways }],
      signal,
      fire(index, time) {
        const gateway = fleet.gateways[index];
        if (gateway) for (const { device, values } of sources[index]?.(time) ?? []) void member(gateway, device).report(values, { time });
      },
    });
    const elapsedMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const acknowledged = tally.acknowledged.messages;
    await fleet.finish(10_000, 10_000);
    const { p50, p99 } = tally.acknowledgeTime.summary();
    rows.push({
      askedPerSecond: rate,
      acknowledgedPerSecond: Math.round(acknowledged / (elapsedMs / 1000)),
      p50Ms: p50,
      p99Ms: p99,
      lagP99Ms: health.lagMs.p99,
      missed: health.missed,
      dropped: tally.dropped.messages,
      limited: health.limited || tally.dropped.messages > 0,
      cpuPercent: Math.round((user + system) / 10 / elapsedMs),
      kilobytesPerGateway: Math.max(0, Math.round((connected - before) / 1000 / gateways)),
    });
  }
  return rows;
}
