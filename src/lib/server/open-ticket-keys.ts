import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TicketKeys } from '../certificates/ticket-keys.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import { writePrivately } from './files.ts';

/** The key of TLS sessions, in a file of the data directory that its owner alone can read. */
export function openTicketKeys(folder: string, clock: () => number, log: Log): Promise<TicketKeys> {
  const path = join(folder, 'tls-session-key.json');
  return TicketKeys.open({
    file: {
      read: () =>
        readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        }),
      write: (text) => writePrivately(path, text),
    },
    clock,
    failed: (error) => log.warn({ file: path, error: messageOf(error) }, 'the key of TLS sessions is not kept: after a restart devices make whole handshakes'),
  });
}
