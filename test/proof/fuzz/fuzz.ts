import type { ProbeAnswer } from '../actors/probe.ts';
import { type Actor, startActor } from '../actors/start-actor.ts';
import { createApplication, createClaim, createDevice } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import { watchMemory } from '../memory-watch.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { createScope } from '../scope.ts';
import { comesTrue, pause, rounded, slowdown } from '../waiting.ts';
import { minimise } from './minimise.ts';
import type { Room } from './packets.ts';
import { play } from './play.ts';
import { type Sequence, sequenceOf } from './sequence.ts';

const PLAYERS = 32;
/** Of the last ones, those that may have to do with a failure. */
const REMEMBERED = 400;
const LOOK_EVERY_MS = 1_000;
/** Of a machine that keeps up, with room: what is looked for is a hub that hangs. */
const ANSWER_MS_MAX = 5_000;
const MEMORY_BYTES_MAX = 1_000 * 1024 * 1024;
const DESCRIPTOR_SLACK = 30;
const DESCRIPTORS_BACK_MS = 30_000;
const ATTEMPTS_MAX = 12;
const HEX_MAX = 2_000;

export const fuzz: Proof = {
  name: 'fuzz',
  summary: 'seeded sequences of packets, frames and requests, valid and not: the hub lives on, and everybody else is served',
  short: { rounds: 0, seconds: 5 },
  long: { rounds: 0, seconds: 600 },
  async run(run) {
    const half = { ...run, seconds: run.seconds / 2 };
    const guarded = await throwAt(half, false);
    const open = await throwAt({ ...half, seed: run.seed + 1 }, true);
    return { ...prefixed('guarded', guarded), ...prefixed('open', open) };
  },
};

function prefixed(name: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([what, value]) => [`${name} ${what}`, value]));
}

/** `open`: without credentials every topic is allowed, and more of the broker is reached. */
async function throwAt(run: ProofRun, open: boolean): Promise<Figures> {
  const { findings, seed, seconds, say } = run;
  const scope = createScope();
  run.scope.defer(() => scope.close());
  const hub = await createHubProcess(scope, {
    settings: {
      MQTT_OPEN: String(open),
      ACCESS_FAILURES_PER_ADDRESS: 1_000_000_000,
      ACCESS_FAILURES_PER_ACCOUNT: 1_000_000_000,
      MQTT_CONNECT_TIMEOUT_MS: 2_000,
      STORAGE_MEMORY_BYTES: 256 * 1024 * 1024,
    },
  });
  await hub.start();
  const room = await roomOf(hub, open);
  const probe = await startActor(scope, 'probe');
  const own = await createDevice(hub, 'well-behaved');
  await probe.ask({ do: 'begin', port: hub.mqttPort, url: hub.url, credentials: open ? null : own, device: 'well-behaved' });
  const descriptors = hub.descriptors();
  const memory = watchMemory(scope, hub);
  const recent: Sequence[] = [];
  let next = 0;
  let playing = true;
  let worst = 0;
  const player = async () => {
    while (playing) {
      const sequence = sequenceOf(seed, next++, room);
      recent.push(sequence);
      if (recent.length > REMEMBERED) recent.shift();
      await play(hub, sequence);
    }
  };
  const before = findings.count;
  const players = Array.from({ length: PLAYERS }, player);
  const endsAt = performance.now() + seconds * 1000;
  while (performance.now() < endsAt && findings.count === before) {
    await pause(LOOK_EVERY_MS);
    worst = Math.max(worst, await look(run, hub, probe));
  }
  const suspects = [...recent];
  playing = false;
  await Promise.all(players);
  if (hub.isRunning()) {
    await look(run, hub, probe);
    if (memory.maxBytes() > MEMORY_BYTES_MAX)
      findings.add(`the hub took more than ${MEMORY_BYTES_MAX / 2 ** 20} MB`, `${rounded(memory.maxBytes() / 2 ** 20)} MB`);
    if (!(await comesTrue(() => hub.descriptors() <= descriptors + DESCRIPTOR_SLACK, DESCRIPTORS_BACK_MS, 100)))
      findings.add('descriptors do not come back', `${descriptors} before, ${hub.descriptors()} after`);
    const complaints = [...new Set(hub.complaints().map(withoutTime))];
    for (const line of complaints) findings.add('the hub logged an error that a client caused', line.slice(0, 600));
  }
  const maxBytes = memory.maxBytes();
  if (findings.count > before) await explain(run, hub, suspects, next);
  say(`fuzz: ${next} sequences${open ? ' without credentials' : ''}`);
  await scope.close();
  return { sequences: next, 'slowest answer ms': rounded(worst), 'memory max MB': rounded(maxBytes / 2 ** 20) };
}

