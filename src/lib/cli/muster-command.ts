import { Command, Flags, type Interfaces } from '@oclif/core';
import { EXIT, type ExitCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Column } from './column.ts';
import { checkColumnNames, type Printed, printObject, printRows } from './output.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './output-format.ts';
import { BrokenPipeError, isBrokenPipe, writeOut } from './standard-output.ts';
import type { TableStyle } from './table.ts';

export type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<(typeof MusterCommand)['baseFlags'] & T['baseFlags'] & T['flags']>;
export type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T['args']>;

/** What a list command has from `listFlags`. */
export interface ListChoice {
  readonly limit: number;
  readonly all: boolean;
  /** The rows come in the order of --sort already. */
  readonly sorted?: boolean | undefined;
}

/** The base of every command: output formats, interruption, and stdout that somebody may close. */
export abstract class MusterCommand<T extends typeof Command> extends Command {
  static override baseFlags = {
    output: Flags.option({ char: 'o', summary: 'Form of what is printed', options: OUTPUT_FORMATS, helpGroup: 'GLOBAL' })(),
    json: Flags.boolean({ summary: 'The same as --output json', exclusive: ['output'], helpGroup: 'GLOBAL' }),
    columns: Flags.string({ summary: 'Only these columns, in this order', helpValue: '<name,...>', helpGroup: 'GLOBAL' }),
    sort: Flags.string({ summary: 'Sort by a column; -name for descending', helpValue: '[-]<name>', helpGroup: 'GLOBAL' }),
    verbose: Flags.boolean({ summary: 'Show where an error comes from', helpGroup: 'GLOBAL' }),
  };

  protected flags!: FlagsOf<T>;
  protected args!: ArgsOf<T>;
  protected output: OutputFormat = 'table';
  /** What Ctrl-C leaves as the exit code; a command whose orderly end it is (`serve`) says `EXIT.done`. */
  protected readonly interruptExitCode: ExitCode = EXIT.interrupted;
  readonly #abort = new AbortController();
  /** Aborted by the first SIGINT or SIGTERM, and when stdout is closed. The second signal ends the process. */
  protected readonly signal: AbortSignal = this.#abort.signal;
  #interrupted = false;
  #closed = false;

  override async init(): Promise<void> {
    await super.init();
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#interrupt);
    process.stdout.on('error', this.#stdoutFailed);
    process.stderr.on('error', unlessUnread);
    const { flags, args } = await this.parse({
      flags: this.ctor.flags,
      baseFlags: this.ctor.baseFlags ?? {},
      // oclif would take a missing argument from stdin, which eats the input of a `while read` loop around the command.
      args: Object.fromEntries(Object.entries(this.ctor.args).map(([name, arg]) => [name, { ...arg, ignoreStdin: true }])),
      strict: this.ctor.strict,
    });
    this.flags = flags as FlagsOf<T>;
    this.args = args as ArgsOf<T>;
    const common = flags as { output?: OutputFormat; json?: boolean };
    this.output = common.json ? 'json' : (common.output ?? 'table');
  }

  /** A list, in the chosen format. */
  protected async print<Row>(rows: Iterable<Row> | AsyncIterable<Row>, columns: readonly Column<Row>[]): Promise<void> {
    await this.#print(rows, columns, null);
  }

  /**
   * A list that may be long. `source` gets how many rows to fetch (undefined: all); what is cut is said on stderr.
   * With --sort all rows are fetched, sorted, then cut.
   */
  protected async printList<Row>(
    source: (limit: number | undefined) => Iterable<Row> | AsyncIterable<Row>,
    columns: readonly Column<Row>[],
    choice: ListChoice,
  ): Promise<void> {
    const sorted = choice.sorted === true;
    const fetchAll = choice.all || (this.#common().sort !== undefined && !sorted);
    const { complete } = await this.#print(source(fetchAll ? undefined : choice.limit + 1), columns, choice.all ? null : choice.limit, sorted);
    if (!complete) this.say(`${choice.limit} shown, there are more; --all for the rest, --limit for another number.`);
  }

  /** One object. */
  protected async printOne<Row>(row: Row, columns: readonly Column<Row>[]): Promise<void> {
    await printObject(row, columns, { ...this.#printOptions(), limit: null });
  }

  /** What was done: a line on stderr for a person, an object on stdout for whoever asks for a format or for columns. */
  protected async printDone<Row>(line: string, row: Row, columns: readonly Column<Row>[]): Promise<void> {
    if (this.output === 'table' && this.#common().columns === undefined) this.say(line);
    else await this.printOne(row, columns);
  }

  /**
   * For commands that change something, before they do: found out only while printing, a wrong --columns would leave exit code 2 with
   * the change made, and a secret that is shown once lost.
   */
  protected checkColumns(columns: readonly Column<never>[]): void {
    const { columns: names, sort } = this.#printOptions();
    checkColumnNames(columns, names, sort);
  }

  /** Bytes or text to stdout as they are; resolves when they are written. */
  protected async write(text: string | Uint8Array): Promise<void> {
    await writeOut(text);
  }

  /** A line to stderr: progress, confirmations, hints. */
  protected say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (this.#closed || isBrokenPipe(error)) throw new BrokenPipeError();
    if (this.#interrupted && isAbort(error)) {
      if (this.interruptExitCode === EXIT.done) return;
      throw new MusterError('interrupted', 'Interrupted.', { cause: error });
    }
    throw error;
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    // The signals stay ours until the process ends: one that comes while the last words are written must not change the exit code to a kill.
    if (this.#interrupted && error === undefined && !process.exitCode) process.exitCode = this.interruptExitCode;
    await super.finally(error);
  }

  protected style(): TableStyle {
    const terminal = process.stdout.isTTY === true;
    return { width: terminal ? process.stdout.columns || 80 : null, colour: terminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb' };
  }

  #common(): { columns?: string; sort?: string } {
    return this.flags as { columns?: string; sort?: string };
  }

  #print<Row>(rows: Iterable<Row> | AsyncIterable<Row>, columns: readonly Column<Row>[], limit: number | null, sorted = false): Promise<Printed> {
    return printRows(rows, columns, { ...this.#printOptions(), ...(sorted && { sort: null }), limit });
  }

  #printOptions() {
    const { columns, sort } = this.#common();
    return {
      format: this.output,
      columns: columns === undefined ? null : columns.split(',').map((name) => name.trim()),
      sort: sort ?? null,
      style: this.style(),
      write: (text: string) => writeOut(text),
    };
  }

  readonly #interrupt = (): void => {
    if (this.#interrupted) endAtOnce();
    this.#interrupted = true;
    this.#abort.abort(new MusterError('interrupted', 'Interrupted.'));
  };

  readonly #stdoutFailed = (error: Error): void => {
    if (!isBrokenPipe(error) || this.#closed) return;
    this.#closed = true;
    this.#abort.abort(new BrokenPipeError());
    // A command that does not look at its signal has two seconds to tidy up.
    setTimeout(() => process.exit(EXIT.done), 2000).unref();
  };
}

/**
 * As a program that never heard of the signal: shells see exit code 130. `process.exit` would tear down worker threads in the midst of
 * native code (the hub's storage), which sometimes aborts with a core dump instead.
 */
function endAtOnce(): void {
  if (process.platform === 'win32') process.exit(EXIT.interrupted);
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}

/** Of `2>&1 | head`: hints that nobody reads are no failure. */
function unlessUnread(error: Error): void {
  if (!isBrokenPipe(error)) throw error;
}

function isAbort(error: Error): boolean {
  return error.name === 'AbortError' || (error instanceof MusterError && error.code === 'interrupted');
}
