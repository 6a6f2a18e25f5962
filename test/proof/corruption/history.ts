import { createDevice } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';

/** What was acknowledged, by device and time; where it lies is in the device's name. */
export type Acknowledged = ReadonlyMap<Place, ReadonlyMap<number, number>>;
export const PLACES = ['in-files', 'in-hot-table', 'in-journal', 'last-write'] as const;
export type Place = (typeof PLACES)[number];

const DAY_MS = 86_400_000;
const PER_MESSAGE = 1000;
/** More than a page of SQLite even when it is cut at its end. */
const LAST_WRITE_SAMPLES = 2000;

/** Fills all tiers. Leaves a hub that is to be killed, with its newest samples in the journal alone. */
export async function makeHistory(
  hub: HubProcess,
  restartWithoutApplying: () => Promise<HubProcess>,
): Promise<{ readonly acknowledged: Acknowledged; readonly hub: HubProcess }> {
  const acknowledged = new Map<Place, Map<number, number>>();
  const now = Date.now();
  await hub.start();
  for (const place of PLACES) await createDevice(hub, place);
  await report(hub, 'in-files', 20_000, (index) => now - 70 * DAY_MS + index * 240_000);
  await expectStatus(200, await hub.api('POST', '/storage/compact', { all: true }));
  await report(hub, 'in-hot-table', 5_000, (index) => now - 3_600_000 + index * 100);
  // A question waits until what was committed is applied.
  await expectStatus(200, await hub.api('GET', '/samples/count'));
  await hub.kill();
  const waiting = await restartWithoutApplying();
  await waiting.start();
  await report(waiting, 'in-journal', 5_000, (index) => now - 1_800_000 + index * 100, 100);
  await report(waiting, 'last-write', LAST_WRITE_SAMPLES, (index) => now - 900_000 + index * 100, LAST_WRITE_SAMPLES);
  return { acknowledged, hub: waiting };

  async function report(to: HubProcess, place: Place, count: number, timeOf: (index: number) => number, perMessage = PER_MESSAGE): Promise<void> {
    const values = new Map<number, number>();
    acknowledged.set(place, values);
    for (let from = 0; from < count; from += perMessage) {
      const items = Array.from({ length: Math.min(perMessage, count - from) }, (_, offset) => ({
        ts: Math.floor(timeOf(from + offset)),
        values: { value: from + offset + 0.5 },
      }));
      await expectStatus(202, await to.api('POST', `/devices/${place}/report`, items));
      for (const { ts, values: sent } of items) values.set(ts, sent.value);
    }
  }
}

async function expectStatus(status: number, answer: { readonly status: number; readonly body: unknown }): Promise<void> {
  if (answer.status !== status) throw new Error(`the history could not be made: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
}
