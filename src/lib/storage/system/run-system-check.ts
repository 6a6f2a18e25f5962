import { Worker } from 'node:worker_threads';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { workerFile } from '../worker-file.ts';
import type { SystemCheck } from './check-system.ts';

/** What the hub writes meanwhile cannot leave its write-ahead log before the reader is done. */
const CHECK_MS_MAX = 120_000;

/** In a thread of its own, beside the hub's work. Throws MusterError `storage_failed` when there is no answer. */
export async function runSystemCheck(file: string, msMax = CHECK_MS_MAX): Promise<SystemCheck> {
  const thread = new Worker(workerFile('system-check-worker'), { workerData: file, name: 'system check' });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<SystemCheck>((resolve, reject) => {
      const fail = (reason: string, cause?: unknown) =>
        reject(new MusterError('storage_failed', `the system database ${file} could not be checked: ${reason}`, { cause }));
      timer = setTimeout(() => resolve({ pages: 0, journalEntries: 0, brokerLogEntries: 0, problems: [], complete: false }), msMax);
      thread.once('message', resolve);
      thread.once('error', (cause) => fail(messageOf(cause), cause));
      thread.once('exit', () => fail('its thread ended'));
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
