import { createRandom, type Random, seedFor } from '../../../src/lib/simulation/random.ts';
import { makeCertificate } from '../certificate.ts';
import { type Credentials, createApplication, createDevice } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import { type Door, doorsOf, tcpDoor } from '../mqtt/doors.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { comesTrue, pause, quantile, rounded } from '../waiting.ts';
import { compareStored } from './compare-stored.ts';
import { createDoomed, DOOMED, type Doomed, FAREWELLS } from './doomed.ts';
import { createMosquitto, type Mortal } from './mortal.ts';
import { createPhoenix, type Phoenix } from './phoenix.ts';
import { retainedOn } from './retained.ts';
import { createHttpSender, createMqttSender, type Sender } from './senders.ts';
import { clearing, clears, FORGETFUL_POINT, forgetful, mixed, numberIn, type Shape, timed, untimed } from './shapes.ts';
import { caughtUp, createSubscriber, judge, judgeShared, type Subscriber } from './subscriber.ts';
import { createWatched, type Watched } from './watched/watched.ts';

const LAST_ANSWERS_MS = 60_000;
const LAST_WILLS_MS = 30_000;
const ALIVE_MS_MAX = 900;
/** Of the rounds, those in which the process dies before it has taken traffic. */
const DIES_EARLY = 0.15;
const SUBSCRIBER_AWAY = 0.3;
/** Rounds in which the process is stopped for a while before it dies, and those of them in which it dies without waking up. */
const FROZEN = 0.2;
const FROZEN_MS_MAX = 1_500;
const DIES_FROZEN = 0.5;
const LOST_ALONE = 0.3;
const WILL_GRACE_SECONDS = 1;
/** Of the processor's time, which a machine that has much else to do does not change. */
const RESTART_PROCESSOR_MS_MAX = 5_000;
/** By the clock; or so many times what the processor took for it, on a machine that is that busy. */
const RESTART_MS_MAX = 20_000;
const BUSY_MAX = 20;

export const kill: Proof = {
  name: 'kill',
  summary: 'kill -9 at random moments: what was acknowledged is there, once, and reached who subscribed',
  // All 8 rounds unless the machine is far too busy for that.
  short: { rounds: 8, seconds: 60 },
  long: { rounds: 200, seconds: 0 },
  run: killHub,
};

/** The same, of a broker that is known to lose what it acknowledged: a check of the check. */
export const killMosquitto: Pick<Proof, 'run'> = {
  async run(run) {
    const broker = await createMosquitto(run.scope);
    await broker.start();
    return killAgainAndAgain(run, broker, await fleetOf(run, broker, async () => null), null);
  },
};

async function killHub(run: ProofRun): Promise<Figures> {
  const queue = { MQTT_SESSION_MESSAGES_MAX: 1_000_000, MQTT_SESSION_BYTES_MAX: 1_000_000_000, MQTT_RESTART_WILL_GRACE_SECONDS: WILL_GRACE_SECONDS };
  // So small and often that each life of the hub moves samples to files, deletes some, and empties its journal.
  const storage = { STORAGE_COMPACT_INTERVAL_MS: 400, STORAGE_HOT_SAMPLES_MAX: 500, STORAGE_JOURNAL_KEPT_BYTES: 65_536 };
  const settings = { ...queue, ...storage, LIMITS_POINTS_PER_DEVICE: 1_000_000 };
  const hub = await createHubProcess(run.scope, { settings, certificate: makeCertificate(run.scope) });
  await hub.start();
  return killAgainAndAgain(run, hub, await fleetOf(run, hub, (id) => createDevice(hub, id), hub), hub);
}

interface Fleet {
  /** Of samples. */
  readonly senders: readonly Sender[];
  readonly retaining: readonly Sender[];
  readonly subscribers: readonly Subscriber[];
  readonly application: Credentials | null;
  /** What only the hub is asked for. */
  readonly extras: Extras | null;
}

interface Extras {
  /** Two that share one subscription. */
  readonly sharers: readonly Subscriber[];
  readonly doomed: Doomed;
  readonly mourner: Subscriber;
  readonly phoenix: Phoenix;
  readonly watched: Watched;
}

