import { signIn } from '../client.ts';
import { createDevice } from '../fleet.ts';
import { createHubProcess, HubDidNotStart, type HubProcess } from '../hub-process.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { comesTrue, rounded } from '../waiting.ts';
import { type Reporters, startReporters, type Tally } from './reporters.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.ts';
import { watchPoint } from './watched-point.ts';

const DISK_MEGABYTES = 96;
/** So little that not even a checkpoint finds room. */
const LEFT_BYTES = 64 * 1024;
const LITTLE_ROOM_BYTES = 4 * 1024 * 1024;
const REFUSES_WITHIN_MS = 30_000;
const RECOVERS_WITHIN_MS = 40_000;
const QUERY_MS_MAX = 5_000;

export const diskFull: Proof = {
  name: 'disk-full',
  summary: 'a disk that fills up: refused in words, read on, kill -9 and restart while full, recovered by itself, nothing acknowledged lost',
  short: { rounds: 1, seconds: 0 },
  long: { rounds: 10, seconds: 0 },
  obstacle: whyNoSmallDisk,
  run: fillAgainAndAgain,
};

async function fillAgainAndAgain(run: ProofRun): Promise<Figures> {
  const { scope, rounds, findings, say } = run;
  const disk = mountSmallDisk(scope, DISK_MEGABYTES);
  // Whatever floor there is by default, such a disk is below it from the beginning.
  const hub = await createHubProcess(scope, { folder: disk.folder, settings: { STORAGE_FREE_DISK_BYTES_MIN: 1_048_576, LIMITS_JOURNAL_BYTES: 16_777_216 } });
  await hub.start();
  const reporters = await startReporters(run, hub);
  const watched = await watchPoint(run, hub);
  const recoveries: number[] = [];
  const refusals = new Set<string>();
  let restartMs = Number.NaN;
  for (let round = 0; round < rounds; round += 1) {
    await flows(run, reporters.fresh(), 'with room on the disk', 20_000);
    disk.fill(LEFT_BYTES);
    const full = await refuses(run, reporters);
    for (const what of full.refusals.keys()) refusals.add(what);
    await readsOn(run, hub, 'while the disk is full');
    await watched.isReadable('while the disk is full');
    await watchIsTold(run, hub);

    // Even an orderly restart would need room; this one gets no chance to tidy up.
    await hub.kill();
    restartMs = await startsWhileFull(run, hub, disk);

    disk.empty();
    if (!hub.isRunning()) await hub.start();
    const startedAt = performance.now();
    await flows(run, reporters.fresh(), 'after space came back', RECOVERS_WITHIN_MS);
    recoveries.push(performance.now() - startedAt);
    await watched.goesOn('after space came back', RECOVERS_WITHIN_MS);

    // Once more, without a restart: it has to come back by itself.
    disk.fill(LEFT_BYTES);
    await refuses(run, reporters);
    await readsOn(run, hub, 'while the disk is full again');
    const pid = hub.pid;
    disk.empty();
    const again = performance.now();
    await flows(run, reporters.fresh(), 'after space came back to a hub that went on running', RECOVERS_WITHIN_MS);
    recoveries.push(performance.now() - again);
    await watched.goesOn('after space came back to a hub that went on running', RECOVERS_WITHIN_MS);
    if (hub.pid !== pid || !hub.isRunning()) findings.add('the hub did not survive a full disk');
    say(`disk-full: ${round + 1} of ${rounds} rounds`);
  }
  await reporters.stop();
  await watched.stop();
  await watched.compare();
  const stored = await reporters.compare();
  const verified = await hub.api('POST', '/storage/verify');
  if (verified.body.damaged?.length !== 0) findings.add('a check of the storage found damage', JSON.stringify(verified.body));
  return {
    rounds,
    stored,
    'restart while full ms': rounded(restartMs),
    'recovery max ms': rounded(Math.max(...recoveries)),
    refusals: [...refusals].sort().join(', '),
  };
}

async function flows({ findings }: ProofRun, tally: Tally, when: string, deadlineMs: number): Promise<void> {
  if (!(await comesTrue(() => tally.acknowledged >= 100, deadlineMs)))
    findings.add(`reports are not taken ${when}`, `${tally.acknowledged} in ${deadlineMs} ms; ${JSON.stringify([...tally.refusals])}`);
}

