import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { MusterError } from '../../errors/muster-error.ts';
import { openCsvRecords, openNdjsonLines } from './read-records.ts';
import type { RecordedRow } from './recorded-value.ts';

export const RECORDING_FORMATS = ['csv', 'ndjson'] as const;
export type RecordingFormat = (typeof RECORDING_FORMATS)[number];

export interface RecordingInput {
  readonly stream: Readable;
  /** Null for stdin. */
  readonly bytes: number | null;
}

/** Opens a file, or stdin for `-`. When the signal aborts it ends with an error: a pipe may stay open and silent for ever. */
export async function openRecording(file: string, signal: AbortSignal): Promise<RecordingInput> {
  const input = file === '-' ? { stream: process.stdin, bytes: null } : await openFile(file);
  const interrupt = (): void => void input.stream.destroy(new MusterError('interrupted', 'Interrupted.'));
  signal.addEventListener('abort', interrupt, { once: true });
  input.stream.once('close', () => signal.removeEventListener('abort', interrupt));
  return input;
}

async function openFile(file: string): Promise<RecordingInput> {
  if (file === '') throw new MusterError('usage', 'The name of the file is empty.', { hint: 'Name a file; - reads from stdin.' });
  const facts = await stat(file);
  if (facts.isDirectory()) throw new MusterError('usage', `${file} is a directory.`, { hint: 'Give one file.' });
  return { stream: createReadStream(file), bytes: facts.isFile() ? facts.size : null };
}

export function formatOf(file: string, chosen: RecordingFormat | undefined): RecordingFormat {
  return chosen ?? (/\.(ndjson|jsonl|json)$/i.test(file) ? 'ndjson' : 'csv');
}

export interface Recording {
  readonly header: readonly string[];
  /** In the order of the file, in constant memory. */
  readonly rows: AsyncIterable<RecordedRow>;
}

class QuotedCell {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function cellText(cell: string | QuotedCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Larger rows are no recording but a file of another kind. */
const ROW_BYTES_MAX = 1_048_576;

export async function readCsv(stream: Readable, delimiter: string | undefined): Promise<Recording> {
  const records = await openCsvRecords<string | QuotedCell>(stream, {
    max_record_size: ROW_BYTES_MAX,
    delimiter: delimiter ?? [',', ';', '\t', '|'],
    // In an export of ours the quotes tell text from numbers.
    cast: (text, { quoting }) => (quoting ? new QuotedCell(text) : text),
  });
  const first = await records.next();
  if (first === null) throw new MusterError('invalid', 'The file is empty.', { hint: 'The first line must name the columns.' });
  const header = first.record.map(cellText);
  const places = new Map(header.map((name, index) => [name, index]));

  async function* rows(): AsyncGenerator<RecordedRow> {
    try {
      for (;;) {
        const record = await records.next();
        if (record === null) return;
        const cells = record.record;
        yield {
          line: record.info.lines,
          typed: false,
          names: header,
          field: (column) => {
            const cell = cells[places.get(column) ?? -1];
            return cell === undefined ? undefined : cellText(cell);
          },
          quoted: (column) => typeof cells[places.get(column) ?? -1] === 'object',
        };
      }
    } finally {
      records.end();
    }
  }
  return { header, rows: rows() };
}

/** NDJSON, or a JSON array with an object on each line. The header is the keys of the first object; a later object may have others beside them. */
export async function readNdjson(stream: Readable): Promise<Recording> {
  const lines = openNdjsonLines(stream);
  const next = async (): Promise<RecordedRow | null> => {
    const read = await lines.next();
    return read === null ? null : rowOf(read.text, read.line);
  };
  const first = await next();
  if (first === null) throw new MusterError('invalid', 'The file is empty.', { hint: 'Each line must be a JSON object.' });

  async function* rows(firstRow: RecordedRow): AsyncGenerator<RecordedRow> {
    try {
      for (let row: RecordedRow | null = firstRow; row !== null; row = await next()) yield row;
    } finally {
      lines.end();
    }
  }
  return { header: first.names, rows: rows(first) };
}

function rowOf(text: string, line: number): RecordedRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error: unknown) {
    throw new MusterError('invalid', `Line ${line} is not JSON: "${text.slice(0, 60)}".`, {
      hint: 'Each line must be a JSON object. For CSV give --format csv.',
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MusterError('invalid', `Line ${line} is not a JSON object: "${text.slice(0, 60)}".`, { hint: 'For CSV give --format csv.' });
  }
  const object = value as Readonly<Record<string, unknown>>;
  return {
    line,
    typed: true,
    names: Object.keys(object),
    field: (column) => (Object.hasOwn(object, column) ? object[column] : undefined),
    quoted: () => false,
  };
}
