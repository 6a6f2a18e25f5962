import { open } from 'node:fs/promises';
import { MusterError } from '../../errors/muster-error.ts';
import { LAYOUTS } from '../../exports/export-format.ts';
import { readResumePoint } from '../../exports/read-resume-point.ts';
import { definitionOf } from './export-choice.ts';
import { type PartNote, partOf } from './part-file.ts';

/** Where an unfinished export goes on. */
export interface ResumeStart {
  /** Bytes to keep; 0 begins anew. */
  readonly offset: number;
  readonly after: { readonly device: string; readonly point?: string; readonly time: number } | null;
  /** Wide CSV: the points of its heading, which the rest must have too, in that order. */
  readonly columns: readonly string[] | null;
}

const HEADER_BYTES_MAX = 1_048_576;
/** The names travel in the URL of the request. */
const COLUMNS_TEXT_MAX = 6000;

export async function resumeStart(file: string, { choice }: PartNote): Promise<ResumeStart> {
  if (!definitionOf(choice.format).resumable) return { offset: 0, after: null, columns: null };
  const layout = LAYOUTS.find((name) => name === choice.layout) ?? 'long';
  const { offset, last } = await readResumePoint(partOf(file), choice.format, layout);
  if (last === null) return { offset: 0, after: null, columns: null };
  const columns = layout === 'wide' && choice.format === 'csv' ? await headerPoints(partOf(file)) : null;
  if (columns !== null && columns.join('&point=').length > COLUMNS_TEXT_MAX) {
    throw new MusterError('limit_reached', 'A wide export with so many columns cannot be continued.', {
      hint: 'Begin anew with --force, or use --layout long.',
    });
  }
  return { offset, after: last, columns };
}

/** New points may have appeared since: without these names the rest of the file would have other columns. */
async function headerPoints(path: string): Promise<string[]> {
  const handle = await open(path);
  try {
    const buffer = Buffer.alloc(HEADER_BYTES_MAX);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const { parse } = await import('csv-parse/sync');
    const [header = []] = parse(buffer.subarray(0, bytesRead), { to: 1, relax_quotes: true }) as string[][];
    return header.slice(2);
  } finally {
    await handle.close();
  }
}