/** Filled to the brim it takes what still fits, and then nothing. */
async function refuses({ findings }: ProofRun, reporters: Reporters): Promise<Tally> {
  let tally = reporters.fresh();
  let quietSince = performance.now();
  const refused = await comesTrue(() => {
    if (tally.acknowledged > 0) {
      tally = reporters.fresh();
      quietSince = performance.now();
    }
    return tally.refusals.size >= 2 && performance.now() - quietSince > 1_500;
  }, REFUSES_WITHIN_MS);
  if (!refused) findings.add('a hub with a full disk did not refuse', `${tally.acknowledged} acknowledged; ${JSON.stringify([...tally.refusals])}`);
  return tally;
}

async function readsOn({ findings }: ProofRun, hub: HubProcess, when: string): Promise<void> {
  for (const path of ['/devices/over-http/samples?point=*&limit=100', '/points', '/devices', '/samples/count', '/storage', '/health/live']) {
    const startedAt = performance.now();
    const answer = await hub.api('GET', path).catch((error: unknown) => ({ status: 0, body: String(error) }));
    const elapsed = performance.now() - startedAt;
    if (answer.status !== 200) findings.add(`a question is not answered ${when}`, `${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`);
    else if (elapsed > QUERY_MS_MAX) findings.add(`a question takes longer than ${QUERY_MS_MAX} ms ${when}`, `${path}: ${rounded(elapsed)} ms`);
  }
}

/** Whoever watches the hub has to see it: not ready, or told by a metric or a log line. */
async function watchIsTold({ findings }: ProofRun, hub: HubProcess): Promise<void> {
  const { status } = await hub.api('GET', '/health/ready');
  if (status === 200 && !/disk|space|ENOSPC|full/i.test(hub.log())) findings.add('neither health nor log tells of the full disk');
}

/** A hub that comes back to a disk without a free byte serves what it has, or says in words why it cannot; with a little room it serves. Gives the ms. */
async function startsWhileFull(run: ProofRun, hub: HubProcess, disk: SmallDisk): Promise<number> {
  const { findings } = run;
  // What the crash left room for is gone, too.
  disk.fill(0);
  for (const room of ['no room at all', 'little room']) {
    try {
      const elapsed = await hub.start();
      await readsOn(run, hub, `after a restart on a disk with ${room}`);
      return elapsed;
    } catch (error: unknown) {
      if (!(error instanceof HubDidNotStart)) throw error;
      const words = error.words.trim().split('\n').slice(-3).join(' | ').slice(0, 500);
      if (!/disk|space/i.test(words) || /\(internal\)/.test(words) || !error.code)
        findings.add('a hub that cannot start on a full disk does not say why in words of its own', words);
      if (room === 'little room') findings.add('a hub does not start on a full disk, to be read', words);
    }
    disk.empty();
    disk.fill(LITTLE_ROOM_BYTES);
  }
  return Number.NaN;
}

/** A floor below which nothing is written, if the hub has one: it refuses before the disk is full. */
export const diskFloor: Pick<Proof, 'run'> = {
  async run({ scope, findings }) {
    const disk = mountSmallDisk(scope, DISK_MEGABYTES);
    const floor = 32 * 1024 * 1024;
    const hub = await createHubProcess(scope, { folder: disk.folder, settings: { STORAGE_FREE_DISK_BYTES_MIN: floor } });
    await hub.start();
    const credentials = await createDevice(hub, 'floor');
    const client = await signIn(hub.mqttPort, credentials);
    if (client === null) throw new Error('the device was not let in');
    scope.defer(() => client.end());
    const report = () => hub.api('POST', '/devices/floor/report', { value: Math.random() });
    if ((await report()).status !== 202) findings.add('a report was refused although there was room');
    disk.fill(floor / 2);
    if (!(await comesTrue(async () => (await report()).status >= 429, 15_000, 200))) findings.add('the hub goes below the floor of free disk');
    const { status, body } = await report();
    if (body.code !== 'disk_full' && body.code !== 'storage_failed') findings.add('the refusal does not name the disk', `${status} ${JSON.stringify(body)}`);
    const code = await client.publish('devices/floor/report', '{"value":1}');
    if (code === 0) findings.add('MQTT takes what HTTP refuses below the floor');
    if ((await hub.api('GET', '/devices/floor/samples?point=*')).status !== 200) findings.add('a question is not answered below the floor');
    disk.empty();
    if (!(await comesTrue(async () => (await report()).status === 202, 15_000, 200))) findings.add('reports are not taken again above the floor');
    return {};
  },
};
