import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Scope } from '../scope.ts';

/** `muster device import` under way. */
export interface ImportCommand {
  readonly isRunning: () => boolean;
  /** What it said on stderr. */
  readonly words: () => string;
  /** Its exit code and its summary; null when it was killed. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string }>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export function beginImport(scope: Scope, parameters: readonly string[], options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }): ImportCommand {
  const child = spawn(process.execPath, [join(ROOT, 'bin/run.js'), 'device', 'import', ...parameters], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-100_000)));
  const ended = new Promise<{ code: number | null; stdout: string }>((resolve) => child.once('close', (code) => resolve({ code, stdout })));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const kill = async () => {
    if (isRunning()) child.kill('SIGKILL');
    await ended;
  };
  scope.defer(kill);
  return { isRunning, words: () => stderr, ended, kill };
}
