import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Outcome } from './manifest-kind.ts';

/** After one of these the rest would fail the same way. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['unreachable', 'timed_out', 'not_logged_in', 'locked_out', 'interrupted', 'stopping']);

export function isHopeless(error: unknown): error is MusterError {
  return error instanceof MusterError && HOPELESS.has(error.code);
}

/** A failure does not stop the others, unless the hub itself is gone. */
export async function oneByOne<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const item of items) {
    try {
      await act(item);
      outcomes.push({ ok: true });
    } catch (error: unknown) {
      if (isHopeless(error)) throw error;
      outcomes.push({ ok: false, code: error instanceof MusterError ? error.code : 'internal', reason: messageOf(error) });
    }
  }
  return outcomes;
}
