import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { startResident } from './residents.ts';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
/** Of a machine that is far too busy. */
const DEADLINE_MS = 50_000;
const ORDERLY_MS = 1_000;

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

interface HubChoice {
  readonly keep?: boolean;
  readonly data?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly descriptorsMax?: number;
  /** In a process that has run nothing before, where its start, its end or what it takes is the subject. */
  readonly alone?: boolean;
}

/**
 * A real hub in a process besides this one, on free ports and a fresh directory. Registers its clean-up with the running test; in a
 * `beforeAll` pass `keep` and stop it in `afterAll`.
 */
export async function startHub(flags: readonly string[] = [], options: HubChoice = {}): Promise<TestHub> {
  const folder = options.data ?? (await mkdtemp(join(tmpdir(), 'muster-test-')));
  const readyFile = join(folder, 'ready.json');
  await rm(readyFile, { force: true });
  const config = join(folder, 'config');
  const ports = ['--http', '--mqtt'].flatMap((flag) => (flags.includes(flag) ? [] : [flag, '0']));
  const own = { MUSTER_CONFIG_DIR: config, ...options.env };
  const args = ['serve', '--data', join(folder, 'data'), '--ready-file', readyFile, ...ports, ...flags];
  const alone = options.alone === true || options.descriptorsMax !== undefined;
  const { child, exited } = (alone ? startAlone : startBeside)(args, { ...process.env, ...own }, options.descriptorsMax);
  let log = '';
  const hear = (chunk: Buffer): void => {
    log += chunk;
  };
  child.stderr?.on('data', hear);
  child.stdout?.on('data', hear);
  let over = false;
  const ended = exited.then(async (code) => {
    over = true;
    // What it wrote last is on its way.
    await new Promise((resolve) => setImmediate(resolve));
    child.stderr?.off('data', hear);
    child.stdout?.off('data', hear);
    return code;
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!over) child.kill(signal);
    return ended;
  };
  const discard = async () => {
    // One that ends in order can run the next; one that waits for its clients is not worth it.
    const late = alone ? undefined : setTimeout(() => void stop('SIGKILL'), ORDERLY_MS);
    await stop(alone ? 'SIGKILL' : 'SIGTERM').finally(() => clearTimeout(late));
    await rm(folder, { recursive: true, force: true });
  };
  if (!options.keep) onTestFinished(discard);

  const ready = await Promise.race([whenReady(readyFile), ended.then((code) => Promise.reject(new Error(`the hub ended with ${code}:\n${log}`)))]);
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

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
}

function startAlone(args: readonly string[], env: NodeJS.ProcessEnv, descriptorsMax: number | undefined): Started {
  const command = [process.execPath, RUN, ...args];
  const limited = descriptorsMax === undefined ? command : ['sh', '-c', `ulimit -n ${descriptorsMax} && exec "$0" "$@"`, ...command];
  const child = spawn(limited[0] as string, limited.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env });
  return { child, exited: new Promise((done) => child.once('exit', (code) => done(code))) };
}

/** Its modules are loaded already, which is most of what a start costs. */
function startBeside(args: readonly string[], env: NodeJS.ProcessEnv): Started {
  const { resident, ended } = startResident(args, { env, cwd: process.cwd(), input: '' });
  return { child: resident, exited: ended.then(({ code }) => code) };
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
