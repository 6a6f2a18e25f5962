// How long a command takes to start, against `node -e 0` in the same run: rounds with each program once, in turn, so that a busy
// moment of the machine meets all of them. `node bench/startup/startup.mjs [--rounds 21]`, after `npm run build`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = join(root, 'bin/run.js');
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } });
const rounds = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-startup-'));
const env = { ...process.env, XDG_CONFIG_HOME: folder };
for (const name of ['MUSTER_URL', 'MUSTER_TOKEN', 'MUSTER_PROJECT']) delete env[name];

const stopHub = await startHub();
try {
  const programs = { 'node -e 0': ['-e', '0'], 'muster --version': [muster, '--version'], 'muster device list --json': [muster, 'device', 'list', '--json'] };
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = -2; round < rounds; round += 1) {
    for (const [name, parameters] of Object.entries(programs)) {
      const milliseconds = await time(parameters);
      // The first two rounds fill the caches of the disk.
      if (round >= 0) times[name].push(milliseconds);
    }
  }
  const reference = median(times['node -e 0']);
  const result = Object.entries(times).map(([name, all]) => ({
    program: name,
    medianMs: round1(median(all)),
    leastMs: round1(Math.min(...all)),
    ratio: round1(median(all) / reference),
  }));
  process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, rounds, result }, null, 2)}\n`);
} finally {
  await stopHub();
  await rm(folder, { recursive: true, force: true });
}

async function startHub() {
  const ready = join(folder, 'ready.json');
  const parameters = ['serve', '--ephemeral', '--http', '0', '--mqtt', '0', '--log-level', 'error', '--ready-file', ready];
  const hub = spawn(process.execPath, [muster, ...parameters], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => hub.once('exit', resolve));
  const deadline = performance.now() + 30_000;
  for (;;) {
    const text = await readFile(ready, 'utf8').catch(() => '');
    if (text !== '') {
      const { http, token } = JSON.parse(text);
      Object.assign(env, { MUSTER_URL: http.url, MUSTER_TOKEN: token });
      return async () => {
        hub.kill('SIGTERM');
        await ended;
      };
    }
    if (hub.exitCode !== null || performance.now() > deadline) {
      hub.kill('SIGKILL');
      throw new Error('the hub did not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function time(parameters) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, parameters, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.resume();
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`node ${parameters.join(' ')} ended with exit code ${code}`));
    });
  });
}

function median(all) {
  const sorted = [...all].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round1(value) {
  return Math.round(value * 10) / 10;
}
