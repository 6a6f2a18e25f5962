import { Flags } from '@oclif/core';
import type { TableExportQuery } from '../../api/schema/table-export.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { formatAge } from '../../domain/duration.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { timezoneFlag } from '../flags.ts';
import { createProgress, megabytes, thousands } from '../terminal-progress.ts';
import { EXPORT_TIME_STYLES, formatOfFile, refuseTerminal, TABLE_FORMAT_NAMES } from './export-choice.ts';
import { completePart, partOf, removePart, sizeOf } from './part-file.ts';
import { createRowCounter } from './row-counter.ts';
import { saveExport, wholeBody } from './save-export.ts';

/** How a list is written to a file, or to stdout. */
export const tableExportFlags = {
  format: Flags.option({ summary: 'Form of the file; by its name unless given, csv on stdout', options: TABLE_FORMAT_NAMES })(),
  file: Flags.string({ summary: 'File to write; stdout unless given', helpValue: '<file>' }),
  force: Flags.boolean({ summary: 'Replace the file', relationships: [{ type: 'all', flags: ['file'] }] }),
  time: Flags.option({ summary: 'Times as ISO 8601 (in xlsx: dates), or as ms since 1970 (epoch)', options: EXPORT_TIME_STYLES })(),
  timezone: timezoneFlag(),
  guard: Flags.boolean({
    summary: "In csv, a ' before text that a spreadsheet might run as a formula; --no-guard leaves it as it is",
    allowNo: true,
    default: true,
  }),
};

interface TableFlags {
  readonly format?: string | undefined;
  readonly file?: string | undefined;
  readonly force: boolean;
  readonly time?: string | undefined;
  readonly timezone: string;
  readonly guard: boolean;
}

export interface TableExportPorts {
  readonly hub: HubClient;
  /** Of the route, below /api/v1. */
  readonly path: string;
  /** What is exported. */
  readonly filter: object;
  readonly flags: TableFlags;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** To stdout. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
}

/** What became of a file. */
export interface TableExported {
  readonly file: string;
  readonly format: string;
  /** null: the format has no lines to count. */
  readonly rows: number | null;
  readonly bytes: number;
  readonly seconds: number;
}

/** Writes a list of the hub to stdout (null), or to a file that takes its name when it is whole. */
export async function exportTable(ports: TableExportPorts): Promise<TableExported | null> {
  const { flags, signal } = ports;
  const { file } = flags;
  if (file === undefined) {
    const format = flags.format ?? 'csv';
    refuseTerminal(format);
    for await (const chunk of wholeBody(await open(ports, format), signal)) await ports.write(chunk);
    return null;
  }
  if (file === '') throw new MusterError('usage', 'The name of the file is empty.', { hint: 'Give --file FILE, or leave --file out for stdout.' });
  if (!flags.force && (await sizeOf(file)) !== null)
    throw new MusterError('conflict', `${file} exists already.`, { hint: 'Give another --file, or --force to replace it.' });
  const format = flags.format ?? tableFormatOf(file);
  return save(ports, file, format);
}

/** As on stderr, for people. */
export function exportedText({ file, rows, bytes, seconds }: TableExported): string {
  return `${rows === null ? '' : `${thousands(rows)} rows, `}${megabytes(bytes)}, ${formatAge(seconds * 1000)}: ${file}`;
}

function tableFormatOf(file: string): string {
  const format = formatOfFile(file);
  if (TABLE_FORMAT_NAMES.includes(format)) return format;
  throw new MusterError('usage', `This is not written as ${format}.`, { hint: `Choose one of ${TABLE_FORMAT_NAMES.join(', ')} with --format.` });
}

/** Longest silence, for filters that look long for their first row. */
const SILENCE_MS = 5 * 60_000;

async function open({ hub, path, filter, flags, timeoutMs }: TableExportPorts, format: string) {
  const { time, timezone, guard } = flags;
  const how: TableExportQuery = { format, timezone, guard: guard ? 'true' : 'false', ...(time !== undefined && { time: time as 'iso' | 'epoch' }) };
  const { body } = await hub.stream('GET', path, { query: { ...filter, ...how }, headers: { accept: '*/*' }, timeoutMs: timeoutMs ?? SILENCE_MS });
  return body;
}

async function save(ports: TableExportPorts, file: string, format: string): Promise<TableExported> {
  const body = await open(ports, format);
  const counter = createRowCounter(format, true);
  const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
  const startedAt = Date.now();
  let bytes = 0;
  try {
    await saveExport({
      body,
      path: partOf(file),
      offset: 0,
      signal: ports.signal,
      onChunk(chunk) {
        bytes += chunk.length;
        counter.count(chunk);
        progress.update(() => `${counter.rows() === null ? '' : `${thousands(counter.rows() ?? 0)} rows, `}${megabytes(bytes)}`);
      },
    });
  } catch (error: unknown) {
    // A part of a list is of no use to anybody, and it is soon made again.
    await removePart(file);
    throw error;
  } finally {
    progress.clear();
  }
  await completePart(file);
  return { file, format, rows: counter.rows(), bytes, seconds: (Date.now() - startedAt) / 1000 };
}
