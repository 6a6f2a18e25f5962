import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pause } from '../cli/pause.ts';
import { createLatency, type LatencySummary } from './latency.ts';
import { createTickWheel } from './tick-wheel.ts';

/** A part of a run with one load. A scenario is a list of them. */
export interface Stage {
  readonly name: string;
  /** null: until the signal */
  readonly durationMs: number | null;
  readonly intervalMs: number;
  /** The first so many gateways of the fleet send. */
  readonly gateways: number;
}

export interface RunnerOptions {
  readonly stages: readonly Stage[];
  /** Sends what gateway number `gateway` reports for `time` (ms since 1970). Must not wait: the load is open-loop. */
  readonly fire: (gateway: number, time: number) => void;
  readonly signal: AbortSignal;
}

/** Whether the load generator kept its own schedule. If not, its figures say nothing about the hub. */
export interface GeneratorHealth {
  /** How late reports were made, ms. */
  readonly lagMs: LatencySummary;
  /** Reports skipped because the generator was more than an interval (and a second) late. */
  readonly missed: number;
  /** 99th percentile of the delay of this process's event loop, ms. */
  readonly eventLoopDelayMs: number;
  readonly limited: boolean;
}

export interface StageResult {
  readonly name: string;
  readonly elapsedMs: number;
  readonly fired: number;
  readonly missed: number;
}

export interface RunnerResult {
  readonly stages: readonly StageResult[];
  readonly health: GeneratorHealth;
}

/** After so long without a pause, sockets and timers get their turn. */
const TURN_MS = 8;
const CATCH_UP_MS = 1_000;
/** Lag up to half an interval changes no load, but shorter than this is the noise of a timer, and longer is no small thing. */
const LAG_NOISE_MS = 50;
const LAG_BEARABLE_MS = 100;

export async function runStages({ stages, fire, signal }: RunnerOptions): Promise<RunnerResult> {
  const loopDelay = monitorEventLoopDelay({ resolution: 10 });
  loopDelay.enable();
  const lag = createLatency();
  const results: StageResult[] = [];
  for (const stage of stages) {
    if (signal.aborted) break;
    results.push(await runStage(stage, fire, signal, (ms) => lag.record(ms)));
  }
  loopDelay.disable();
  const missed = results.reduce((sum, result) => sum + result.missed, 0);
  const shortest = Math.min(...stages.map((stage) => stage.intervalMs));
  const lagMs = lag.summary();
  return {
    stages: results,
    health: {
      lagMs,
      missed,
      // The monitor counts its own resolution as delay.
      eventLoopDelayMs: Math.max(0, Math.round(loopDelay.percentile(99) / 1e5) / 10 - 10),
      limited: missed > 0 || (lagMs.p99 ?? 0) > Math.max(LAG_NOISE_MS, Math.min(LAG_BEARABLE_MS, shortest / 2)),
    },
  };
}

async function runStage(stage: Stage, fire: RunnerOptions['fire'], signal: AbortSignal, recordLag: (ms: number) => void): Promise<StageResult> {
  const wheel = createTickWheel(stage.gateways, stage.intervalMs);
  const start = performance.now();
  const startTime = Date.now();
  const end = stage.durationMs ?? Number.POSITIVE_INFINITY;
  let fired = 0;
  let missed = 0;
  let turnStart = start;
  for (let tick = 0; !signal.aborted; tick += 1) {
    const due = wheel.dueAt(tick);
    if (due >= end) break;
    const early = due - (performance.now() - start);
    if (early > 0) {
      await pause(early, signal);
      turnStart = performance.now();
      if (signal.aborted) break;
    } else if (performance.now() - turnStart > TURN_MS) {
      await new Promise(setImmediate);
      turnStart = performance.now();
    }
    const late = Math.max(0, performance.now() - start - due);
    const members = wheel.membersAt(tick);
    recordLag(late);
    // An interval late and more (a laptop that slept): a burst of all that was missed would be a load nobody asked for.
    if (late > Math.max(stage.intervalMs, CATCH_UP_MS)) {
      missed += members.length;
      continue;
    }
    for (const member of members) fire(member, Math.round(startTime + due));
    fired += members.length;
  }
  // The last interval belongs to the stage too.
  if (!signal.aborted && Number.isFinite(end)) await pause(end - (performance.now() - start), signal);
  return { name: stage.name, elapsedMs: performance.now() - start, fired, missed };
}
