import { CATALOGUE, EXIT } from '../errors/catalogue.ts';
import { code, generatedPage, table } from './markdown.ts';

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'Done.',
  failed: 'Failed.',
  usage: 'Wrong usage: the command line, a value or a setting.',
  notFound: 'There is no such thing.',
  notAllowed: 'Not allowed, or not logged in.',
  conflict: 'In conflict with what is there already.',
  unreachable: 'The hub cannot be reached, or did not answer in time.',
  partial: 'Some of several things failed.',
  threshold: 'A threshold or an assertion does not hold.',
  interrupted: 'Interrupted (Ctrl-C).',
};

/** docs/reference/errors.md */
export function errorsPage(): string {
  const exits = (Object.entries(EXIT) as [keyof typeof EXIT, number][]).map(([name, exit]) => [String(exit), MEANINGS[name]]);
  const codes = Object.entries(CATALOGUE).map(([name, entry]) => [code(name), String(entry.exit), String(entry.status), entry.meaning, entry.hint]);
  return generatedPage(
    'Errors and exit codes',
    'src/lib/errors/catalogue.ts',
    'An error is one sentence, a hint and a stable code. With `--json` a command writes `{"error": {"code", "message", "hint"}}` to stderr; the API answers with a problem document (RFC 9457) that holds the same code.',
    '## Exit codes',
    table(['exit code', 'meaning'], exits),
    '## Codes',
    table(['code', 'exit code', 'HTTP status', 'meaning', 'what to do'], codes),
  );
}
