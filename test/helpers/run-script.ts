import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './run-muster.ts';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface ScriptOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** `closed`: there is no stdin at all; `open`: it stays open and nothing ever comes; else its whole text. */
  readonly stdin: 'closed' | 'open' | { readonly text: string };
  readonly timeoutMs?: number;
}

/** Runs the built command line through a shell, with the stdin that services, pipes and cron jobs have. `MUSTER` in the script is the command. */
export function runScript(script: string, args: readonly string[], options: ScriptOptions): Promise<Run & { readonly ms: number }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const closing = options.stdin === 'closed' ? 'exec 0<&-\n' : '';
    const line = `${closing}MUSTER() { "$NODE" "$RUN" "$@"; }\n${script}`;
    const child = spawn('bash', ['-c', line, 'bash', ...args], {
      cwd: options.cwd,
      env: { ...options.env, NODE: process.execPath, RUN },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    if (typeof options.stdin === 'object') child.stdin.end(options.stdin.text);
    const deadline = setTimeout(() => {
      // The group: bash and the command that it waits for.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      reject(new Error(`${script} ${args.join(' ')} did not end:\n${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`));
    }, options.timeoutMs ?? 20_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(deadline);
      resolve({ code, stdout, stderr, ms: performance.now() - startedAt });
    });
  });
}
