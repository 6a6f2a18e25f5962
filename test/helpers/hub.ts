import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const DEADLINE_MS = 30_000;

export interface TestHub {
  readonly url: string;
  readonly mqttUrl: string;
  readonly token: string;
  readonly dataDirectory: string;
  readonly pid: number;
  /** What it wrote to stderr so far. */
  readonly log: () => string;
  /** MUSTER_URL, MUSTER_TOKEN and a configuration directory of its own, for commands that drive it. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends it (SIGTERM unless told otherwise) and gives its exit code. Idempotent. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same directory and ports as the flags say. */
  restart(flags?: readonly string[]): Promise<TestHub>;
}

/**
 * A real hub in a process of its own, on free ports and a fresh directory. Registers its clean-up with the running test; in a `beforeAll`
 * pass `keep` and stop it in `afterAll`.
 */
export async function startHub(
  flags: readonly string[] = [],
  options: { readonly keep?: boolean; readonly data?: string; readonly env?: NodeJS.ProcessEnv; readonly descriptorsMax?: number } = {},
): Promise<TestHub> {
  const folder = options.data ?? (await mkdtemp(join(tmpdir(), 'muster-test-')));
  const readyFile = join(folder, 'ready.json');
  await rm(readyFile, { force: true });
  const config = join(folder, 'config');
  const ports = ['--http', '--mqtt'].flatMap((flag) => (flags.includes(flag) ? [] : [flag, '0']));
  const own = { MUSTER_CONFIG_DIR: config, ...options.env };
  const command = [process.execPath, RUN, 'serve', '--data', join(folder, 'data'), '--ready-file', readyFile, ...ports, ...flags];
  const limited = options.descriptorsMax === undefined ? command : ['sh', '-c', `ulimit -n ${options.descriptorsMax} && exec "$0" "$@"`, ...command];
  const child = spawn(limited[0] as string, limited.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...own },
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  child.stdout.on('data', (chunk) => (log += chunk));
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  const discard = async () => {
    await stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  if (!options.keep) onTestFinished(discard);

  const ready = await Promise.race([whenReady(readyFile), exited.then((code) => Promise.reject(new Error(`the hub ended with ${code}:\n${log}`)))]);
  return {
    url: ready.http.url,
    mqttUrl: ready.mqtt?.url ?? '',
    token: ready.token,
    dataDirectory: join(folder, 'data'),
    pid: ready.pid,
    log: () => log,
    env: { ...process.env, ...own, MUSTER_URL: ready.http.url, MUSTER_TOKEN: ready.token },
    stop,
    restart: (more = flags) => startHub(more, { ...options, data: folder }),
  };
}

interface Ready {
  readonly pid: number;
  readonly http: { readonly url: string };
  readonly mqtt: { readonly url: string } | null;
  readonly token: string;
}

/** The ready file appears whole, or not at all. */
async function whenReady(file: string): Promise<Ready> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Ready;
    } catch {
      if (Date.now() > deadline) throw new Error(`the hub was not ready within ${DEADLINE_MS} ms`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}
