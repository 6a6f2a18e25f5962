import { parentPort, workerData } from 'node:worker_threads';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { FromWriter, ToWriter, WriterOptions } from './commit-messages.ts';
import { CommitWriter } from './commit-writer.ts';

// The writing thread: one group in, one answer out. It ends when it is told to close.
const port = parentPort;
if (port !== null) run(port, workerData as WriterOptions);

function run(parent: NonNullable<typeof parentPort>, options: WriterOptions): void {
  const answer = (message: FromWriter) => parent.postMessage(message);
  let writer: CommitWriter;
  try {
    writer = new CommitWriter(options, Date.now());
    answer(writer.opened());
  } catch (error: unknown) {
    answer({ kind: 'unusable', message: messageOf(error), hint: error instanceof MusterError ? error.hint : null });
    return;
  }
  parent.on('message', (message: ToWriter) => {
    if (message.kind === 'group') return answer(writer.write(message));
    writer.close();
    parent.close();
  });
}
