import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { FailedValue } from './recorded-value.ts';

/** A CSV file with a row for each value that was not taken. */
export interface ResultsFile {
  add(failed: FailedValue): void;
  /** Resolves when there is room for more. */
  room(): Promise<void>;
  close(): Promise<void>;
}

export async function openResultsFile(path: string): Promise<ResultsFile> {
  const { stringify } = await import('csv-stringify/sync');
  const stream = createWriteStream(path);
  let failure: Error | null = null;
  stream.on('error', (error) => {
    failure = error;
  });
  const check = (): void => {
    if (failure !== null)
      throw new MusterError('usage', `${path} cannot be written: ${messageOf(failure)}.`, { hint: 'Give another file with --results.', cause: failure });
  };
  await once(stream, 'open').catch(() => check());
  stream.write(stringify([['line', 'device', 'time', 'point', 'value', 'code', 'reason']]));
  return {
    add({ line, device, time, point, value, code, reason }) {
      stream.write(stringify([[line, device, time === null ? null : new Date(time).toISOString(), point, value, code, reason]]));
    },
    async room() {
      check();
      if (stream.writableNeedDrain) await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => undefined);
      check();
    },
    async close() {
      await new Promise<void>((resolve) => stream.end(() => resolve()));
      check();
    },
  };
}
