import type { LoadPlan, LoadResult } from '../actors/load.ts';
import { LOAD_FROM } from '../actors/load-payload.ts';
import type { ProbeAnswer } from '../actors/probe.ts';
import { type Actor, startActor } from '../actors/start-actor.ts';
import { type Credentials, createDevice, samplesOf } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import { watchMemory } from '../memory-watch.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { pause, rounded } from '../waiting.ts';

const CONNECTIONS = 40;
const WINDOW = 50;
const HTTP_DEVICES = 4;
const HTTP_WINDOW = 20;
const GREEDY_DEVICES = 2;
const MEASURE_SECONDS = 4;
const POINTS = 10;
const TIMES_CAPACITY = 3;
/** Of the hub, with 256 MB for the sample store. */
const MEMORY_BYTES_MAX = 1_000 * 1024 * 1024;
const STORE_MEMORY_BYTES = 256 * 1024 * 1024;
/** Of what is accepted, under three times the load and beside its own generator; more on a machine that is slow already before it. */
const ACCEPTED_P99_MS_MAX = 5_000;
const USUAL_P50_MS = 20;
const SLOWNESS_MAX = 4;
const NORMAL_WITHIN_MS = 10_000;
/** A lone device on a machine that has other things to do. */
const NORMAL_P50_MS = 150;

export const overload: Proof = {
  name: 'overload',
  summary: 'three times the load that it holds: memory and latency bounded, nothing acknowledged lost, normal again in seconds',
  short: { rounds: 0, seconds: 6 },
  long: { rounds: 0, seconds: 60 },
  run: offerTooMuch,
};

async function offerTooMuch(run: ProofRun): Promise<Figures> {
  const { scope, findings, seconds, say } = run;
  const hub = await createHubProcess(scope, { settings: { STORAGE_MEMORY_BYTES: STORE_MEMORY_BYTES } });
  await hub.start();
  const fleets = [await devicesOf(hub, 'left', CONNECTIONS / 2), await devicesOf(hub, 'right', CONNECTIONS / 2)] as const;
  const web = await devicesOf(hub, 'web', HTTP_DEVICES);
  const greedy = await devicesOf(hub, 'greedy', GREEDY_DEVICES);
  const [left, right, http, flood, probe] = await Promise.all([
    startActor(scope, 'load'),
    startActor(scope, 'load'),
    startActor(scope, 'load'),
    startActor(scope, 'load'),
    startActor(scope, 'probe'),
  ]);
  const load = (actor: Actor, more: Pick<LoadPlan, 'devices'> & Partial<LoadPlan>) =>
    actor.ask<LoadResult>({ protocol: 'mqtt', port: hub.mqttPort, window: WINDOW, perSecond: null, points: POINTS, seconds: MEASURE_SECONDS, ...more });
  const tell = () => probe.ask<ProbeAnswer>({ do: 'tell' });
  await probe.ask({ do: 'begin', port: hub.mqttPort, url: hub.url, credentials: await createDevice(hub, 'probe'), device: 'probe' });
  await pause(1_000);
  const before = await tell();
  const p99MsMax = ACCEPTED_P99_MS_MAX * Math.min(SLOWNESS_MAX, Math.max(1, before.p50Ms / USUAL_P50_MS));

  const held = await Promise.all([load(left, { devices: fleets[0] }), load(right, { devices: fleets[1] })]);
  const capacity = held.reduce((sum, { perSecond }) => sum + perSecond, 0);
  say(`overload: it holds ${capacity} messages/s of ${POINTS} values`);
  await tell();

  const memory = watchMemory(scope, hub);
  const share = (part: number) => ({ perSecond: capacity * TIMES_CAPACITY * part, seconds });
  const [one, two, three, four] = await Promise.all([
    load(left, { devices: fleets[0], ...share(0.35) }),
    load(right, { devices: fleets[1], ...share(0.35) }),
    load(http, { protocol: 'http', port: Number(new URL(hub.url).port), devices: web, window: HTTP_WINDOW, ...share(0.1) }),
    // Whoever does not wait for answers is held back by the socket alone; what lies in its buffers waits as long as it does.
    load(flood, { devices: greedy, window: null, ...share(0.2) }),
  ]);
  const during = await tell();
  const normalAfterMs = await untilNormal(tell, before.p50Ms, findings);

  const waiting = [one, two, three];
  const p99 = Math.max(...waiting.map(({ p99Ms }) => p99Ms));
  if (!(p99 <= p99MsMax)) findings.add(`p99 of what was accepted is above its bound`, waiting.map(({ p99Ms }) => `${rounded(p99Ms)} ms`).join(', '));
  if (!(during.p99Ms <= p99MsMax))
    findings.add(`p99 of a lone device is above its bound under overload`, `${rounded(during.p99Ms)} of ${rounded(p99MsMax)} ms`);
  if (during.cuts > 0) findings.add('a well-behaved device was cut off under overload', `${during.cuts} times`);
  if (during.failed > 0) findings.add('a lone device was refused under overload', `${during.failed} of ${during.failed + during.acknowledged}`);
  if (during.httpFailed > 0) findings.add('the API did not answer under overload', `${during.httpFailed} of ${during.httpFailed + during.httpAnswered}`);
  if (memory.maxBytes() > MEMORY_BYTES_MAX)
    findings.add(`the hub took more than ${MEMORY_BYTES_MAX / 2 ** 20} MB`, `${rounded(memory.maxBytes() / 2 ** 20)} MB`);
  const all = [...waiting, four];
  for (const device of all.flatMap(({ devices }) => devices)) await compareDevice(hub, device, findings);
  const offered = all.reduce((sum, result) => sum + result.offered, 0) / seconds;
  if (offered < capacity * 2) findings.add('the generator could not offer twice what the hub holds', `${rounded(offered)}/s of ${capacity}/s`);
  const complaints = hub.complaints();
  if (complaints.length > 0) findings.add('the hub logged errors', complaints[0]);
  return {
    'holds /s': capacity,
    'offered /s': rounded(offered),
    'taken /s': all.reduce((sum, { perSecond }) => sum + perSecond, 0),
    refused: all.reduce((sum, { refused }) => sum + refused, 0),
    'p99 MQTT ms': rounded(Math.max(one.p99Ms, two.p99Ms)),
    'p99 HTTP ms': rounded(three.p99Ms),
    'p99 without window ms': rounded(four.p99Ms),
    'lone device p50 before, p99 during ms': `${rounded(before.p50Ms, 1)}, ${rounded(during.p99Ms)}`,
    'normal after ms': rounded(normalAfterMs),
    'memory max MB': rounded(memory.maxBytes() / 2 ** 20),
  };
}

