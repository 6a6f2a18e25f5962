import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { MusterError } from '../errors/muster-error.ts';

const WAIT_MS = 5000;
/** Older locks belong to a process that died: the work under them takes milliseconds. */
const STALE_MS = 10_000;

/** Runs `work`, which must not wait for anything, while no other process runs it. */
export async function withFileLock(file: string, work: () => void): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!take(file)) {
    if (isStale(file)) rmSync(file, { force: true });
    else if (Date.now() > deadline)
      throw new MusterError('conflict', `Another command holds ${file}.`, { hint: 'Try again; remove that file if no other command runs.' });
    await wait(5 + Math.random() * 20);
  }
  try {
    work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(file: string): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}
