import type { CountQuery, CountResult } from '../api/schema/samples.ts';
import { pause } from '../cli/pause.ts';
import type { HubClient } from '../client/hub-client.ts';

const POLL_MS = 100;

/**
 * How many samples the hub holds: asked, never assumed. An acknowledged sample is on disk, but the count may be read
 * from a store that is a moment behind, so it is asked again until it has reached `expected` or the time is up.
 * @param timeoutMs longest wait for one answer, when it is not the client's
 */
export async function countStored(hub: HubClient, query: CountQuery, expected: number, deadlineMs: number, timeoutMs?: number): Promise<number> {
  const signal = AbortSignal.timeout(deadlineMs + 30_000);
  const give = performance.now() + deadlineMs;
  for (;;) {
    const { count } = await hub.request<CountResult>('GET', '/samples/count', { query, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    if (count >= expected || performance.now() >= give) return count;
    await pause(POLL_MS, signal);
  }
}
