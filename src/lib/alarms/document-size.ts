import { type DocumentProblem, pathOf } from './document-problems.ts';

const DOCUMENT_CHARACTERS_MAX = 64 * 1024;
const DOCUMENT_DEPTH_MAX = 24;
const VALUES_MAX = 10_000;

/**
 * Is it JSON, and small enough to be looked at closely? Looked at without recursion, because it may be of any depth, and stops where a limit is reached. YAML has
 * values that JSON has not: dates, numbers that are none, an alias within itself.
 */
export function findOversize(document: unknown): DocumentProblem | null {
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value: document, path: '', depth: 0 }];
  let characters = 0;
  let values = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path, depth } = next;
    values += 1;
    if (depth > DOCUMENT_DEPTH_MAX) return { path, message: `lies more than ${DOCUMENT_DEPTH_MAX} levels deep` };
    if (values > VALUES_MAX) return { path: '', message: `has more than ${VALUES_MAX} values` };
    if (typeof value === 'string') characters += value.length;
    else if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
        return { path, message: NO_JSON };
      // Not pushed as arguments: a list may be longer than a call takes.
      for (const [name, each] of Object.entries(value)) {
        if (!Array.isArray(value)) characters += name.length;
        if (name === '__proto__') return { path: pathOf(path, name), message: 'is no usable name' };
        if (waiting.length > VALUES_MAX) return { path: '', message: `has more than ${VALUES_MAX} values` };
        waiting.push({ value: each, path: pathOf(path, name), depth: depth + 1 });
      }
    } else if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'boolean' && value !== null) return { path, message: NO_JSON };
    if (characters > DOCUMENT_CHARACTERS_MAX) return { path: '', message: `has more than ${DOCUMENT_CHARACTERS_MAX} characters` };
  }
  return null;
}

const NO_JSON = 'is no value that JSON has';
