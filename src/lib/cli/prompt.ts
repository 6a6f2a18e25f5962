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

/** All of stdin, as text; for secrets, without the line break at the end. */
export async function readStdin(bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > bytesMax) throw new MusterError('payload_too_large', `There are more than ${bytesMax} bytes on stdin.`, { hint: 'Send less.' });
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function secretFromStdin(flag: string): Promise<string> {
  const secret = (await readStdin(65_536)).replace(/\r?\n$/, '');
  if (secret === '' || /[\r\n]/.test(secret)) throw new MusterError('usage', `--${flag} wants one line on stdin.`);
  return secret;
}

/** Before something is destroyed: --yes, or a person who says so. */
export async function confirmUnless(yes: boolean, question: string, signal: AbortSignal): Promise<void> {
  if (yes || (await confirm(question, { flag: '--yes', signal }))) return;
  throw new MusterError('interrupted', 'Nothing was changed.');
}
