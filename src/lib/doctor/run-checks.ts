import { CATALOGUE, EXIT, type ExitCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Check, Finding, Surroundings } from './check.ts';

export interface CheckResult extends Finding {
  readonly check: string;
  readonly durationMs: number;
}

/**
 * Runs all checks side by side, each with the same deadline, and gives the results in the order of the checks. A check that
 * fails, throws or hangs does not keep the others from running.
 */
export async function runChecks(checks: readonly Check[], surroundings: Surroundings, deadlineMs: number, signal: AbortSignal): Promise<CheckResult[]> {
  const results = await Promise.all(checks.map((check) => runCheck(check, surroundings, deadlineMs, signal)));
  const failed = new Set(results.filter(({ level }) => level === 'fail').map(({ check }) => check));
  return results.map((result, index) => {
    const after = checks[index]?.after;
    const consequence = after !== undefined && failed.has(after) && (result.level === 'fail' || result.level === 'warn');
    return consequence && !signal.aborted ? { check: result.check, ...followsFrom(after), durationMs: result.durationMs } : result;
  });
}

/** One cause is told once. */
function followsFrom(after: string): Finding {
  return { level: 'skipped', text: `Not checked: \`${after}\` fails`, hint: null };
}

async function runCheck(check: Check, surroundings: Surroundings, deadlineMs: number, outer: AbortSignal): Promise<CheckResult> {
  const started = performance.now();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const signal = AbortSignal.any([outer, deadline.signal]);
  let finding: Finding;
  try {
    // The race, because a check may be stuck in something that knows no signal, such as a name look-up.
    finding = await Promise.race([check.run(surroundings, signal), aborted(signal)]);
  } catch (error) {
    finding = deadline.signal.aborted ? late(check, deadlineMs) : failure(error);
  } finally {
    clearTimeout(timer);
  }
  return { check: check.name, ...finding, durationMs: Math.round(performance.now() - started) };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new MusterError('interrupted', 'Interrupted'));
    signal.addEventListener('abort', () => reject(new MusterError('interrupted', 'Interrupted')), { once: true });
  });
}

function late(check: Check, deadlineMs: number): Finding {
  return {
    level: 'fail',
    text: `No answer within ${deadlineMs} ms`,
    hint: 'Try again, or raise --timeout.',
    ...(check.name.startsWith('hub') ? { code: 'timed_out' } : {}),
  };
}

function failure(error: unknown): Finding {
  if (error instanceof MusterError) return { level: 'fail', text: error.message, hint: error.hint, code: error.code };
  return { level: 'fail', text: messageOf(error), hint: null };
}

/** 0 when nothing failed; else 6 if the hub could not be reached, 4 if nobody is logged in, 1 for all other failures. */
export function exitCodeOf(results: readonly CheckResult[]): ExitCode {
  const codes = results.filter((result) => result.level === 'fail').map((result) => (result.code === undefined ? EXIT.failed : CATALOGUE[result.code].exit));
  if (codes.length === 0) return EXIT.done;
  return [EXIT.interrupted, EXIT.unreachable, EXIT.notAllowed].find((code) => codes.includes(code)) ?? EXIT.failed;
}
