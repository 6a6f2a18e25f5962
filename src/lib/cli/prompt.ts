import type { Readable } from 'node:stream';
import { MusterError } from '../errors/muster-error.ts';

/** Questions are asked only of a person: stdin and stderr both a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

interface AskOptions {
  /** What to give instead where nobody can answer, such as `--yes`. */
  readonly flag: string;
  readonly signal: AbortSignal;
}

/** Anything but y or yes is a no. */
export async function confirm(question: string, options: AskOptions): Promise<boolean> {
  refuseWithoutTerminal(question, options);
  const answer = await ask(`${question} [y/N] `, options.signal, false);
  return /^y(es)?$/i.test(answer.trim());
}

/** Reads one line that is not shown. */
export async function password(question: string, options: AskOptions): Promise<string> {
  refuseWithoutTerminal(question, options);
  return ask(`${question}: `, options.signal, true);
}

function refuseWithoutTerminal(question: string, options: AskOptions): void {
  if (!canAsk()) throw new MusterError('usage', `Nobody is there to answer: ${question}`, { hint: `Give ${options.flag}.`, details: { flag: options.flag } });
}

async function ask(question: string, signal: AbortSignal, hidden: boolean): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const { Writable } = await import('node:stream');
  // readline echoes what it reads to its output: for a secret that output goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: hidden ? nowhere : process.stderr, terminal: true });
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  if (hidden) process.stderr.write(question);
  try {
    const ended = new Promise<never>((_, reject) => reader.once('close', () => reject(new MusterError('interrupted', 'The question was not answered.'))));
    return await Promise.race([reader.question(hidden ? '' : question, { signal }), ended]);
  } catch (error: unknown) {
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.', { cause: error });
    throw error;
  } finally {
    reader.close();
    if (hidden) process.stderr.write('\n');
  }
}

/** All of stdin, as text. Rejects when the signal aborts: a pipe may stay open and silent for ever. */
export async function readStdin(bytesMax: number, signal: AbortSignal): Promise<string> {
  return readText(process.stdin, { bytesMax, signal, name: 'stdin' });
}

/** All of a stream, as text. */
export async function readText(stream: Readable, options: ReadOptions): Promise<string> {
  return (await readBytes(stream, options)).toString('utf8');
}

interface ReadOptions {
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  readonly name: string;
}

/** All of a stream, as it is. */
export async function readBytes(stream: Readable, options: ReadOptions): Promise<Buffer> {
  const { bytesMax, signal, name } = options;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const interrupt = (): void => void stream.destroy(new MusterError('interrupted', 'Interrupted.'));
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk);
      bytes += piece.length;
      if (bytes > bytesMax) throw new MusterError('payload_too_large', `There are more than ${bytesMax} bytes in ${name}.`, { hint: 'Give less.' });
      chunks.push(piece);
    }
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
  return Buffer.concat(chunks);
}

/** One line, without its line break. */
export async function secretFromStdin(flag: string, signal: AbortSignal): Promise<string> {
  const secret = (await readStdin(65_536, signal)).replace(/\r?\n$/, '');
  if (secret === '' || /[\r\n]/.test(secret)) throw new MusterError('usage', `--${flag} wants one line on stdin.`);
  return secret;
}

/** Before something is destroyed: --yes, or a person who says so. */
export async function confirmUnless(yes: boolean, question: string, signal: AbortSignal): Promise<void> {
  if (yes || (await confirm(question, { flag: '--yes', signal }))) return;
  throw new MusterError('interrupted', 'Nothing was changed.');
}
