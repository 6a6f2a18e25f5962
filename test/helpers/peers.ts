import { spawn, spawnSync } from 'node:child_process';
import { onTestFinished, type TestContext } from 'vitest';

/** Programs of others that tests talk to. Without them a test says why it is skipped; with MUSTER_REQUIRE_PEERS=1 it fails. */
export function requirePeer(binary: string, context: Pick<TestContext, 'skip'>): void {
  const found = spawnSync(binary, ['--help'], { stdio: 'ignore', timeout: 10_000 });
  if (found.error === undefined) return;
  const reason = `${binary} is not installed (${found.error.message})`;
  if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(reason);
  process.stderr.write(`SKIPPED: ${reason}\n`);
  context.skip(reason);
}

/** The Python that has this module (Debian's is not always the first in the path); skips or fails as above. */
export function requirePython(module: string, context: Pick<TestContext, 'skip'>): string {
  for (const binary of ['python3', '/usr/bin/python3'])
    if (spawnSync(binary, ['-c', `import ${module}`], { stdio: 'ignore', timeout: 10_000 }).status === 0) return binary;
  const reason = `no Python has ${module}`;
  if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(reason);
  process.stderr.write(`SKIPPED: ${reason}\n`);
  return context.skip(reason);
}

export interface PeerRun {
  readonly output: () => string;
  readonly exited: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  kill(): void;
}

/** Starts a peer; it is ended with the test. */
export function runPeer(binary: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): PeerRun {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const kill = () => {
    if (child.exitCode === null) child.kill('SIGKILL');
  };
  onTestFinished(async () => {
    kill();
    await exited;
  });
  return { output: () => stdout, exited, kill };
}
