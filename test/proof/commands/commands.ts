import type { Command } from '../../../src/lib/api/schema/commands.ts';
import { createRandom, seedFor } from '../../../src/lib/simulation/random.ts';
import { createDevice } from '../fleet.ts';
import { createHubProcess, type HubProcess } from '../hub-process.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { comesTrue, pause, quantile, rounded } from '../waiting.ts';
import { type AskedDevice, createAskedDevice } from './asked-device.ts';
import { createAsking, POINT } from './asking.ts';
import { commandsOf, isAtRest, judgeCommands, judgeRestarted, judgeWanted } from './judge-commands.ts';

const DEVICES = 16;
const ALIVE_MS_MIN = 300;
const ALIVE_MS_MAX = 2_500;
const JOBS_MAX = 8;
const LAST_ANSWERS_MS = 60_000;

export const commands: Proof = {
  name: 'commands',
  summary: 'kill -9 while devices come, go, reject and answer twice: each accepted command is settled or open as its device says, none is done twice',
  short: { rounds: 3, seconds: 15 },
  long: { rounds: 100, seconds: 0 },
  run: askAndKill,
};

async function askAndKill(run: ProofRun): Promise<Figures> {
  const { scope, findings, seed, rounds, seconds, say } = run;
  const startedAt = performance.now();
  const random = createRandom(seedFor(seed, 'commands'));
  const hub = await createHubProcess(scope);
  await hub.start();
  const devices = await devicesOf(run, hub);
  const asking = createAsking(
    hub,
    devices.map(({ id }) => id),
    seed,
  );
  scope.defer(() => asking.stop());
  for (const device of devices) device.begin();
  asking.begin();
  const jobs: string[] = [];
  const restarts: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (seconds > 0 && performance.now() - startedAt > seconds * 1000) break;
    if (jobs.length < JOBS_MAX) jobs.push(await beginJob(hub, jobs.length));
    await pause(ALIVE_MS_MIN + random() * (ALIVE_MS_MAX - ALIVE_MS_MIN));
    await hub.kill();
    restarts.push(await hub.start());
    if ((round + 1) % 10 === 0) say(`commands: ${round + 1} of ${rounds} rounds, ${asking.accepted.size} accepted`);
  }
  await asking.stop();
  for (const device of devices) device.stays();
  const settled = await whenAtRest(hub, devices);
  if (!(await comesTrue(async () => (await statesOf(hub, jobs)).every((state) => state === 'done'), LAST_ANSWERS_MS, 100)))
    findings.add('a job did not come to its end', JSON.stringify(await statesOf(hub, jobs)));
  const judged = { commands: await commandsOf(hub), asking, devices, findings };
  judgeCommands(judged);
  await judgeWanted(hub, judged);
  for (const job of jobs) await judgeJob(run, hub, job, devices, judged.commands);
  await hub.kill();
  await hub.start();
  await comesTrue(() => devices.every((device) => device.isThere()), LAST_ANSWERS_MS);
  judgeRestarted(judged.commands, await commandsOf(hub), findings);
  for (const line of hub.complaints()) findings.add('the hub complained', line.slice(0, 300));
  if (asking.accepted.size < 4 * restarts.length) findings.add('hardly anything was asked', String(asking.accepted.size));
  const decisions = devices.flatMap((device) => [...device.decisions.values()]);
  return {
    rounds: restarts.length,
    accepted: asking.accepted.size,
    ...countsOf(judged.commands),
    'came again': decisions.reduce((sum, { times }) => sum + times - 1, 0),
    jobs: jobs.length,
    'at rest after ms': rounded(settled),
    'restart p95 ms': rounded(quantile(restarts, 0.95)),
  };
}

async function devicesOf({ scope, seed, findings }: ProofRun, hub: HubProcess): Promise<AskedDevice[]> {
  const type = { id: 'valve', mode: 'open', points: [{ path: POINT, kind: 'setpoint', valueType: 'number' }] };
  const { status, body } = await hub.api('POST', '/types', type);
  if (status !== 201) throw new Error(`a device type could not be made: ${status} ${JSON.stringify(body)}`);
  const devices: AskedDevice[] = [];
  for (let index = 0; index < DEVICES; index += 1) {
    const id = `valve-${index}`;
    const credentials = await createDevice(hub, id, { type: type.id });
    const device = createAskedDevice({ id, hub, credentials, lasting: index % 2 === 0, seed, findings });
    scope.defer(() => device.stop());
    devices.push(device);
  }
  return devices;
}

/** Over all devices; each is to be asked once. */
async function beginJob(hub: HubProcess, number: number): Promise<string> {
  const wish = { selector: 'type=valve', call: { name: 'job', args: `job ${number}` }, concurrency: 3, stages: [10, 50, 100] };
  const { status, body } = await hub.api('POST', '/jobs', wish);
  if (status !== 201) throw new Error(`a job could not be made: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

async function statesOf(hub: HubProcess, jobs: readonly string[]): Promise<string[]> {
  return Promise.all(jobs.map(async (job) => (await hub.api('GET', `/jobs/${job}`)).body.state));
}

/** Waits until nothing more can become of any command; what is still not at rest then is what the judge finds. Gives the time in ms. */
async function whenAtRest(hub: HubProcess, devices: readonly AskedDevice[]): Promise<number> {
  const startedAt = performance.now();
  const byId = new Map(devices.map((device) => [device.id, device]));
  const rest = async () => {
    const all = await commandsOf(hub);
    return [...all.values()].every((command) => isAtRest(command, byId.get(command.device)?.decisions.get(command.id)));
  };
  await comesTrue(rest, LAST_ANSWERS_MS, 200);
  return performance.now() - startedAt;
}

async function judgeJob({ findings }: ProofRun, hub: HubProcess, job: string, devices: readonly AskedDevice[], all: ReadonlyMap<string, Command>) {
  const asked = [...all.values()].filter((command) => command.job === job);
  const { body } = await hub.api('GET', `/jobs/${job}`);
  if (asked.length !== devices.length || new Set(asked.map(({ device }) => device)).size !== devices.length)
    findings.add('a job did not ask each device once', `${asked.length} commands for ${devices.length} devices`);
  const count = (state: string) => asked.filter((command) => command.state === state).length;
  if (body.summary.applied !== count('applied') || body.summary.rejected !== count('rejected'))
    findings.add('the summary of a job is not what its devices said', JSON.stringify(body.summary));
}

function countsOf(all: ReadonlyMap<string, Command>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of all.values()) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
