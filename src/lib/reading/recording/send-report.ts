import { pause } from '../../cli/pause.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { reportPayload } from './report-payload.ts';
import { isRejection, resultOfRejection, type SendReport } from './report-sender.ts';

const TRIES = 6;
const PAUSE_FIRST_MS = 500;
/** The hub is busy or away for a moment. A report that was stored although its answer was lost replaces itself. */
const PASSING: ReadonlySet<string> = new Set(['overloaded', 'stopping', 'unreachable', 'timed_out', 'storage_failed']);

/** Reports over HTTP; waits and tries again while the hub is busy or away, half a minute in all. */
export function createSendReport(hub: Pick<HubClient, 'report'>, say: (text: string) => void): SendReport {
  return async (device, values, signal) => {
    const payload = reportPayload(values);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await hub.report(device, payload);
      } catch (error: unknown) {
        if (isRejection(error)) return resultOfRejection(error, values);
        if (!(error instanceof MusterError) || !PASSING.has(error.code) || attempt >= TRIES || signal.aborted) throw error;
        const pauseMs = PAUSE_FIRST_MS * 2 ** (attempt - 1);
        say(`${error.message} Trying again in ${pauseMs / 1000} s.`);
        await pause(pauseMs, signal);
      }
    }
  };
}
