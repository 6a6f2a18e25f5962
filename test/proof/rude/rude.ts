import { startActor } from '../actors/start-actor.ts';
import type { StormResult } from '../actors/storm.ts';
import { createDevice } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import { watchMemory } from '../memory-watch.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { createScope } from '../scope.ts';
import { comesTrue, rounded } from '../waiting.ts';
import { startBystander } from './bystander.ts';
import { subscribersThatNeverRead } from './never-reads.ts';
import { outOfDescriptors } from './out-of-descriptors.ts';
import { openMany } from './raw-socket.ts';
import { silentPeers } from './silent.ts';
import { slowWriters } from './slow.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_WRITE_TIMEOUT_MS = 3_000;
const CONNECTS_PER_SECOND = 2_000;
const HOARDERS = 500;
/** Of the hub, with 256 MB for the sample store. */
const MEMORY_BYTES_MAX = 1_000 * 1024 * 1024;
/** Files of the sample store come and go. */
const DESCRIPTOR_SLACK = 25;
const DESCRIPTORS_BACK_MS = 20_000;
/** From here on HTTP's own time-outs are waited for: minutes. */
const PATIENT_SECONDS = 20;

export const rude: Proof = {
  name: 'rude',
  summary: 'slow, silent and rude clients, a storm of connections, no descriptors left: nobody else is slowed, silent peers are cut',
  short: { rounds: 0, seconds: 5 },
  long: { rounds: 0, seconds: 20 },
  run: beRude,
};

async function beRude(run: ProofRun): Promise<Figures> {
  const { findings, seconds, say } = run;
  const scope = createScope();
  run.scope.defer(() => scope.close());
  const hub = await createHubProcess(scope, {
    settings: {
      MQTT_CONNECT_TIMEOUT_MS: CONNECT_TIMEOUT_MS,
      MQTT_IDLE_WRITE_TIMEOUT_MS: IDLE_WRITE_TIMEOUT_MS,
      STORAGE_MEMORY_BYTES: 256 * 1024 * 1024,
      ACCESS_FAILURES_PER_ADDRESS: 1_000_000,
    },
  });
  await hub.start();
  const bystander = await startBystander(run, hub);
  const descriptors = hub.descriptors();
  const memory = watchMemory(scope, hub);
  const latencies: string[] = [];
  const phase = async (name: string, work: () => Promise<unknown>) => {
    await work();
    latencies.push(`${name} ${rounded(await bystander.judge(name))}`);
    if (!hub.isRunning()) throw new Error(`the hub ended during ${name}:\n${hub.log().slice(-2000)}`);
    say(`rude: ${latencies.at(-1)} ms (p99 of a bystander)`);
  };
  let storm: StormResult | null = null;
  await phase('silence', () => silentPeers(run, hub, CONNECT_TIMEOUT_MS, seconds >= PATIENT_SECONDS));
  await phase('single bytes', () => slowWriters(run, hub, CONNECT_TIMEOUT_MS));
  await phase('no reading', () => subscribersThatNeverRead(run, hub, IDLE_WRITE_TIMEOUT_MS));
  await phase('hoarding', () => hoard(run, hub));
  await phase('a storm', async () => {
    const actor = await startActor(scope, 'storm');
    const credentials = await createDevice(hub, 'storm');
    storm = await actor.ask<StormResult>({ port: hub.mqttPort, perSecond: CONNECTS_PER_SECOND, seconds, credentials });
    await actor.end();
  });
  // The sender of the stream, paused for ever, goes with the scope of its proof.
  if (!(await comesTrue(() => hub.descriptors() <= descriptors + DESCRIPTOR_SLACK, DESCRIPTORS_BACK_MS, 100)))
    findings.add('descriptors do not come back', `${descriptors} before, ${hub.descriptors()} after`);
  await bystander.compare();
  if (memory.maxBytes() > MEMORY_BYTES_MAX)
    findings.add(`the hub took more than ${MEMORY_BYTES_MAX / 2 ** 20} MB`, `${rounded(memory.maxBytes() / 2 ** 20)} MB`);
  const complaints = hub.complaints();
  if (complaints.length > 0) findings.add('the hub logged errors that clients caused', complaints.slice(0, 2).join(' '));
  const figures = {
    'p99 ms': latencies.join(', '),
    'connects/s': rounded((Object(storm).connected ?? 0) / seconds),
    'memory max MB': rounded(memory.maxBytes() / 2 ** 20),
  };
  await scope.close();
  await outOfDescriptors(run);
  return figures;
}

/** Connections that ask once and are kept for nothing. */
async function hoard({ scope, findings }: ProofRun, hub: HubProcess): Promise<void> {
  const sockets = await openMany(scope, Number(new URL(hub.url).port), HOARDERS);
  for (const { socket } of sockets) socket.write('GET /api/v1/time HTTP/1.1\r\nhost: hub\r\n\r\n');
  const answered = () => sockets.filter((one) => one.received().includes('"time"')).length;
  if (!(await comesTrue(() => answered() === sockets.length, 10_000)))
    findings.add('connections that are kept open were not answered', `${answered()} of ${sockets.length}`);
  for (const one of sockets) one.destroy();
}
