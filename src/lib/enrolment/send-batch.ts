import type { DeviceBatchAnswer } from '../api/schema/device-batch.ts';
import { pause } from '../cli/pause.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Sends one chunk. `again`: it may have been sent before. */
export type SendChunk<Answer = DeviceBatchAnswer> = (again: boolean) => Promise<Answer>;

export interface Sending {
  readonly signal: AbortSignal;
  say(text: string): void;
}

const TRIES = 10;
const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 60_000;
/** The hub is busy or away for a while. Nothing of the chunk was written, or all of it: then it is known again. */
const PASSING: ReadonlySet<string> = new Set(['overloaded', 'rate_limited', 'disk_full', 'stopping', 'storage_failed', 'unreachable', 'timed_out']);
/** After these nobody knows whether it was written. */
const UNKNOWN: ReadonlySet<string> = new Set(['unreachable', 'timed_out', 'storage_failed', 'stopping']);

/**
 * Waits and sends again while the hub is busy or away: 500 ms at first, twice as long each time, or as long as the hub says (429, 503); ten times. A hub that
 * has never answered is not waited for.
 */
export function createChunkSender<Answer = DeviceBatchAnswer>({ signal, say }: Sending): (send: SendChunk<Answer>, mayBeThere: boolean) => Promise<Answer> {
  let hasAnswered = false;
  return async (send, mayBeThere) => {
    let again = mayBeThere;
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await send(again);
        hasAnswered = true;
        return answer;
      } catch (error: unknown) {
        if (!(error instanceof MusterError) || signal.aborted) throw error;
        again ||= UNKNOWN.has(error.code);
        const isSilent = error.code === 'unreachable' || error.code === 'timed_out';
        if (!PASSING.has(error.code) || tried >= TRIES || (!hasAnswered && isSilent)) throw error;
        hasAnswered ||= !isSilent;
        const told = error.details?.retryAfterMs;
        const waitMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_FIRST_MS * 2 ** (tried - 1), typeof told === 'number' ? told : 0));
        say(`${error.message} Trying again in ${waitMs / 1000} s.`);
        await pause(waitMs, signal);
        if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.');
      }
    }
  };
}
