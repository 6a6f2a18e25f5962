import { join } from 'node:path';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { isBusy, openDatabase } from '../storage/system/driver.ts';

/**
 * One hub per data directory. The lock is SQLite's on a file of its own: the system drops it when the process ends, however it ends,
 * so no stale lock stays and no process id has to be believed.
 */
export function lockDirectory(folder: string): { release(): void } {
  const database = openDatabase(join(folder, 'hub.lock'), { readOnly: false, busyTimeoutMs: 0 });
  try {
    // Nothing is ever written: without a journal the lock needs no room on a full disk.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error: unknown) {
    database.close();
    if (!isBusy(error)) throw new MusterError('storage_failed', `${join(folder, 'hub.lock')} cannot be locked: ${messageOf(error)}`, { cause: error });
    throw new MusterError('hub_running', `another hub runs on ${folder}`, { cause: error });
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      database.close();
    },
  };
}
