import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runResident } from './residents.ts';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
/** They hold ports and threads, or end on a signal: their process is what is tested. */
const ALONE = new Set(['serve', 'demo', 'simulate']);
/** Node reads them when it starts. */
const AT_START = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS'] as const;
const TIMEOUT_MS = 30_000;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** In a process of its own, for what a process that runs many commands does not show. */
  readonly alone?: boolean;
}

/** Runs the built command line to its end, as a script would: no terminal. Most commands run in a process that has run others before. */
export function runMuster(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { env = process.env, input = '', cwd = process.cwd(), timeoutMs = TIMEOUT_MS } = options;
  const alone = options.alone ?? (ALONE.has(args[0] ?? '') || AT_START.some((name) => env[name] !== process.env[name]));
  return alone ? runAlone(args, { env, input, cwd, timeoutMs }) : runResident(args, { env, input, cwd, timeoutMs });
}

function runAlone(args: readonly string[], { env, input, cwd, timeoutMs }: Required<Omit<RunOptions, 'alone'>>): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RUN, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env, cwd });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`muster ${args.join(' ')} did not end:\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
