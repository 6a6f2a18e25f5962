import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let bundles = 0;

/** Bundles a TypeScript file of the tests, because Node 20 runs none. The file is removed after the test. */
export async function bundled(source: string): Promise<string> {
  // Inside the package, so that the bundle finds its dependencies and the built worker threads.
  const outfile = join(ROOT, 'dist', 'test-bundles', `${process.pid}-${threadId}-${bundles++}.mjs`);
  await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20.15', packages: 'external', logLevel: 'error' });
  onTestFinished(() => rmSync(outfile, { force: true }));
  return outfile;
}

/** Starts a command whose stdout is read by the test; killed after the test when it still runs. */
export function started(command: string, parameters: readonly string[]): ChildProcess {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')));
  return child;
}
