import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { cleanUpFailed, type Removed } from './clean-up.ts';
import type { SimulationMonitor } from './run-limits.ts';

/** Why the end of a run could not be asked from the hub, or not be tidied up. */
export interface RunError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface Ending {
  /** Null: the hub did not say. */
  readonly stored: number | null;
  /** Null when nothing was to be removed, or nobody was there to do it. */
  readonly removed: Removed | null;
  readonly error: RunError | null;
}

export interface EndingOptions {
  readonly run: string;
  readonly count: () => Promise<number>;
  /** Null: everything is kept. */
  readonly remove: (() => Promise<Removed>) | null;
  readonly monitor: Pick<SimulationMonitor, 'onWarning'>;
}

/** A hub that did not answer once is not asked again: each try may take as long. */
const GONE: ReadonlySet<ErrorCode> = new Set(['unreachable', 'timed_out']);

/** Asks and removes at the end of a run. Does not throw: what was sent is worth a report also when the hub died meanwhile. */
export async function endRun({ run, count, remove, monitor }: EndingOptions): Promise<Ending> {
  let error: RunError | null = null;
  const stored = await count().catch((problem: unknown) => {
    error = runErrorOf(problem);
    return null;
  });
  const removed =
    remove === null
      ? null
      : await tidy(remove, error).catch((problem: unknown) => {
          error ??= runErrorOf(problem);
          monitor.onWarning(cleanUpFailed(run, problem));
          return null;
        });
  return { stored, removed, error };
}

async function tidy(remove: () => Promise<Removed>, error: RunError | null): Promise<Removed> {
  if (error !== null && GONE.has(error.code)) throw new MusterError(error.code, error.message);
  return remove();
}

function runErrorOf(problem: unknown): RunError {
  const { code, hint } = problem instanceof MusterError ? problem : { code: 'internal' as const, hint: CATALOGUE.internal.hint };
  return { code, message: messageOf(problem), hint };
}