async function devicesOf(hub: HubProcess, name: string, count: number): Promise<readonly Credentials[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => createDevice(hub, `${name}-${index}`)));
}

/** Half a second in which the lone device is served as before any load. */
async function untilNormal(tell: () => Promise<ProbeAnswer>, beforeMs: number, findings: ProofRun['findings']): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    await pause(500);
    const { acknowledged, p50Ms } = await tell();
    const elapsed = performance.now() - startedAt;
    if (acknowledged > 5 && p50Ms < Math.max(NORMAL_P50_MS, 3 * beforeMs)) return elapsed;
    if (elapsed < NORMAL_WITHIN_MS) continue;
    findings.add(`the hub is not back to normal within ${NORMAL_WITHIN_MS} ms`, `${acknowledged} acknowledged, p50 ${rounded(p50Ms)} ms`);
    return elapsed;
  }
}

/** Each report has a time of its own: what was acknowledged is there, and nothing that was never sent. */
async function compareDevice(hub: HubProcess, { id, sent, unacknowledged }: LoadResult['devices'][number], findings: ProofRun['findings']): Promise<void> {
  const samples = await samplesOf(hub, id, 'load');
  const open = new Set(unacknowledged);
  const found = new Set<number>();
  for (const { time, value } of samples) {
    const number = time - LOAD_FROM;
    if (value !== number || number < 0 || number >= sent) findings.add('a sample is not what was sent', `${id}: ${time} is ${String(value)}`);
    if (found.has(number)) findings.add('a sample is there twice', `${id}: ${number}`);
    found.add(number);
  }
  for (let number = 0; number < sent; number += 1)
    if (!found.has(number) && !open.has(number)) findings.add('an acknowledged sample was lost', `${id}: ${number} of ${sent}`);
}
