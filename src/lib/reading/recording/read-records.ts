import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Options } from 'csv-parse';
import { MusterError, messageOf } from '../../errors/muster-error.ts';

/** Records of a file one after the other, in constant memory; null behind the last. */
export interface Records<Item> {
  next(): Promise<Item | null>;
  /** Ends the source, too. */
  end(): void;
}

export interface CsvRecord<Cell> {
  readonly record: readonly Cell[];
  readonly info: { readonly lines: number };
}

/** Rows of CSV as they stand there, the first one too. A row that is too short or too long is one bad row, not the end of all. Throws invalid. */
export async function openCsvRecords<Cell = string>(
  stream: Readable,
  options: Pick<Options, 'cast' | 'delimiter' | 'max_record_size'>,
): Promise<Records<CsvRecord<Cell>>> {
  const { parse } = await import('csv-parse');
  const records = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, ...options });
  const iterator = records[Symbol.asyncIterator]() as AsyncIterator<CsvRecord<Cell>>;
  // A failure of the source must end the parser too, and the other way round.
  stream.on('error', (error) => records.destroy(error));
  records.on('close', () => stream.destroy());
  stream.pipe(records);
  return {
    async next() {
      try {
        const result = await iterator.next();
        return result.done === true ? null : result.value;
      } catch (error: unknown) {
        if (error instanceof MusterError) throw error;
        throw new MusterError('invalid', `The CSV cannot be read: ${messageOf(error)}.`, {
          hint: 'Check the quotes, and the delimiter with --delimiter.',
          cause: error,
        });
      }
    },
    end: () => void records.destroy(),
  };
}

/** Lines of NDJSON, or of a JSON array with an object on each line, as an export writes it. `line` counts from 1. Throws invalid. */
export function openNdjsonLines(stream: Readable): Records<{ readonly text: string; readonly line: number }> {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  const iterator = lines[Symbol.asyncIterator]();
  let failure: Error | null = null;
  // readline does not pass on what its input died of.
  stream.on('error', (error) => {
    failure = error;
    lines.close();
  });
  let line = 0;
  return {
    async next() {
      for (;;) {
        const result = await iterator.next();
        if (failure !== null)
          throw failure instanceof MusterError ? failure : new MusterError('invalid', `The file cannot be read: ${messageOf(failure)}.`, { cause: failure });
        if (result.done === true) return null;
        line += 1;
        const text = (line === 1 ? result.value.replace(/^\uFEFF/, '') : result.value).trim().replace(/,$/, '');
        if (text !== '' && text !== '[' && text !== ']') return { text, line };
      }
    },
    end() {
      lines.close();
      stream.destroy();
    },
  };
}