async function fleetOf(run: ProofRun, broker: Mortal, device: (id: string) => Promise<Credentials | null>, hub?: HubProcess): Promise<Fleet> {
  const { seed, findings, scope } = run;
  const tcp = tcpDoor(() => broker.mqttPort);
  const { tls, webSocket } = hub ? doorsOf(hub) : { tls: tcp, webSocket: tcp };
  const random = (name: string) => createRandom(seedFor(seed, name));
  const application = hub ? await createApplication(hub, 'listener') : null;
  const mqtt = async (id: string, version: 4 | 5, qos: 1 | 2, shape: Shape, door: Door, more: object = {}) =>
    createMqttSender({ device: id, credentials: await device(id), version, qos, shape, door, findings, random: random(id), ...more });
  const senders: Sender[] = [
    await mqtt('v3-qos1', 4, 1, untimed, tcp),
    await mqtt('v3-qos2', 4, 2, untimed, tls),
    await mqtt('v5-qos1', 5, 1, mixed, webSocket),
    await mqtt('v5-qos2', 5, 2, mixed, tcp),
  ];
  if (hub) {
    const http = async (id: string, withKey: boolean, shape: Shape, more: object = {}) => {
      const { password: token } = await createDevice(hub, id, more);
      return createHttpSender({ device: id, token, hub, withKey, shape, findings, random: random(id) });
    };
    const type = { id: 'forgetful', mode: 'open', points: [{ path: FORGETFUL_POINT, retention: '1d' }] };
    const { status, body } = await hub.api('POST', '/types', type);
    if (status !== 201) throw new Error(`a device type could not be made: ${status} ${JSON.stringify(body)}`);
    senders.push(await http('http-key', true, untimed), await http('http-time', false, timed));
    senders.push(await http('http-forgets', false, forgetful, { type: type.id }));
  }
  const birth = { topic: 'birth', retain: true };
  const retaining = [
    await mqtt('retain-qos1', 4, 1, untimed, tcp, birth),
    await mqtt('retain-qos2', 5, 2, untimed, webSocket, birth),
    // One at a time, so that there are no more than two states that it can be in.
    await mqtt('retain-clears', 5, 1, clearing, tcp, { ...birth, window: 1 }),
  ];
  const subscriber = (name: string, qos: 1 | 2, version: 4 | 5, door: Door, more: object = {}) =>
    createSubscriber({ name, qos, version, credentials: application, door, findings, ...more });
  const subscribers = [
    subscriber('listener-v4-qos1', 1, 4, tcp),
    subscriber('listener-v5-qos1', 1, 5, tls),
    subscriber('listener-v4-qos2', 2, 4, webSocket),
    subscriber('listener-v5-qos2', 2, 5, tcp),
  ];
  const extras: Extras | null = hub
    ? {
        sharers: ([4, 5] as const).map((version) => subscriber(`sharer-v${version}`, 2, version, tcp, { filter: '$share/pair/devices/+/report' })),
        mourner: subscriber('mourner', 2, 5, tcp, { filter: FAREWELLS }),
        doomed: createDoomed(hub, await createDevice(hub, DOOMED), findings),
        phoenix: createPhoenix(hub, findings),
        watched: await createWatched(run, hub),
      }
    : null;
  const all = [...subscribers, ...(extras ? [...extras.sharers, extras.mourner] : [])];
  for (const { client } of all) scope.defer(() => client.stop());
  for (const sender of [...senders, ...retaining]) scope.defer(() => sender.stop());
  if (extras) scope.defer(() => extras.phoenix.stop());
  if (extras) scope.defer(() => extras.watched.stop());
  if (!(await comesTrue(() => all.every(({ client }) => client.isSubscribed), 30_000))) throw new Error('a subscriber was not served');
  return { senders, retaining, subscribers, application, extras };
}

