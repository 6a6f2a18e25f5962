import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parse } from 'csv-parse';
import { isPointPath, POINT_RULE } from '../domain/ids.ts';
import { inferValueType, type SampleValue, type ValueType } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { readAbsoluteTime } from '../reading/time-expression.ts';
import { createRepetitions } from './repetitions.ts';

/** How the columns of a CSV file become points. */
export interface RecordingColumns {
  /** null: the first of timestamp, time, date, datetime, ts that the header holds */
  readonly time: string | null;
  /** column -> point; null: every other column under its own name */
  readonly points: ReadonlyMap<string, string> | null;
}

export interface RecordedRow {
  /** ms since 1970; a time without a zone is read as UTC */
  readonly time: number;
  /** Empty cells are left out. */
  readonly values: Readonly<Record<string, SampleValue>>;
}

/** What one pass over the file found. Times in ms since 1970. */
export interface RecordingSummary {
  readonly rows: number;
  readonly samples: number;
  readonly points: readonly { readonly path: string; readonly valueType: ValueType }[];
  /** The first row's, and the ends of the range. */
  readonly first: number;
  readonly earliest: number;
  readonly latest: number;
  /** Rows whose time lies before the row above. */
  readonly stepsBack: number;
  /** Samples whose point and time stood in the file before: the hub keeps the last of them. */
  readonly repeated: number;
}

const TIME_NAMES = ['timestamp', 'time', 'date', 'datetime', 'ts'];

/** Reads row by row, in the order of the file, in constant memory. */
export async function* readRecording(file: string, columns: RecordingColumns): AsyncGenerator<RecordedRow> {
  const stream = createReadStream(file);
  const parser = stream.pipe(parse({ bom: true, skip_empty_lines: true, trim: true, max_record_size: 1_000_000, info: true }));
  // pipe() does not forward the source's errors.
  stream.on('error', (error) => parser.destroy(error));
  let header: Header | null = null;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ readonly record: string[]; readonly info: { readonly lines: number } }>) {
      if (header === null) header = readHeader(file, record, columns);
      else yield readRow(file, header, record, info.lines);
    }
  } catch (error: unknown) {
    throw explainReadError(file, error);
  } finally {
    stream.destroy();
  }
}

interface Header {
  readonly timeIndex: number;
  readonly points: readonly { readonly index: number; readonly path: string }[];
}

function readHeader(file: string, names: readonly string[], { time, points }: RecordingColumns): Header {
  const timeName = time ?? names.find((name) => TIME_NAMES.includes(name.toLowerCase()));
  const timeIndex = timeName === undefined ? -1 : names.indexOf(timeName);
  if (timeIndex < 0) {
    throw new MusterError('usage', time === null ? `${file} has no column that is called like a time.` : `${file} has no column "${time}".`, {
      hint: `Name it with --time-column; the columns are ${names.join(', ')}.`,
    });
  }
  const wanted = points ?? new Map(names.filter((_, index) => index !== timeIndex).map((name) => [name, pathOf(name)]));
  const mapped = [...wanted].map(([column, path]) => {
    const index = names.indexOf(column);
    if (index < 0) throw new MusterError('usage', `${file} has no column "${column}".`, { hint: `The columns are ${names.join(', ')}.` });
    if (!isPointPath(path))
      throw new MusterError('usage', `"${path}" cannot be a point.`, { hint: `A point is ${POINT_RULE}. Map it: --map "${column}=point".` });
    return { index, path };
  });
  if (mapped.length === 0)
    throw new MusterError('usage', `${file} has no column beside the time.`, { hint: 'A recording needs at least one column of values.' });
  return { timeIndex, points: mapped };
}

function pathOf(column: string): string {
  return column.trim().replace(/[\s,+#*?]+/g, '_');
}

function readRow(file: string, { timeIndex, points }: Header, record: readonly string[], line: number): RecordedRow {
  const text = record[timeIndex] ?? '';
  const time = readAbsoluteTime(text, 'UTC');
  if (time === null) {
    throw new MusterError('invalid', `${file}, line ${line}: "${text.slice(0, 40)}" is not a time.`, {
      hint: 'Times are ISO 8601 (UTC without a zone) or seconds or milliseconds since 1970.',
    });
  }
  const values: Record<string, SampleValue> = {};
  for (const { index, path } of points) {
    const value = readCell(record[index] ?? '');
    if (value !== null) values[path] = value;
  }
  return { time, values };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A number or a boolean where it looks like one, a string otherwise; null for an empty cell. */
export function readCell(text: string): SampleValue | null {
  if (text === '') return null;
  if (NUMBER.test(text)) {
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

/** One pass over the file, before anything is sent: so that a broken line 10,000 is found now. */
export async function inspectRecording(file: string, columns: RecordingColumns, signal: AbortSignal): Promise<RecordingSummary> {
  const types = new Map<string, ValueType>();
  const repetitions = createRepetitions();
  let rows = 0;
  let samples = 0;
  let first = 0;
  let before = Number.NEGATIVE_INFINITY;
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  let stepsBack = 0;
  for await (const { time, values } of readRecording(file, columns)) {
    if (signal.aborted) throw new MusterError('interrupted', `Interrupted while looking through ${file}.`);
    if (rows === 0) first = time;
    if (time < before) stepsBack += 1;
    before = time;
    rows += 1;
    earliest = Math.min(earliest, time);
    latest = Math.max(latest, time);
    repetitions.note(time, Object.keys(values));
    for (const [path, value] of Object.entries(values)) {
      samples += 1;
      // The first value decides: a text among numbers is for the hub to reject, with its reason.
      if (!types.has(path)) types.set(path, inferValueType(value));
    }
  }
  if (rows === 0) throw new MusterError('invalid', `${file} holds no rows.`, { hint: 'The first line names the columns; the rows follow.' });
  const points = [...types].map(([path, valueType]) => ({ path, valueType }));
  if (points.length === 0)
    throw new MusterError('invalid', `${file} holds no values in the columns chosen.`, { hint: 'Choose other columns with --map column=point.' });
  return { rows, samples, points, first, earliest, latest, stepsBack, repeated: repetitions.count };
}

export async function checkReadable(file: string): Promise<void> {
  try {
    const facts = await stat(file);
    if (!facts.isFile()) throw new MusterError('usage', `${file} is not a file.`, { hint: 'Give a CSV file with a header line.' });
  } catch (error: unknown) {
    throw explainReadError(file, error);
  }
}

function explainReadError(file: string, error: unknown): unknown {
  if (error instanceof MusterError) return error;
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code === 'ENOENT') return new MusterError('not_found', `There is no file ${file}.`, { hint: 'Check the path.', cause: error });
  if (code === 'EISDIR') return new MusterError('usage', `${file} is a directory.`, { hint: 'Give a CSV file with a header line.', cause: error });
  if (code === 'EACCES') return new MusterError('not_allowed', `${file} may not be read.`, { hint: 'Check the permissions of the file.', cause: error });
  if (typeof code === 'string' && code.startsWith('CSV_')) {
    return new MusterError('invalid', `${file} is not a well-formed CSV file: ${messageOf(error)}.`, {
      hint: 'Commas between columns, quotes around text with commas.',
      cause: error,
    });
  }
  return error;
}
