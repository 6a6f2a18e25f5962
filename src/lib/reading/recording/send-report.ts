import { randomUUID } from 'node:crypto';
import { pause } from '../../cli/pause.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { reportPayload } from './report-payload.ts';
import { isRejection, resultOfRejection, type SendReport } from './report-sender.ts';

const TRIES = 6;
const PAUSE_FIRST_MS = 500;
/** The hub is busy or away for a moment. A report that was stored although its answer was lost is known by its key. */
const PASSING: ReadonlySet<string> = new Set(['overloaded', 'disk_full', 'stopping', 'unreachable', 'timed_out', 'storage_failed']);
/** A hub that limits the rate is well: as long as it lets some of it pass, the rest waits for its turn. */
const TRIES_LIMITED = 100;
const PAUSE_LIMITED_MAX_MS = 60_000;

/** Reports over HTTP; waits and tries again while the hub is busy or away, half a minute in all, and for as long as it says when it limits the rate. */
export function createSendReport(hub: Pick<HubClient, 'report'>, say: (text: string) => void): SendReport {
  let saidLimited = false;

  function wait(error: MusterError, tried: number): number | null {
    const told = error.details?.retryAfterMs;
    const toldMs = typeof told === 'number' ? told : 0;
    if (error.code === 'rate_limited') {
      if (tried >= TRIES_LIMITED) return null;
      if (!saidLimited) say(`${error.message} The rest is sent as fast as the hub takes it.`);
      saidLimited = true;
      return Math.min(PAUSE_LIMITED_MAX_MS, Math.max(PAUSE_FIRST_MS, toldMs));
    }
    if (!PASSING.has(error.code) || tried >= TRIES) return null;
    const pauseMs = Math.max(PAUSE_FIRST_MS * 2 ** (tried - 1), Math.min(toldMs, PAUSE_LIMITED_MAX_MS));
    say(`${error.message} Trying again in ${pauseMs / 1000} s.`);
    return pauseMs;
  }

  return async (device, values, signal) => {
    const payload = reportPayload(values);
    const idempotencyKey = randomUUID();
    const tried = { limited: 0, other: 0 };
    for (;;) {
      try {
        return await hub.report(device, payload, { idempotencyKey });
      } catch (error: unknown) {
        if (isRejection(error)) return resultOfRejection(error, values);
        if (!(error instanceof MusterError) || signal.aborted) throw error;
        const pauseMs = wait(error, error.code === 'rate_limited' ? ++tried.limited : ++tried.other);
        if (pauseMs === null) throw error;
        await pause(pauseMs, signal);
      }
    }
  };
}
