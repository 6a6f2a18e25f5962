import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { workerFile } from '../worker-file.ts';
import type { SystemCheck } from './check-system.ts';

/** What the hub writes meanwhile cannot leave its write-ahead log before the reader is done. */
const CHECK_MS_MAX = 120_000;

/**
 * In a process of its own, beside the hub's work: it can be ended in the middle of a statement, where a thread takes the hub with it. Throws MusterError
 * `storage_failed` when there is no answer.
 */
export async function runSystemCheck(file: string, msMax = CHECK_MS_MAX): Promise<SystemCheck> {
  const checker = fork(fileURLToPath(workerFile('system-check-worker')), [file], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  // A hub that stops meanwhile does not wait for it.
  checker.unref();
  checker.channel?.unref();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<SystemCheck>((resolve, reject) => {
      const fail = (reason: string, cause?: unknown) =>
        reject(new MusterError('storage_failed', `the system database ${file} could not be checked: ${reason}`, { cause }));
      timer = setTimeout(() => resolve({ pages: 0, journalEntries: 0, brokerLogEntries: 0, problems: [], complete: false }), msMax);
      checker.once('message', (found: { readonly check: SystemCheck } | { readonly reason: string }) =>
        'check' in found ? resolve(found.check) : fail(found.reason),
      );
      checker.once('error', (cause) => fail(messageOf(cause), cause));
      // Comes behind what it said, which its end need not.
      checker.once('disconnect', () => fail('its process ended'));
    });
  } finally {
    clearTimeout(timer);
    checker.kill('SIGKILL');
  }
}
