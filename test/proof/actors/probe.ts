import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Client, signIn } from '../client.ts';
import type { Credentials } from '../fleet.ts';
import { pause, quantile } from '../waiting.ts';
import { answer } from './answer.ts';

/** A well-behaved device: one report after the other over MQTT 5, QoS 1, and the question for the time over HTTP beside it. */
export type ProbeQuestion =
  | { readonly do: 'begin'; readonly port: number; readonly url: string; readonly credentials: Credentials | null; readonly device: string }
  /** What it saw since the last time it was asked. */
  | { readonly do: 'tell' };

export interface ProbeAnswer {
  readonly acknowledged: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Reports that were refused, or not answered in time. */
  readonly failed: number;
  /** Connections that broke. */
  readonly cuts: number;
  readonly httpAnswered: number;
  readonly httpFailed: number;
  readonly httpMaxMs: number;
  /** How late its own timers were (p99): what the machine alone is to blame for. */
  readonly lagP99Ms: number;
  /** Of all reports so far: the highest number acknowledged plus one, and how many were. */
  readonly sent: number;
  readonly acknowledgedEver: number;
}

const EVERY_MS = 10;
const HTTP_EVERY_MS = 50;
const PATIENCE_MS = 20_000;
let latencies: number[] = [];
let seen = { failed: 0, cuts: 0, httpAnswered: 0, httpFailed: 0, httpMaxMs: 0 };
let sent = 0;
let acknowledgedEver = 0;
let client: Client | null = null;
const lag = monitorEventLoopDelay({ resolution: 10 });
lag.enable();

answer<ProbeQuestion>(async (question) => {
  if (question.do === 'begin') {
    const { credentials, port } = question;
    client = await signIn(port, credentials, { clientId: 'probe' });
    if (client === null) throw new Error('the probe was not let in');
    void report(question);
    void ask(question.url);
    return {};
  }
  const told: ProbeAnswer = {
    acknowledged: latencies.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    ...seen,
    lagP99Ms: lag.percentile(99) / 1e6,
    sent,
    acknowledgedEver,
  };
  latencies = [];
  lag.reset();
  seen = { failed: 0, cuts: 0, httpAnswered: 0, httpFailed: 0, httpMaxMs: 0 };
  return told;
});

async function report({ port, credentials, device }: Extract<ProbeQuestion, { readonly do: 'begin' }>): Promise<void> {
  const base = Date.UTC(2025, 0, 1);
  for (;;) {
    if (client === null || client.isClosed()) {
      seen.cuts += 1;
      client = await signIn(port, credentials, { clientId: 'probe' });
      if (client === null) {
        await pause(50);
        continue;
      }
    }
    const number = sent++;
    const startedAt = performance.now();
    const code = await client.publish(`devices/${device}/report`, `{"ts":${base + number},"values":{"probe":${number}}}`, { deadlineMs: PATIENCE_MS });
    if (code === 0) {
      acknowledgedEver += 1;
      latencies.push(performance.now() - startedAt);
    } else seen.failed += 1;
    await pause(EVERY_MS);
  }
}

async function ask(url: string): Promise<void> {
  for (;;) {
    const startedAt = performance.now();
    try {
      const response = await fetch(`${url}/api/v1/time`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      await response.arrayBuffer();
      if (response.status === 200) seen.httpAnswered += 1;
      else seen.httpFailed += 1;
    } catch {
      seen.httpFailed += 1;
    }
    seen.httpMaxMs = Math.max(seen.httpMaxMs, performance.now() - startedAt);
    await pause(HTTP_EVERY_MS);
  }
}
