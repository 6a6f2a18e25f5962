import type { Readable } from 'node:stream';
import { MusterError } from '../errors/muster-error.ts';
import { openCsvRecords, openNdjsonLines } from '../reading/recording/read-records.ts';

/** One row of a file of devices. */
export interface FileRow {
  /** Counted from 1; of a row over several lines the last. */
  readonly line: number;
  /** null: the row cannot be read; `problem` says why. */
  readonly cells: ReadonlyMap<string, unknown> | null;
  readonly problem: string | null;
}

export interface FileRows {
  readonly header: readonly string[];
  /** In the order of the file, in constant memory. */
  readonly rows: AsyncIterable<FileRow>;
}

/** Larger rows are no list of devices but a file of another kind. */
const ROW_BYTES_MAX = 262_144;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** CSV with the names of its columns in the first line. The delimiter is the one that this line has most of. */
export async function readCsvRows(stream: Readable, delimiter: string | undefined): Promise<FileRows> {
  const records = await openCsvRecords(stream, { max_record_size: ROW_BYTES_MAX, delimiter: delimiter ?? (await delimiterOf(stream)) });
  const first = await records.next();
  if (first === null) throw emptyFile();
  const header = first.record.map((name) => name.trim());
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) throw new MusterError('invalid', `Two columns are called ${twice}.`, { hint: 'Give each another name.' });

  async function* rows(): AsyncGenerator<FileRow> {
    try {
      for (let row = await records.next(); row !== null; row = await records.next()) {
        const { record, info } = row;
        if (record.length !== header.length)
          yield { line: info.lines, cells: null, problem: `the row has ${record.length} cells, and the first line names ${header.length}` };
        else yield { line: info.lines, cells: new Map(header.map((name, index) => [name, record[index]])), problem: null };
      }
    } finally {
      records.end();
    }
  }
  return { header, rows: rows() };
}

async function delimiterOf(stream: Readable): Promise<string> {
  if (stream.readableLength === 0 && !stream.readableEnded) await new Promise((resolve) => stream.once('readable', resolve));
  const head = stream.read() as Buffer | null;
  if (head === null) return ',';
  stream.unshift(head);
  const line =
    head
      .toString('utf8')
      .split(/\r?\n/, 1)[0]
      ?.replaceAll(/"[^"]*"/g, '') ?? '';
  const counts = DELIMITERS.map((each) => line.split(each).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** NDJSON, or a JSON array with an object on each line. The header is the keys of the first object; later ones may have others. */
export async function readNdjsonRows(stream: Readable): Promise<FileRows> {
  const lines = openNdjsonLines(stream);
  const next = async (): Promise<FileRow | null> => {
    const read = await lines.next();
    return read === null ? null : rowOf(read.text, read.line);
  };
  const first = await next();
  if (first === null) throw emptyFile();

  async function* rows(firstRow: FileRow): AsyncGenerator<FileRow> {
    try {
      for (let row: FileRow | null = firstRow; row !== null; row = await next()) yield row;
    } finally {
      lines.end();
    }
  }
  return { header: [...(first.cells?.keys() ?? [])], rows: rows(first) };
}

function rowOf(text: string, line: number): FileRow {
  const bad = (problem: string): FileRow => ({ line, cells: null, problem });
  if (text.length > ROW_BYTES_MAX) return bad(`the line has more than ${ROW_BYTES_MAX} characters`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('the line is not a JSON object');
    return { line, cells: new Map(Object.entries(value)), problem: null };
  } catch {
    return bad('the line is not JSON');
  }
}

function emptyFile(): MusterError {
  return new MusterError('invalid', 'The file is empty.', { hint: 'A CSV begins with the names of its columns, each line of NDJSON is an object.' });
}