async function killAgainAndAgain(run: ProofRun, broker: Mortal, fleet: Fleet, hub: HubProcess | null): Promise<Figures> {
  const { rounds, seconds, findings, seed, say } = run;
  const startedAt = performance.now();
  const { senders, retaining, subscribers, extras } = fleet;
  const random = createRandom(seedFor(seed, 'kill'));
  const restarts: number[] = [];
  const restless = [...subscribers, ...(extras?.sharers ?? [])];
  const everyone = [...restless, ...(extras ? [extras.mourner] : [])];
  for (const sender of [...senders, ...retaining]) sender.begin();
  extras?.phoenix.begin();
  extras?.watched.begin();
  let looked: Promise<unknown> = Promise.resolve();
  for (let round = 0; round < rounds; round += 1) {
    // What a busy machine did not get to is not proven, but what it did is.
    if (seconds > 0 && performance.now() - startedAt > seconds * 1000) break;
    const away = random() < SUBSCRIBER_AWAY ? restless[Math.floor(random() * restless.length)] : undefined;
    await away?.client.stop();
    await extras?.doomed.connect();
    await Promise.all([looked, pause(50 + random() * ALIVE_MS_MAX)]);
    if (hub && random() < 0.3) {
      // The sample store at work is where a crash would hurt.
      void hub.api('POST', '/storage/compact', { all: true }).catch(() => undefined);
      await pause(random() * 100);
    }
    if (random() < LOST_ALONE) extras?.doomed.drop();
    const promised = new Map(retaining.map((sender) => [sender, Math.max(-1, ...sender.acknowledged)]));
    if (hub && random() < FROZEN) await freeze(hub, random);
    await broker.kill();
    if (hub && random() < DIES_EARLY) await dieBeforeReady(hub, random);
    restarts.push(await broker.start());
    if (hub) judgeRestart(run, restarts.at(-1) ?? 0, hub.processorMs());
    looked = Promise.all([...promised].map(([sender, number]) => checkRetained(run, broker, fleet, sender, number)));
    away?.client.start();
    if ((round + 1) % 10 === 0) {
      const times = restarts.slice(-10).map((ms) => rounded(ms));
      say(`kill: ${round + 1} of ${rounds} rounds, restarts ${times.join(', ')} ms`);
    }
  }
  await looked;
  if (!(await comesTrue(() => everyone.every(({ client }) => client.isConnected), 30_000))) findings.add('a subscriber could not come back');
  for (const sender of [...senders, ...retaining]) {
    if (!(await sender.finish(LAST_ANSWERS_MS))) findings.add('a sender got no answer to its last messages', sender.device);
  }
  if (extras && !(await extras.phoenix.finish(LAST_ANSWERS_MS))) findings.add('a device that is made and deleted got no answer any more');
  if (extras && !(await extras.watched.finish(LAST_ANSWERS_MS))) findings.add('a watched device got no answer to its last messages');
  const published = senders.filter(({ kind }) => kind === 'mqtt');
  for (const subscriber of subscribers) {
    await caughtUp([subscriber], published, LAST_ANSWERS_MS);
    for (const sender of published) judge(subscriber, sender, findings);
  }
  if (extras) {
    await caughtUp(extras.sharers, published, LAST_ANSWERS_MS);
    for (const sender of published) judgeShared(extras.sharers, sender, findings);
    extras.doomed.drop();
    await extras.doomed.judge(extras.mourner, WILL_GRACE_SECONDS * 1000 + LAST_WILLS_MS);
  }
  for (const sender of retaining) await checkRetained(run, broker, fleet, sender, sender.sent - 1);
  for (const sender of senders) {
    if (sender.refused.size > 0) findings.add('the hub refused a message although it had room', `${sender.device}: ${sender.refused.size}`);
    if (sender.acknowledged.size < restarts.length) findings.add('a sender did hardly send anything', `${sender.device}: ${sender.acknowledged.size}`);
  }
  if (hub && extras) await compareStored(run, hub, senders, [extras.watched, extras.phoenix]);
  return {
    rounds: restarts.length,
    messages: senders.reduce((sum, { sent }) => sum + sent, 0),
    resent: senders.reduce((sum, sender) => sum + ('client' in sender ? (sender.client as { resent: number }).resent : 0), 0),
    ...(extras && { wills: extras.doomed.wills(), 'devices deleted': extras.phoenix.lives(), ...extras.watched.figures() }),
    'restart p50 ms': rounded(quantile(restarts, 0.5)),
    'restart p95 ms': rounded(quantile(restarts, 0.95)),
    'restart max ms': rounded(Math.max(...restarts)),
  };
}

function judgeRestart({ findings }: ProofRun, elapsedMs: number, processorMs: number): void {
  const took = `${rounded(elapsedMs)} ms, ${processorMs} ms of the processor`;
  if (processorMs > RESTART_PROCESSOR_MS_MAX) findings.add(`a restart took more than ${RESTART_PROCESSOR_MS_MAX} ms of the processor`, took);
  if (elapsedMs > Math.max(RESTART_MS_MAX, BUSY_MAX * processorMs)) findings.add(`a restart took longer than ${RESTART_MS_MAX} ms`, took);
}

/** Stops it for a while: a machine that sleeps or swaps. Then it goes on for a moment, or dies as it is. */
async function freeze(hub: HubProcess, random: Random): Promise<void> {
  const diesFrozen = random() < DIES_FROZEN;
  const frozen = hub.freeze(random() * FROZEN_MS_MAX);
  if (diesFrozen) await pause(random() * 200);
  else await frozen.then(() => pause(random() * 200));
}

/** Dies again somewhere between its first line and the first client. */
async function dieBeforeReady(hub: HubProcess, random: Random): Promise<void> {
  const starting = hub.start().catch(() => undefined);
  await pause(random() * 600);
  await hub.kill();
  // The moment may have been before there was a process.
  await starting;
  await hub.kill();
}

let looks = 0;

/** A retained message is the last one that was acknowledged, or one that was sent since; nothing is there if that clears it. */
async function checkRetained({ findings }: ProofRun, broker: Mortal, { application }: Fleet, sender: Sender, atLeast: number): Promise<void> {
  if (atLeast < 0) return;
  const payload = await retainedOn(broker.mqttPort, application, `devices/${sender.device}/birth`, `look-${looks++}`);
  const mayBeClear = sender.shape === clearing && (clears(atLeast) || sender.sent > atLeast + 1);
  if (payload === null) {
    if (!mayBeClear) findings.add('an acknowledged retained message was gone', `${sender.device}: ${atLeast}`);
  } else if (numberIn(payload) < atLeast && sender.shape === clearing)
    findings.add('a retained message that was cleared is there again', `${sender.device}: ${payload}`);
  else if (numberIn(payload) < atLeast || numberIn(payload) >= sender.sent)
    findings.add('a retained message was not the last one acknowledged', `${sender.device}: ${numberIn(payload)} instead of ${atLeast}`);
}
