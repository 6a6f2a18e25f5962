import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { ExportChoice } from './export-choice.ts';

/** What stands beside an unfinished export, so that it can go on. */
export interface PartNote {
  readonly version: 1;
  /** The hub it comes from. */
  readonly url: string;
  readonly choice: ExportChoice;
  /** ms since 1970, half-open: relative times are settled when an export begins. Null: from the beginning. */
  readonly from: number | null;
  readonly to: number;
}

export const partOf = (file: string): string => `${file}.part`;
export const noteOf = (file: string): string => `${file}.part.json`;

export async function sizeOf(path: string): Promise<number | null> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new MusterError('usage', `${path} is a directory.`, { hint: 'Give the name of a file.' });
    return facts.size;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Refuses to write over what is there. */
export async function checkFree(file: string): Promise<void> {
  if ((await sizeOf(file)) !== null) throw new MusterError('conflict', `${file} exists already.`, { hint: 'Give another --file, or --force to replace it.' });
  if ((await sizeOf(partOf(file))) !== null) {
    throw new MusterError('conflict', `${partOf(file)} is an unfinished export.`, { hint: 'Continue it with --resume, or begin anew with --force.' });
  }
}

export async function writeNote(file: string, note: PartNote): Promise<void> {
  await writeFile(noteOf(file), `${JSON.stringify(note, null, 2)}\n`);
}

/** Null when there is no unfinished export. */
export async function readNote(file: string): Promise<PartNote | null> {
  if ((await sizeOf(partOf(file))) === null) return null;
  try {
    const note = JSON.parse(await readFile(noteOf(file), 'utf8')) as PartNote;
    if (note.version !== 1 || typeof note.choice !== 'object' || typeof note.to !== 'number') throw new Error('it has another form');
    return note;
  } catch (error: unknown) {
    throw new MusterError('conflict', `${noteOf(file)} cannot be read: ${messageOf(error)}.`, {
      hint: `Without it nobody knows what ${partOf(file)} holds. Begin anew with --force.`,
      cause: error,
    });
  }
}

/** The file is whole: it takes its name. */
export async function completePart(file: string): Promise<void> {
  await rename(partOf(file), file);
  await rm(noteOf(file), { force: true });
}

export async function removePart(file: string): Promise<void> {
  await rm(partOf(file), { force: true });
  await rm(noteOf(file), { force: true });
}

/**
 * An export goes on with the options it was begun with. `given` holds what the user wrote this time (undefined: nothing); a
 * contradiction is an error, because the two halves of the file would not fit.
 */
export function checkSameChoice(note: PartNote, given: { readonly [Name in keyof ExportChoice]: ExportChoice[Name] | undefined }, url: string): void {
  if (note.url !== url)
    throw new MusterError('conflict', `The unfinished export is from ${note.url}, not from ${url}.`, { hint: 'Choose that hub, or begin anew with --force.' });
  for (const name of Object.keys(note.choice) as (keyof ExportChoice)[]) {
    const now = given[name];
    if (now === undefined || JSON.stringify(now) === JSON.stringify(note.choice[name])) continue;
    const before = note.choice[name];
    const was = before === null ? 'not given' : JSON.stringify(before);
    throw new MusterError('conflict', `The unfinished export was begun with another ${name} (${was}).`, {
      hint: 'Leave the option out to go on as before, or begin anew with --force.',
      details: { option: name, before, now },
    });
  }
}
