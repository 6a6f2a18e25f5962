import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, type Random, seedFor } from '../../../src/lib/simulation/random.ts';
import { createHubProcess } from '../hub-process.ts';
import type { Figures, Proof, ProofRun } from '../proof.ts';
import { comesTrue, pause, rounded } from '../waiting.ts';
import { makeFleet, writeFleet } from './fleet-file.ts';
import { beginImport, type ImportCommand } from './import-command.ts';
import { judgeImport } from './judge-import.ts';

/** One row in so many is bad: 500 of 100,000. */
const ROWS_PER_BAD = 200;
const BAD_MIN = 30;
const CHUNKS = [500, 137, 1_000, 300] as const;
/** What a row takes in the results, at least: a kill is meant for the middle. */
const RESULT_BYTES_MIN = 110;
const KILL_WITHIN_MS = 120;
const PROGRESS_DEADLINE_MS = 300_000;
const PARTLY_FAILED = 7;

export const importing: Proof = {
  name: 'import',
  summary: 'an import with bad rows, killed again and again and resumed: exactly the good rows are devices, every row has its result, every secret works',
  short: { rounds: 3, seconds: 0, rows: 5_000 },
  long: { rounds: 12, seconds: 0, rows: 100_000 },
  run: importUnderKills,
};

async function importUnderKills(run: ProofRun): Promise<Figures> {
  const { scope, findings, seed, rounds, say } = run;
  const rows = run.rows ?? 0;
  const random = createRandom(seedFor(seed, 'import'));
  const folder = mkdtempSync(join(tmpdir(), 'muster-proof-import-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const bad = Math.max(BAD_MIN, Math.round(rows / ROWS_PER_BAD));
  const fleet = makeFleet(rows, bad, random);
  writeFleet(join(folder, 'fleet.csv'), fleet);
  const resultsFile = join(folder, 'results.csv');
  const hub = await createHubProcess(scope, { httpPort: await freePort() });
  await hub.start();
  const startedAt = performance.now();
  const killed = { command: 0, hub: 0 };
  const begin = (): ImportCommand => {
    const chunk = String(CHUNKS[Math.floor(random() * CHUNKS.length)]);
    const more = ['--credential', 'token', '--continue-on-error', '--resume', '--chunk', chunk, '--json'];
    // The token of a hub may change with a start.
    return beginImport(scope, ['fleet.csv', '--results', resultsFile, ...more], { env: hub.env, cwd: folder });
  };
  let command = begin();
  for (const [round, goal] of momentsOf(rounds, rows, random).entries()) {
    const isThere = () => existsSync(resultsFile) && statSync(resultsFile).size >= goal;
    await comesTrue(() => isThere() || !command.isRunning(), PROGRESS_DEADLINE_MS, 2);
    if (!command.isRunning()) break;
    await pause(random() * KILL_WITHIN_MS);
    // The command, the hub below it, and both.
    const fate = round % 3;
    if (fate !== 1) killed.command += 1;
    if (fate !== 0) killed.hub += 1;
    if (fate !== 1) await command.kill();
    if (fate !== 0) {
      await hub.kill();
      await hub.start();
    }
    if (fate !== 1) command = begin();
    say(`import: killed ${['the command', 'the hub', 'both'][fate]} (${round + 1} of ${rounds})`);
  }
  const { code, stdout } = await command.ended;
  const elapsedMs = performance.now() - startedAt;
  if (code !== PARTLY_FAILED) findings.add('the last import did not end as one with bad rows', `exit code ${code}: ${command.words().slice(-500)}`);
  else judgeSummary(run, stdout, rows, bad);
  if (killed.command === 0 || (rounds > 1 && killed.hub === 0)) findings.add('nothing was killed in the middle', JSON.stringify(killed));
  const tried = await judgeImport({ hub, rows: fleet, resultsFile, findings, random });
  // What is on the disk is the same.
  await hub.kill();
  await hub.start();
  await judgeImport({ hub, rows: fleet, resultsFile, findings, random });
  for (const line of hub.complaints()) findings.add('the hub complained', line.slice(0, 300));
  return {
    rows,
    bad,
    'kills of the command': killed.command,
    'kills of the hub': killed.hub,
    'secrets tried': 2 * tried,
    'import s': rounded(elapsedMs / 1000, 1),
    'rows/s': rounded((rows / elapsedMs) * 1000),
  };
}

/** Sizes of the results at which somebody dies, in order, none near the end. */
function momentsOf(rounds: number, rows: number, random: Random): number[] {
  return Array.from({ length: rounds }, (_, index) => ((index + random()) / (rounds + 1)) * rows * RESULT_BYTES_MIN);
}

function judgeSummary({ findings }: ProofRun, stdout: string, rows: number, bad: number): void {
  try {
    const summary = JSON.parse(stdout) as Record<string, number>;
    const { rows: told, failed, created } = summary;
    if (told !== rows || failed !== bad || created !== rows - bad) findings.add('the summary of the last import does not count all rows', stdout);
  } catch {
    findings.add('the last import gave no summary', stdout.slice(0, 300));
  }
}

/** Nobody listens there just now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}
