import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './ask.ts';
import type { Certificate } from './certificate.ts';
import { ROOT } from './root.ts';
import type { Scope } from './scope.ts';
import { pause } from './waiting.ts';

const READY_DEADLINE_MS = 120_000;
const LOG_CHARACTERS_MAX = 8_000_000;
const ANSWER_DEADLINE_MS = 30_000;

export interface HubOptions {
  /** An existing folder that will hold the data directory; without it a new one below the system's temporary folder. */
  readonly folder?: string;
  /** Settings, as environment variables without `MUSTER_`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** With it the hub speaks HTTPS instead of HTTP, and MQTT over TLS beside MQTT. */
  readonly certificate?: Certificate;
  /** Of HTTP, for clients that outlive the hub; without it another one with each start. */
  readonly httpPort?: number;
  /** Shell commands that run before the hub in the same process, such as `ulimit -n 256`. */
  readonly before?: string;
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a proof looks into whatever came back.
  readonly body: any;
}

/** A hub in a process of its own that dies and comes back on the same data; its ports change with each start. */
export interface HubProcess {
  readonly url: string;
  readonly mqttPort: number;
  /** NaN without a certificate. */
  readonly mqttsPort: number;
  /** The certificate to trust. */
  readonly ca: string | undefined;
  readonly pid: number;
  readonly dataDirectory: string;
  /** Environment of commands that drive it. */
  readonly env: NodeJS.ProcessEnv;
  readonly isRunning: () => boolean;
  /** Resolves with the time in ms until it took traffic; rejects with its words when it ends before that. */
  start(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP for so long: a machine that sleeps, or swaps. A kill meanwhile ends it all the same. */
  freeze(ms: number): Promise<void>;
  /** SIGTERM, and SIGKILL when that does not end it. Gives its exit code. */
  stop(): Promise<number | null>;
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  memoryBytes(): number;
  /** What its processor time comes to since it was started, in ms. */
  processorMs(): number;
  descriptors(): number;
  /** Of all its lives. */
  log(): string;
  /** Log lines of level error, and whatever is no log line and speaks of an uncaught error. */
  complaints(): readonly string[];
}

/** The hub could not start; `words` is what it said. */
export class HubDidNotStart extends Error {
  readonly code: number | null;
  readonly words: string;
  constructor(code: number | null, words: string) {
    super(`the hub ended with ${code} before it took traffic:\n${words.slice(-2000)}`);
    this.code = code;
    this.words = words;
  }
}

interface Ready {
  readonly pid: number;
  readonly http: { readonly url: string };
  readonly mqtt: { readonly port: number };
  readonly mqtts: { readonly port: number } | null;
  readonly token: string;
}

export async function createHubProcess(scope: Scope, options: HubOptions = {}): Promise<HubProcess> {
  const own = await mkdtemp(join(tmpdir(), 'muster-proof-'));
  scope.defer(() => rm(own, { recursive: true, force: true }));
  const folder = options.folder ?? own;
  const dataDirectory = join(folder, 'data');
  const readyFile = join(own, 'ready.json');
  const config = join(own, 'config');
  await mkdir(config, { recursive: true });
  const { certificate } = options;
  const settings = Object.fromEntries(Object.entries(options.settings ?? {}).map(([name, value]) => [`MUSTER_${name}`, String(value)]));
  const tls = certificate && { MUSTER_TLS_CERT: certificate.certFile, MUSTER_TLS_KEY: certificate.keyFile, MUSTER_MQTTS_PORT: '0' };
  const env = { ...process.env, MUSTER_CONFIG_DIR: config, ...tls, ...settings };
  const doors = ['--http', String(options.httpPort ?? 0), '--mqtt', '0'];
  const serve = [join(ROOT, 'bin/run.js'), 'serve', '--data', dataDirectory, '--ready-file', readyFile, ...doors, '--log-format', 'json'];
  let child: ChildProcess | null = null;
  let ended: Promise<number | null> = Promise.resolve(null);
  let ready: Ready | null = null;
  let log = '';
  const isRunning = () => child !== null && child.exitCode === null && child.signalCode === null;
  const known = (): Ready => {
    if (ready === null) throw new Error('the hub has never been ready');
    return ready;
  };
  const kill = async () => {
    if (isRunning()) child?.kill('SIGKILL');
    await ended;
  };
  scope.defer(kill);

  return {
    get url() {
      return known().http.url;
    },
    get mqttPort() {
      return known().mqtt.port;
    },
    get mqttsPort() {
      return known().mqtts?.port ?? Number.NaN;
    },
    ca: certificate?.ca,
    get pid() {
      return known().pid;
    },
    get env() {
      return { ...env, MUSTER_URL: known().http.url, MUSTER_TOKEN: known().token };
    },
    dataDirectory,
    isRunning,
    async start() {
      await rm(readyFile, { force: true });
      const startedAt = performance.now();
      // exec, so that the process that is killed is the hub.
      const [program, parameters] =
        options.before === undefined ? [process.execPath, serve] : ['bash', ['-c', `${options.before}; exec "$0" "$@"`, process.execPath, ...serve]];
      const started = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env });
      child = started;
      let words = '';
      for (const stream of [started.stdout, started.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          log = (log + text).slice(-LOG_CHARACTERS_MAX);
          words = (words + text).slice(-100_000);
        });
      }
      ended = new Promise((resolve) => started.once('close', (code) => resolve(code)));
      while (performance.now() - startedAt < READY_DEADLINE_MS) {
        if (!isRunning()) throw new HubDidNotStart(await ended, words);
        try {
          ready = JSON.parse(await readFile(readyFile, 'utf8')) as Ready;
          return performance.now() - startedAt;
        } catch {
          await pause(10);
        }
      }
      await kill();
      throw new HubDidNotStart(null, `nothing within ${READY_DEADLINE_MS} ms\n${words}`);
    },
    kill,
    async freeze(ms) {
      child?.kill('SIGSTOP');
      await pause(ms);
      child?.kill('SIGCONT');
    },
    async stop() {
      if (isRunning()) child?.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
    async api(method, path, body, headers = {}) {
      const { status, type, text } = await ask(path.startsWith('/health') ? known().http.url + path : `${known().http.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${known().token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        deadlineMs: ANSWER_DEADLINE_MS,
        ca: certificate?.ca,
      });
      return { status, body: /json/.test(type) && text !== '' ? JSON.parse(text) : text };
    },
    memoryBytes() {
      const status = readFileSync(`/proc/${known().pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
    },
    processorMs() {
      // Fields 14 and 15, in ticks of 10 ms; the name in field 2 may hold spaces.
      const fields = readFileSync(`/proc/${known().pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    descriptors: () => readdirSync(`/proc/${known().pid}/fd`).length,
    log: () => log,
    complaints: () => log.split('\n').filter(isComplaint),
  };
}

const PINO_ERROR = 50;

function isComplaint(line: string): boolean {
  if (!line.startsWith('{')) return /uncaught|unhandled|fatal/i.test(line);
  try {
    return (JSON.parse(line) as { level?: number }).level === PINO_ERROR;
  } catch {
    return false;
  }
}
