import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './run-muster.ts';

const RESIDENT = fileURLToPath(new URL('./resident-muster.mjs', import.meta.url));
/** A command of its own process costs ten times as much, so they are kept from one file of tests to the next. They end with this thread. */
const idle: ChildProcess[] = [];

export interface ResidentRun {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Null: stdin stays open, and nothing ever comes. */
  readonly input: string | null;
  readonly timeoutMs: number;
}

/**
 * Runs the built command line to its end in a process that has run others before. For commands that end by themselves and start nothing
 * that stays: whether the process ends, what signals do to it and what stdout does when its reader goes is not seen here.
 */
export function runResident(args: readonly string[], { env, cwd, input, timeoutMs }: ResidentRun): Promise<Run> {
  const resident = idle.pop() ?? start();
  return new Promise((resolve, reject) => {
    const over = (): void => {
      clearTimeout(timer);
      resident.off('message', answered);
      resident.off('exit', ended);
    };
    const answered = (run: unknown): void => {
      over();
      idle.push(resident);
      resolve(run as Run);
    };
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      over();
      reject(new Error(`muster ${args.join(' ')} ended the process that ran it: ${code ?? signal}`));
    };
    const timer = setTimeout(() => {
      over();
      resident.kill('SIGKILL');
      reject(new Error(`muster ${args.join(' ')} did not end within ${timeoutMs} ms`));
    }, timeoutMs);
    resident.on('message', answered);
    resident.on('exit', ended);
    resident.send({ args, env, cwd, input });
  });
}

function start(): ChildProcess {
  // What libraries find out about colours when they are loaded is for every command the same.
  const { FORCE_COLOR: _, NO_COLOR: __, ...env } = process.env;
  const resident = fork(RESIDENT, { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  resident.unref();
  resident.channel?.unref();
  resident.once('exit', () => {
    const index = idle.indexOf(resident);
    if (index !== -1) idle.splice(index, 1);
  });
  return resident;
}
