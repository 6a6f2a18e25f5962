import { Config, run } from '@oclif/core';
import { CATALOGUE, EXIT, type ExitCode } from '../errors/catalogue.ts';
import { describeError, type Vocabulary } from './describe-error.ts';
import { requestedFormat } from './output-format.ts';
import { isBrokenPipe } from './standard-output.ts';

export interface ExecuteOptions {
  /** `import.meta.url` of the start script. */
  readonly dir: string;
  readonly args?: readonly string[];
  /** Shows where errors come from, as --verbose does. */
  readonly development?: boolean;
}

/** Runs the command line: oclif finds and runs the command; what fails is reported here, in one place. */
export async function execute(options: ExecuteOptions): Promise<void> {
  const argv = usualForm(options.args ?? process.argv.slice(2));
  try {
    await run([...argv], options.dir);
  } catch (error: unknown) {
    const exitCode = await report(error, argv, options);
    await flushed(process.stderr);
    await flushed(process.stdout);
    // Sockets and timers of what failed must not keep the process.
    process.exit(exitCode);
  }
}

/** `muster help device list` is `muster device list --help`; `muster version` and `muster -v` are `muster --version`. */
function usualForm(argv: readonly string[]): readonly string[] {
  if (argv.length === 1 && (argv[0] === 'version' || argv[0] === '-v')) return ['--version'];
  return argv[0] === 'help' ? [...argv.slice(1).filter((word) => word !== '--help'), '--help'] : argv;
}

async function report(error: unknown, argv: readonly string[], options: ExecuteOptions): Promise<ExitCode | number> {
  if (isBrokenPipe(error)) return EXIT.done;
  const wanted = exitRequest(error);
  if (wanted !== undefined) return wanted;
  const described = describeError(error, await vocabulary(argv, options.dir));
  const { code, message, hint } = described;
  const format = requestedFormat(argv);
  // JSON is YAML too, and one line of it never mixes with other lines.
  if (format === 'json' || format === 'ndjson' || format === 'yaml') process.stderr.write(`${JSON.stringify({ error: described })}\n`);
  else if (code === 'interrupted') process.stderr.write(`${message}\n`);
  else process.stderr.write(`Error: ${message}\n  ${hint}\n  (${code})\n`);
  if (options.development || beforeDashes(argv).includes('--verbose')) process.stderr.write(`${stackOf(error)}\n`);
  return CATALOGUE[code].exit;
}

/** `this.exit(code)` of a command that has said all it had to say. */
function exitRequest(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIT' || !('oclif' in error)) return undefined;
  return (error.oclif as { exit?: number }).exit ?? EXIT.failed;
}

async function vocabulary(argv: readonly string[], dir: string): Promise<Vocabulary> {
  try {
    const config = await Config.load(dir);
    const words = beforeDashes(argv).filter((word) => !word.startsWith('-'));
    const id = [2, 1].map((count) => words.slice(0, count).join(':')).find((candidate) => candidate !== '' && config.findCommand(candidate));
    const command = id === undefined ? undefined : config.findCommand(id);
    return {
      commands: config.commands.filter((one) => !one.hidden).map((one) => one.id.replaceAll(':', ' ')),
      command: id?.replaceAll(':', ' ') ?? null,
      flags: Object.keys(command?.flags ?? {}).map((name) => `--${name}`),
    };
  } catch {
    // Suggestions are a courtesy: without them the error is still reported.
    return { commands: [], command: null, flags: [] };
  }
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? String(error.stack) : `${error.stack}\nCaused by: ${stackOf(error.cause)}`;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
