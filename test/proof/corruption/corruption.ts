import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createRandom, seedFor } from '../../../src/lib/simulation/random.ts';
import { runCommand } from '../command.ts';
import { type StoredSample, samplesOf } from '../fleet.ts';
import { createHubProcess, HubDidNotStart, type HubProcess } from '../hub-process.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { createScope } from '../scope.ts';
import { cut, fileOf, flip, TARGETS, type Target } from './damage.ts';
import { type Acknowledged, makeHistory, PLACES, type Place } from './history.ts';

/** Whose samples may be missing, if the damage is named: those that lay in the file. A cut-off last write may be missing as it is. */
const MAY_MISS: Readonly<Record<Target, readonly Place[]>> = {
  'system database': ['in-journal', 'last-write'],
  'system log': ['in-journal', 'last-write'],
  'sample database': ['in-hot-table'],
  'sample log': ['in-hot-table'],
  'Parquet file': ['in-files'],
};

export const corruption: Proof = {
  name: 'corruption',
  summary: 'a cut or bit-flipped file of any kind: found, named, and the rest is served as it was acknowledged',
  short: { rounds: 1, seconds: 0 },
  long: { rounds: 20, seconds: 0 },
  run: damageEach,
};

const DAMAGES = [
  ['cut', cut],
  ['flip', flip],
] as const;
const KEPT_IN_JOURNAL = { STORAGE_APPLY_INTERVAL_MS: 3_600_000 };

async function damageEach(run: ProofRun): Promise<Figures> {
  const { scope, rounds, seed, say } = run;
  const folder = await mkdtemp(join(tmpdir(), 'muster-proof-damage-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const first = await createHubProcess(scope, { folder });
  const made = await makeHistory(first, () => createHubProcess(scope, { folder, settings: KEPT_IN_JOURNAL }));
  await made.hub.kill();
  const original = made.hub.dataDirectory;
  const tally = { cases: 0, refused: 0, named: 0, harmless: 0 };
  const missing = new Set<string>(TARGETS);
  for (let round = 0; round < rounds; round += 1) {
    for (const target of TARGETS) {
      for (const [kind, damage] of DAMAGES) {
        const random = createRandom(seedFor(seed, `${target} ${kind} ${round}`));
        const outcome = await withDamage(run, original, made.acknowledged, target, kind === 'cut', (data) => {
          const file = fileOf(target, data, random);
          return file === null ? null : { file, what: damage(file, random) };
        });
        if (outcome === null) continue;
        missing.delete(target);
        tally.cases += 1;
        tally[outcome] += 1;
      }
    }
    say(`corruption: ${round + 1} of ${rounds} rounds`);
  }
  return { ...tally, 'no such file': [...missing].join(', ') || 'none' };
}

type Outcome = 'refused' | 'named' | 'harmless';

async function withDamage(
  { findings, scope: outer }: ProofRun,
  original: string,
  acknowledged: Acknowledged,
  target: Target,
  isCut: boolean,
  damage: (data: string) => { readonly file: string; readonly what: string } | null,
): Promise<Outcome | null> {
  const scope = createScope();
  outer.defer(() => scope.close());
  try {
    const folder = await mkdtemp(join(tmpdir(), 'muster-proof-damaged-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    await mkdir(folder, { recursive: true });
    await cp(original, join(folder, 'data'), { recursive: true });
    const done = damage(join(folder, 'data'));
    if (done === null) return null;
    const where = `${target}, ${done.what}`;
    const hub = await createHubProcess(scope, { folder });
    try {
      await hub.start();
    } catch (error: unknown) {
      if (!(error instanceof HubDidNotStart)) throw error;
      const words = error.words
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{'))
        .join(' | ')
        .slice(0, 400);
      if (target !== 'system database' && target !== 'system log') findings.add(`the hub does not start when a ${target} is damaged`, `${where}: ${words}`);
      if (!error.words.includes('system.db') && !error.words.includes(basename(done.file)))
        findings.add('a refusal to start does not name the damaged file', `${where}: ${words}`);
      if (/\n\s+at /.test(error.words) || error.code === null || error.code === 0)
        findings.add('a refusal to start is no sentence with an exit code', `${where}: ${error.code} ${words}`);
      return 'refused';
    }
    const { named, byWhom } = await namedDamage(hub, done.file);
    const lost = await compare(hub, acknowledged, findings, where);
    const allowed: readonly Place[] = isCut && !named ? ['last-write'] : [...MAY_MISS[target], 'last-write'];
    for (const [place, count] of lost) {
      if (allowed.includes(place)) continue;
      if (named) findings.add(`damage of a ${target} took what lies elsewhere, ${place}`, `${where}: ${count} samples`);
      else findings.add(`acknowledged samples were lost and nobody said so, ${place}`, `${where}: ${count} samples`);
    }
    const { status, body } = await hub.api('POST', '/devices/in-journal/report', { after: 1 });
    if (status !== 202) findings.add(`reports are not taken any more when a ${target} is damaged`, `${where}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
    if (!hub.isRunning()) findings.add('the hub ended because of damage', where);
    return named || byWhom !== '' ? 'named' : 'harmless';
  } finally {
    await scope.close();
  }
}

/** Whether `storage verify`, or the log at start, names the file. */
async function namedDamage(hub: HubProcess, file: string): Promise<{ readonly named: boolean; readonly byWhom: string }> {
  const { code, stdout, stderr } = await runCommand(['storage', 'verify', '--json'], hub.env);
  // system.db-wal belongs to system.db: either name will do.
  const name = basename(file).replace(/(-wal|\.wal)$/, '');
  if ((code === 1 || code === 7) && `${stdout}${stderr}`.includes(name)) return { named: true, byWhom: 'verify' };
  const warned = hub
    .log()
    .split('\n')
    .some((line) => /"level":[45]0/.test(line) && (line.includes(name) || /damage/.test(line)));
  return { named: warned, byWhom: warned ? 'log' : '' };
}

/** How many acknowledged samples of each place are not served. What is served has to be what was acknowledged. */
async function compare(hub: HubProcess, acknowledged: Acknowledged, findings: ProofRun['findings'], where: string): Promise<ReadonlyMap<Place, number>> {
  const lost = new Map<Place, number>();
  for (const place of PLACES) {
    const expected = acknowledged.get(place) ?? new Map<number, number>();
    const rows = await readTwice(hub, place);
    const found = new Map(rows.map(({ time, value }) => [time, value]));
    let missing = 0;
    for (const [time, value] of expected) {
      const is = found.get(time);
      if (is === undefined) missing += 1;
      else if (is !== value) findings.add('a value is not what was acknowledged', `${where}: ${place} at ${time} is ${String(is)}, not ${value}`);
    }
    for (const { time } of rows) if (!expected.has(time)) findings.add('a sample is served that nobody sent', `${where}: ${place} at ${time}`);
    if (missing > 0) lost.set(place, missing);
  }
  return lost;
}

/** A question that comes upon damage first may fail once with the name of the file. A device that cannot be read has lost everything. */
async function readTwice(hub: HubProcess, device: string): Promise<readonly StoredSample[]> {
  return samplesOf(hub, device, 'value')
    .catch(() => samplesOf(hub, device, 'value'))
    .catch(() => []);
}
