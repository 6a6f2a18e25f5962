import { createRandom, type Random, seedFor } from '../../../src/lib/simulation/random.ts';
import { type Credentials, createApplication, createDevice } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { comesTrue, pause, quantile, rounded } from '../waiting.ts';
import { compareStored } from './compare-stored.ts';
import { createMosquitto, type Mortal } from './mortal.ts';
import { retainedOn } from './retained.ts';
import { createHttpSender, createMqttSender, numberIn, type Sender } from './senders.ts';
import { caughtUp, createSubscriber, judge, type Subscriber } from './subscriber.ts';

const LAST_ANSWERS_MS = 60_000;
const ALIVE_MS_MAX = 900;
/** Of the rounds, those in which the process dies before it has taken traffic. */
const DIES_EARLY = 0.15;
const SUBSCRIBER_AWAY = 0.3;
/** Of a machine that may have much else to do; what it takes alone is in the figures. */
const RESTART_MS_MAX = 20_000;

export const kill: Proof = {
  name: 'kill',
  summary: 'kill -9 at random moments: what was acknowledged is there, once, and reached who subscribed',
  short: { rounds: 20, seconds: 0 },
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
  const queue = { MQTT_SESSION_MESSAGES_MAX: 1_000_000, MQTT_SESSION_BYTES_MAX: 1_000_000_000 };
  const hub = await createHubProcess(run.scope, { settings: { ...queue, LIMITS_POINTS_PER_DEVICE: 1_000_000 } });
  await hub.start();
  return killAgainAndAgain(run, hub, await fleetOf(run, hub, (id) => createDevice(hub, id), hub), hub);
}

interface Fleet {
  /** Of samples. */
  readonly senders: readonly Sender[];
  readonly retaining: readonly Sender[];
  readonly subscribers: readonly Subscriber[];
  readonly application: Credentials | null;
}

async function fleetOf(run: ProofRun, broker: Mortal, device: (id: string) => Promise<Credentials | null>, hub?: HubProcess): Promise<Fleet> {
  const { seed, findings, scope } = run;
  const port = () => broker.mqttPort;
  const random = (name: string) => createRandom(seedFor(seed, name));
  const application = hub ? await createApplication(hub, 'listener') : null;
  const mqtt = async (id: string, version: 4 | 5, qos: 1 | 2, timed: (number: number) => boolean, more: object = {}) =>
    createMqttSender({ device: id, credentials: await device(id), version, qos, timed, port, findings, random: random(id), ...more });
  const untimed = () => false;
  const mixed = (number: number) => number % 2 === 1;
  const senders: Sender[] = [
    await mqtt('v3-qos1', 4, 1, untimed),
    await mqtt('v3-qos2', 4, 2, untimed),
    await mqtt('v5-qos1', 5, 1, mixed),
    await mqtt('v5-qos2', 5, 2, mixed),
  ];
  if (hub) {
    const http = async (id: string, withKey: boolean) => {
      const { password: token } = await createDevice(hub, id);
      return createHttpSender({ device: id, token, url: () => hub.url, withKey, timed: () => !withKey, findings, random: random(id) });
    };
    senders.push(await http('http-key', true), await http('http-time', false));
  }
  const retaining = [
    await mqtt('retain-qos1', 4, 1, untimed, { topic: 'birth', retain: true }),
    await mqtt('retain-qos2', 5, 2, untimed, { topic: 'birth', retain: true }),
  ];
  const subscribers = ([1, 2] as const).flatMap((qos) =>
    ([4, 5] as const).map((version) => createSubscriber({ name: `listener-v${version}-qos${qos}`, qos, version, credentials: application, port, findings })),
  );
  for (const { client } of subscribers) scope.defer(() => client.stop());
  for (const sender of [...senders, ...retaining]) scope.defer(() => sender.stop());
  if (!(await comesTrue(() => subscribers.every(({ client }) => client.isSubscribed), 10_000))) throw new Error('a subscriber was not served');
  return { senders, retaining, subscribers, application };
}

