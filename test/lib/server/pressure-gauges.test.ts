import { expect, it, onTestFinished } from 'vitest';
import { createPressure } from '../../../src/lib/ingest/pressure.ts';
import { pressureGauges } from '../../../src/lib/server/pressure-gauges.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const LIMITS = { 'limits.commit-queue': 100, 'limits.bytes-waiting': 1000, 'limits.journal-bytes': 3200 };

function pressed() {
  const levels = { messages: 0, bytes: 0, journalBytes: 0, storeFailed: false };
  const gauges = pressureGauges(LIMITS, {
    messages: () => levels.messages,
    bytes: () => levels.bytes,
    journalBytes: () => levels.journalBytes,
    storeFailed: () => levels.storeFailed,
  });
  const pressure = createPressure({ gauges, heldMaxMs: 60_000, clock: () => 0, log: SILENT_LOG });
  onTestFinished(() => pressure.stop());
  return { levels, pressure };
}

it.each([
  ['messages', 50, 25],
  ['bytes', 500, 250],
  ['journalBytes', 1600, 1500],
] as const)('pushes back at half of what may wait, before anything is refused: %s', async (name, high, low) => {
  const { levels, pressure } = pressed();
  levels[name] = high - 1;
  expect(pressure.wait()).toBeNull();
  levels[name] = high;
  const held = pressure.wait();
  expect(held).not.toBeNull();
  levels[name] = low;
  await held;
});

it('pushes back earlier when the sample store has failed, since nothing leaves the journal then', async () => {
  const { levels, pressure } = pressed();
  levels.journalBytes = 400;
  expect(pressure.wait()).toBeNull();
  levels.storeFailed = true;
  expect(pressure.wait()).not.toBeNull();
  expect(pressure.state()?.reason).toBe('400 bytes of the journal wait for the sample store');
  levels.storeFailed = false;
  await waitUntil(() => pressure.state() === null, 'it lets go once the store works');
});
