import { join } from 'node:path';
import { MusterError } from '../errors/muster-error.ts';
import { openDatabase } from '../storage/system/driver.ts';

/**
 * One hub per data directory. The lock is SQLite's on a file of its own: the system drops it when the process ends, however it ends,
 * so no stale lock stays and no process id has to be believed.
 */
export function lockDirectory(folder: string): { release(): void } {
  const database = openDatabase(join(folder, 'hub.lock'), { readOnly: false, busyTimeoutMs: 0 });
  try {
    database.exec('PRAGMA journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error: unknown) {
    database.close();
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
