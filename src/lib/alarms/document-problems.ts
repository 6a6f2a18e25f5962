import type { z } from 'zod';
import { nearestName } from '../domain/nearest-name.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** What is wrong with a document, and where: `when.bands.0.high`; empty: the document itself. */
export interface DocumentProblem {
  readonly path: string;
  readonly message: string;
}

export function pathOf(...parts: readonly PropertyKey[]): string {
  return parts
    .map(String)
    .filter((part) => part !== '')
    .join('.');
}

/** What a schema found, in words. `keys`: those that the object at a path may have, for a hint at a misspelt one. */
export function problemsOfIssues(
  issues: readonly z.core.$ZodIssue[],
  base = '',
  keys: (path: readonly PropertyKey[]) => readonly string[] = () => [],
): readonly DocumentProblem[] {
  return issues.flatMap((issue): readonly DocumentProblem[] => {
    const path = pathOf(base, ...issue.path);
    if (issue.code === 'invalid_union' && issue.message === UNNAMED) {
      // Of several forms, the one that fits best is meant.
      const [meant = []] = [...issue.errors].sort((a, b) => a.length - b.length);
      return problemsOfIssues(meant, path);
    }
    if (issue.code !== 'unrecognized_keys') return [{ path, message: wordsOf(issue) }];
    return issue.keys.map((key) => {
      const near = nearestName(key, keys(issue.path));
      return { path: pathOf(path, key), message: near === undefined ? 'is not known here' : `is not known here; is \`${near}\` meant?` };
    });
  });
}

/** What zod says of a union that has no message of its own. */
const UNNAMED = 'Invalid input';

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${ARTICLES[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be ${listOf(issue.values.map(String))}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `is longer than ${issue.maximum} characters`
        : issue.origin === 'array'
          ? `has more than ${issue.maximum} entries`
          : `must be at most ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'is empty' : `must be at least ${issue.minimum}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  record: 'an object',
  boolean: 'true or false',
  int: 'a whole number',
  string: 'a text',
};

function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** What a kind of condition refused. Other errors than `invalid` are bugs, and thrown on. */
export function problemsOfRefusal(error: unknown, base: string): readonly DocumentProblem[] {
  if (!(error instanceof MusterError) || error.code !== 'invalid') throw error;
  const { problems, path } = error.details ?? {};
  if (Array.isArray(problems)) return problems.map((problem: DocumentProblem) => ({ path: pathOf(base, problem.path), message: problem.message }));
  return [{ path: pathOf(base, typeof path === 'string' ? path : ''), message: messageOf(error) }];
}
