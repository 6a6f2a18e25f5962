import type { RuleDocument } from '../api/schema/rules.ts';
import { MusterError } from '../errors/muster-error.ts';
import { problemText } from './rule-columns.ts';
import { placeInFile } from './rule-file.ts';

/** One thing that is wrong with a rule; `line` from 1, where the rule comes from a file. */
export interface PlacedProblem {
  readonly path: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

/** What is wrong with a rule, as the hub or the reader here says in the details of its error. Empty: the error is another one. */
export function problemsIn(error: unknown, document: RuleDocument): readonly PlacedProblem[] {
  const given = error instanceof MusterError ? error.details?.problems : undefined;
  return Array.isArray(given) ? placed(given.filter(isProblem), document) : [];
}

/** With the file and the line of each, in the order of the lines. */
export function placed(problems: readonly { readonly path: string; readonly message: string }[], document: RuleDocument): readonly PlacedProblem[] {
  return problems
    .map(({ path, message }): PlacedProblem => ({ path, message, ...placeInFile(document, path) }))
    .sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

/** As compilers write it: `rules.yaml:4: scope.point: is not known here`. */
export function problemLine({ file, line, ...problem }: PlacedProblem): string {
  return `${file === undefined || line === undefined ? '' : `${file}:${line}: `}${problemText(problem)}`;
}

/** The error of one rule. `listed`: the problems stand above it already, a line each. */
export function wrongRule(problems: readonly PlacedProblem[], listed: boolean): MusterError {
  const text = problems.map((problem) => (problems.length === 1 ? problemLine(problem) : problemText(problem))).join('; ');
  const message = problems.length === 1 ? `The rule is wrong: ${text}` : `The rule is wrong in ${problems.length} places${listed ? '' : `: ${text}`}`;
  return new MusterError('invalid', message, { hint: 'docs/operate/rules.md shows how a rule is written.', details: { problems } });
}

function isProblem(value: unknown): value is { readonly path: string; readonly message: string } {
  return (
    typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string' && 'message' in value && typeof value.message === 'string'
  );
}
