import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { BacktestLine, BacktestProgress, BacktestResult } from '../api/schema/backtests.ts';
import { MusterError } from '../errors/muster-error.ts';
import { answerError, connectionError } from './failures.ts';

/** The lines of a back-test's answer: yields progress, returns the result. Leaving it early closes the connection, which ends the work. */
export async function* backtestLines(body: Readable, url: string, signal: AbortSignal | null): AsyncGenerator<BacktestProgress, BacktestResult> {
  try {
    for await (const text of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parse(text, url);
      if (line.kind === 'result') return line.result;
      if (line.kind === 'failed') throw answerError(url, line.problem.status, 'application/problem+json', JSON.stringify(line.problem));
      yield line.progress;
    }
    throw new MusterError('unreachable', `The hub at ${url} broke off the back-test.`, { hint: 'It may be stopping: look at its log, and try again.' });
  } catch (error: unknown) {
    if (signal?.aborted === true) throw new MusterError('interrupted', 'Interrupted.', { cause: error });
    throw connectionError(url, error);
  } finally {
    body.destroy();
  }
}

function parse(text: string, url: string): BacktestLine {
  try {
    return JSON.parse(text) as BacktestLine;
  } catch (error: unknown) {
    throw new MusterError('unreachable', `A line of the answer of ${url} is not JSON.`, { cause: error });
  }
}
