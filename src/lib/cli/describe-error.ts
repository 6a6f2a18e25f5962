import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { nearestName } from '../domain/nearest-name.ts';
import { CATALOGUE, type ErrorCode, EXIT } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

export interface DescribedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Names for suggestions, looked up only when something failed. */
export interface Vocabulary {
  /** Ids of all commands, such as `device list`. */
  readonly commands: readonly string[];
  /** The command that failed, when it was found. */
  readonly command: string | null;
  /** Its flags, such as `--all`. */
  readonly flags: readonly string[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: takes colours out of oclif's messages.
const COLOURS = /\x1b\[[0-9;]*m/g;

/** Anything that was thrown, as one sentence with a hint and a code. */
export function describeError(error: unknown, vocabulary: Vocabulary): DescribedError {
  if (error instanceof MusterError) {
    return { code: error.code, message: sentence(withoutFrame(error.message)), hint: error.hint, ...(error.details ? { details: error.details } : {}) };
  }
  const message = messageOf(error).replaceAll(COLOURS, '');
  const unknown = /^command (.+) not found\.?$/i.exec(message)?.[1];
  if (unknown !== undefined) return unknownCommand(unknown.replaceAll(':', ' '), vocabulary.commands);
  if (exitOf(error) === EXIT.usage) return parseError(error, message, vocabulary);
  return (
    systemError(error) ?? {
      code: 'internal',
      message: sentence(message.split('\n', 1)[0] ?? ''),
      hint: 'Run it again with --verbose to see where it comes from, and report it.',
    }
  );
}

function unknownCommand(words: string, commands: readonly string[]): DescribedError {
  if (words.startsWith('-')) {
    return {
      code: 'usage',
      message: `\`${words}\` stands before the command: flags come after it.`,
      hint: `Write \`muster COMMAND ${words} ...\`. Run \`muster --help\` for what there is.`,
      details: { flag: words },
    };
  }
  const topic = words.split(' ')[0] ?? '';
  const siblings = commands.filter((id) => id.startsWith(`${topic} `));
  const more = siblings.length > 0 ? `muster ${topic} --help` : 'muster --help';
  const suggestion = siblings.length > 0 ? nearestVerb(words, topic, siblings) : (nearestName(words, commands) ?? nearestName(topic, firstWords(commands)));
  return {
    code: 'usage',
    message: `\`muster ${words}\` is not a command.`,
    hint: suggestion === undefined ? `Run \`${more}\` for what there is.` : `Did you mean \`muster ${suggestion}\`? Run \`${more}\` for what there is.`,
    details: { command: words, ...(suggestion === undefined ? {} : { suggestion }) },
  };
}

/** oclif writes around the messages of what fails while it parses, our own included. */
function withoutFrame(message: string): string {
  return message
    .replace(/\n?See more help with --help\s*$/, '')
    .replace(/^The following errors? occurred:/, '')
    .replace(/^Parsing (--\S+)\s+(?=\1)/, '')
    .replace(/^Parsing (?=--)/, '')
    .replace(/^(--\S+?):?[ \t]*\n\s*/, '$1: ');
}

function nearestVerb(words: string, topic: string, siblings: readonly string[]): string | undefined {
  const rest = (id: string): string => id.slice(topic.length + 1);
  const verb = nearestName(rest(words), siblings.map(rest));
  return verb === undefined ? undefined : `${topic} ${verb}`;
}

function firstWords(commands: readonly string[]): ReadonlySet<string> {
  return new Set(commands.map((id) => id.split(' ')[0] ?? ''));
}

function parseError(error: unknown, message: string, { command, flags }: Vocabulary): DescribedError {
  const help = `Run \`muster ${command === null ? '' : `${command} `}--help\`.`;
  const missing = missingArguments(error);
  if (missing.length > 0 && message.startsWith('Missing')) {
    const names = missing.map(({ name, description }) => (description === undefined ? name : `${name} (${description})`));
    return { code: 'usage', message: `Missing: ${names.join(', ')}.`, hint: help, details: { arguments: missing.map(({ name }) => name) } };
  }
  const lines = withoutFrame(message)
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s{2,}/g, ' '))
    .filter((line) => line !== '');
  const flag = /^Nonexistent flags?: (\S+?),?(\s|$)/.exec(lines[0] ?? '')?.[1];
  if (flag !== undefined) {
    const suggestion = nearestName(flag, flags);
    return {
      code: 'usage',
      message: `There is no flag ${flag}.`,
      hint: suggestion === undefined ? help : `Did you mean ${suggestion}? ${help}`,
      details: { flag, ...(suggestion === undefined ? {} : { suggestion }) },
    };
  }
  return { code: 'usage', message: sentence(plainly(lines)), hint: help };
}

/** What oclif says of values and of flags that do not go together, as we would say it. */
function plainly(lines: readonly string[]): string {
  // oclif breaks its lines for the width of a terminal.
  const text = lines.join(' ');
  const exclusive = /^(--[\w-]+)\S* cannot also be provided when using (--[\w-]+)/.exec(text);
  if (exclusive) return `${exclusive[1]} and ${exclusive[2]} do not go together.`;
  const number = /^(--[\w-]+):? Expected an integer(?: (greater|less) than or equal to (\S+))? but received: ?(.*)$/.exec(
    text.replace(/received:\s*$/, 'received: '),
  );
  if (number) {
    const [, flag, side, bound, given] = number;
    return `${flag} must be a whole number${side === undefined ? '' : ` of ${bound} or ${side === 'greater' ? 'more' : 'less'}`}, not \`${(given ?? '').replace(/\.$/, '').slice(0, 60)}\`.`;
  }
  return text;
}

/** The arguments that oclif says are missing. */
function missingArguments(error: unknown): readonly { readonly name: string; readonly description: string | undefined }[] {
  if (!(error instanceof Error) || !('args' in error) || !Array.isArray(error.args)) return [];
  return error.args.filter(isNamed).map(({ name, description }) => ({ name, description: typeof description === 'string' ? description : undefined }));
}

function isNamed(value: unknown): value is { readonly name: string; readonly description?: unknown } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

/** What the operating system refused, about a file that the user named. */
function systemError(error: unknown): DescribedError | null {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error) || typeof error.path !== 'string') return null;
  const { code, path } = error;
  const details = { path, reason: code };
  const say = (as: ErrorCode, message: string, hint: string): DescribedError => ({ code: as, message, hint, details });
  const folder = dirname(path);
  if (code === 'ENOENT' && !existsSync(folder)) return say('not_found', `There is no directory ${folder}.`, 'Check the path, or make the directory first.');
  if (code === 'ENOENT') return say('not_found', `There is no file ${path}.`, 'Check the path.');
  if (code === 'EACCES' || code === 'EPERM')
    return say('not_allowed', `The system does not allow the use of ${path}.`, 'Check the owner and mode of the file.');
  if (code === 'EISDIR') return say('usage', `${path} is a directory.`, 'Name a file.');
  if (code === 'ENOTDIR') return say('usage', `${path} does not lie in a directory.`, 'Check the path.');
  if (code === 'ENOSPC') return say('storage_failed', `The disk of ${path} is full.`, CATALOGUE.storage_failed.hint);
  return null;
}

const BEGINNINGS = /^(?:the|there|this|these|that|a|an|another|other|no|not|something|what|only) /;

function exitOf(error: unknown): unknown {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null && 'exit' in error.oclif
    ? error.oclif.exit
    : undefined;
}

/** One line that begins and ends as a sentence does. The hub begins with a small letter; a name at the beginning stays as it is. */
function sentence(text: string): string {
  const line = text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim() || 'Something went wrong';
  const first = BEGINNINGS.test(line) ? line.charAt(0).toUpperCase() + line.slice(1) : line;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