async function roomOf(hub: HubProcess, open: boolean): Promise<Room> {
  const devices = ['fuzz-a', 'fuzz-b', 'fuzz-c'];
  const credentials = await Promise.all(devices.map((id) => createDevice(hub, id)));
  const application = await createApplication(hub, 'fuzz-app');
  const claim = await createClaim(hub, 'fuzz-claim');
  return { devices: [...devices, 'nobody', '..'], credentials: open ? [null, application] : [...credentials, application, claim, null] };
}

/** Asks the hub and its well-behaved client how they are. Gives the slowest answer in ms. */
async function look({ findings }: ProofRun, hub: HubProcess, probe: Actor): Promise<number> {
  if (!hub.isRunning()) {
    findings.add('the hub ended', hub.log().trim().split('\n').slice(-5).join(' | ').slice(-1_500));
    return 0;
  }
  const { acknowledged, maxMs, failed, cuts, httpFailed, httpMaxMs } = await probe.ask<ProbeAnswer>({ do: 'tell' });
  if (!hub.isRunning()) return 0;
  const { status } = await hub.api('GET', '/health/ready').catch(() => ({ status: 0 }));
  if (status !== 200 && hub.isRunning()) findings.add('the hub is not healthy', String(status));
  if (failed > 0 || cuts > 0) findings.add('a well-behaved client was refused or cut off', `${failed} refused, ${cuts} cuts`);
  if (httpFailed > 0) findings.add('the API did not answer', `${httpFailed} times`);
  const slowest = Math.max(acknowledged > 0 ? maxMs : 0, httpMaxMs);
  const allowed = ANSWER_MS_MAX * slowdown();
  if (slowest > allowed)
    findings.add(`an answer took longer than ${ANSWER_MS_MAX} ms`, `${rounded(slowest)} ms, where ${rounded(allowed)} ms are allowed on this machine now`);
  return slowest;
}

/** What has to be known to see it again; the sequences alone when they are enough. */
async function explain({ say, seed, findings }: ProofRun, hub: HubProcess, suspects: readonly Sequence[], count: number): Promise<void> {
  for (const sentence of findings.sentences()) say(`fuzz: ${sentence}`);
  say(`fuzz: failed with seed ${seed}; ${count} sequences had begun, the last of them ${suspects.at(-1)?.number}`);
  let found: readonly Sequence[] = suspects.slice(-3);
  if (!hub.isRunning()) {
    const dies = async (some: readonly Sequence[]) => {
      await hub.kill();
      await hub.start();
      for (const sequence of some) await play(hub, sequence);
      return comesTrue(() => !hub.isRunning(), 500);
    };
    if (await dies(suspects)) {
      found = await minimise(suspects, dies, ATTEMPTS_MAX);
      say(`fuzz: the hub dies of ${found.length} of them`);
    } else say('fuzz: the last sequences alone, one after the other, do not kill it');
  }
  for (const { number, door, end, writes } of found)
    say(
      `  sequence ${number} to ${door}, then ${end}: ${Buffer.concat(writes as Buffer[])
        .toString('hex')
        .slice(0, HEX_MAX)}`,
    );
}

function withoutTime(line: string): string {
  return line.replace(/"time":\d+,?/, '');
}
