import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Run } from './run-muster.ts';

const RESIDENT = fileURLToPath(new URL('./resident-muster.mjs', import.meta.url));

/**
 * Processes that run the built command line, one command after the other: a process for each costs ten times as much, and a second for a
 * hub. They are kept from one file of tests to the next, and end with this thread.
 */
const idle: ChildProcess[] = [];
/** Each hub leaves some 10 MB of what native libraries keep, so a resident ends after so many. */
const HUBS_MAX = 12;
const hubsRun = new WeakMap<ChildProcess, number>();

export interface Circumstances {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Null: stdin stays open, and nothing ever comes. */
  readonly input: string | null;
}

/**
 * Runs a command to its end. For commands that end by themselves and start nothing that stays: whether the process ends, what signals do
 * to it and what stdout does when its reader goes is not seen here.
 */
export async function runResident(args: readonly string[], circumstances: Circumstances & { readonly timeoutMs: number }): Promise<Run> {
  const { timeoutMs, ...rest } = circumstances;
  const { resident, ended } = runIn(args, { ...rest, live: false });
  const timer = setTimeout(() => resident.kill('SIGKILL'), timeoutMs);
  const run = await ended.finally(() => clearTimeout(timer));
  if (run.code === null) throw new Error(`muster ${args.join(' ')} did not end within ${timeoutMs} ms, or ended the process that ran it`);
  return run;
}

export interface ResidentCommand {
  /** Signals to it reach the command. One that it dies of costs the resident. */
  readonly resident: ChildProcess;
  /** What it writes goes to its own stdout and stderr, as it is written. The code is null after a signal that it died of. */
  readonly ended: Promise<Run>;
}

/** Runs a command that stays until a signal, such as a hub. */
export function startResident(args: readonly string[], circumstances: Circumstances): ResidentCommand {
  return runIn(args, { ...circumstances, live: true });
}

function runIn(args: readonly string[], circumstances: Circumstances & { readonly live: boolean }): ResidentCommand {
  const resident = idle.pop() ?? start();
  const ended = new Promise<Run>((resolve) => {
    const answered = (run: unknown): void => {
      resident.off('exit', died);
      const hubs = (hubsRun.get(resident) ?? 0) + (circumstances.live ? 1 : 0);
      hubsRun.set(resident, hubs);
      if (hubs < HUBS_MAX) idle.push(resident);
      else resident.disconnect();
      resolve(run as Run);
    };
    const died = (code: number | null): void => {
      resident.off('message', answered);
      // A command that ends by itself has broken the process: its code is no answer of the command.
      resolve({ code: circumstances.live ? code : null, stdout: '', stderr: '' });
    };
    resident.once('message', answered);
    resident.once('exit', died);
  });
  resident.send({ args, ...circumstances });
  return { resident, ended };
}

function start(): ChildProcess {
  // What libraries find out about colours when they are loaded is for every command the same.
  const { FORCE_COLOR: _, NO_COLOR: __, ...env } = process.env;
  const resident = fork(RESIDENT, { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [resident.stdout, resident.stderr] as (Socket | null)[]) stream?.resume().unref();
  resident.unref();
  resident.channel?.unref();
  resident.once('exit', () => {
    const index = idle.indexOf(resident);
    if (index !== -1) idle.splice(index, 1);
  });
  return resident;
}