async function killAgainAndAgain(run: ProofRun, broker: Mortal, fleet: Fleet, hub: HubProcess | null): Promise<Figures> {
  const { rounds, findings, seed, say } = run;
  const { senders, retaining, subscribers } = fleet;
  const random = createRandom(seedFor(seed, 'kill'));
  const restarts: number[] = [];
  for (const sender of [...senders, ...retaining]) sender.begin();
  for (let round = 0; round < rounds; round += 1) {
    const away = random() < SUBSCRIBER_AWAY ? subscribers[Math.floor(random() * subscribers.length)] : undefined;
    await away?.client.stop();
    await pause(50 + random() * ALIVE_MS_MAX);
    if (hub && random() < 0.3) {
      // The sample store at work is where a crash would hurt.
      void hub.api('POST', '/storage/compact', { all: true }).catch(() => undefined);
      await pause(random() * 100);
    }
    const promised = new Map(retaining.map((sender) => [sender, Math.max(-1, ...sender.acknowledged)]));
    await broker.kill();
    if (hub && random() < DIES_EARLY) await dieBeforeReady(hub, random);
    restarts.push(await broker.start());
    for (const [sender, number] of promised) await checkRetained(run, broker, fleet, sender, number);
    away?.client.start();
    if ((round + 1) % 10 === 0) say(`kill: ${round + 1} of ${rounds} rounds`);
  }
  if (!(await comesTrue(() => subscribers.every(({ client }) => client.isConnected), 15_000))) findings.add('a subscriber could not come back');
  for (const sender of [...senders, ...retaining]) {
    if (!(await sender.finish(LAST_ANSWERS_MS))) findings.add('a sender got no answer to its last messages', sender.device);
  }
  const published = senders.filter(({ kind }) => kind === 'mqtt');
  for (const subscriber of subscribers) {
    await caughtUp(subscriber, published, LAST_ANSWERS_MS);
    for (const sender of published) judge(subscriber, sender, findings);
  }
  for (const sender of retaining) await checkRetained(run, broker, fleet, sender, sender.sent - 1);
  for (const sender of senders) {
    if (sender.refused.size > 0) findings.add('the hub refused a message although it had room', `${sender.device}: ${sender.refused.size}`);
    if (sender.acknowledged.size < rounds) findings.add('a sender did hardly send anything', `${sender.device}: ${sender.acknowledged.size}`);
  }
  if (hub) await compareStored(run, hub, senders);
  if (hub && Math.max(...restarts) > RESTART_MS_MAX) findings.add(`a restart took longer than ${RESTART_MS_MAX} ms`, `${rounded(Math.max(...restarts))} ms`);
  return {
    rounds,
    messages: senders.reduce((sum, { sent }) => sum + sent, 0),
    resent: senders.reduce((sum, sender) => sum + ('client' in sender ? (sender.client as { resent: number }).resent : 0), 0),
    'restart p50 ms': rounded(quantile(restarts, 0.5)),
    'restart max ms': rounded(Math.max(...restarts)),
  };
}

/** Dies again somewhere between its first line and the first client. */
async function dieBeforeReady(hub: HubProcess, random: Random): Promise<void> {
  const starting = hub.start().catch(() => undefined);
  await pause(random() * 600);
  await hub.kill();
  await starting;
}

let looks = 0;

/** A retained message is the last one that was acknowledged, or one that was sent since. */
async function checkRetained({ findings }: ProofRun, broker: Mortal, { application }: Fleet, sender: Sender, atLeast: number): Promise<void> {
  if (atLeast < 0) return;
  const payload = await retainedOn(broker.mqttPort, application, `devices/${sender.device}/birth`, `look-${looks++}`);
  if (payload === null) findings.add('an acknowledged retained message was gone', `${sender.device}: ${atLeast}`);
  else if (numberIn(payload) < atLeast || numberIn(payload) >= sender.sent)
    findings.add('a retained message was not the last one acknowledged', `${sender.device}: ${numberIn(payload)} instead of ${atLeast}`);
}
