import { type Finding, hubCheck, ok, warn } from '../check.ts';

const OFFSET_MAX_MS = 2_000;

export const clock = hubCheck('hub clock', async ({ client }, signal) => {
  const sent = Date.now();
  const { time } = await client.request<{ time: number }>('GET', '/time', { signal });
  return judgeClock(sent, time, Date.now());
});

/** The hub's time against the middle of the round trip. All in ms since 1970. */
export function judgeClock(sent: number, hubTime: number, received: number): Finding {
  const roundTrip = received - sent;
  const offset = Math.round(hubTime - (sent + received) / 2);
  const apart = Math.abs(offset);
  const text = `The hub is ${inWords(apart)} ${offset < 0 ? 'behind' : 'ahead'} (round trip ${roundTrip} ms)`;
  // A slow network makes the offset uncertain by half the round trip: that is no fault of a clock.
  if (Math.abs(offset) - roundTrip / 2 <= OFFSET_MAX_MS) return ok(text);
  return warn(text, 'Set both clocks with NTP: relative times such as `-1h`, and what counts as late or future, depend on them.');
}

function inWords(ms: number): string {
  if (ms < 10_000) return `${ms} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
