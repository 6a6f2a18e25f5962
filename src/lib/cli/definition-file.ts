import { createReadStream } from 'node:fs';
import { MusterError } from '../errors/muster-error.ts';
import { readStdin, readText } from './prompt.ts';

const BYTES_MAX = 16 * 1024 * 1024;
/** What the hub says about a thing and nobody may write: left out, so that the output of `show` can be given back. */
const READ_ONLY_KEYS = new Set(['project', 'createdAt', 'updatedAt']);

/** A YAML or JSON file (- for stdin) with one object of the given keys. */
export async function readDefinition(file: string, keys: readonly string[], signal: AbortSignal): Promise<Record<string, unknown>> {
  const value = await readObject(file, `Its keys are: ${keys.join(', ')}.`, signal);
  const entries = Object.entries(value).filter(([key]) => !READ_ONLY_KEYS.has(key));
  const unknown = entries.find(([key]) => !keys.includes(key));
  if (unknown)
    throw new MusterError('usage', `${nameOfSource(file)} has an unknown key \`${unknown[0]}\`.`, {
      hint: `Its keys are: ${keys.join(', ')}.`,
      details: { file },
    });
  return Object.fromEntries(entries);
}

/** A YAML or JSON file (- for stdin) with one object; `hint` says what object, when it holds something else. */
export async function readObject(file: string, hint: string, signal: AbortSignal): Promise<object> {
  const text = await readDefinitionText(file, signal);
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    // Aliases could blow a small file up; a definition has no need of many.
    value = parse(text, { maxAliasCount: 100 });
  } catch (error: unknown) {
    throw new MusterError('usage', `${nameOfSource(file)} is neither YAML nor JSON.`, { cause: error, hint: firstLine(error), details: { file } });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MusterError('usage', `${nameOfSource(file)} does not hold one object.`, { hint, details: { file } });
  return value;
}

/** The text of a file, or of stdin for `-`. */
export async function readDefinitionText(file: string, signal: AbortSignal): Promise<string> {
  return file === '-' ? await readStdin(BYTES_MAX, signal) : await readFileText(file, signal);
}

async function readFileText(file: string, signal: AbortSignal): Promise<string> {
  try {
    return await readText(createReadStream(file), { bytesMax: BYTES_MAX, signal, name: file });
  } catch (error: unknown) {
    // Unlike others, an error of reading (EISDIR) does not say of which file.
    throw error instanceof Error && 'code' in error && !('path' in error) && !(error instanceof MusterError) ? Object.assign(error, { path: file }) : error;
  }
}

export function nameOfSource(file: string): string {
  return file === '-' ? 'The text on stdin' : file;
}

export function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
}
