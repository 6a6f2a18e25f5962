import { describe, expect, it, onTestFinished } from 'vitest';
import { createPressure, type PressureGauge } from '../../../src/lib/ingest/pressure.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

function pressureOf(heldMaxMs = 60_000) {
  const levels = { queue: 0, journal: 0 };
  const gauge = (name: keyof typeof levels): PressureGauge => ({ name: `of the ${name}`, level: () => levels[name], high: () => 10, low: () => 5 });
  const pressure = createPressure({ gauges: [gauge('queue'), gauge('journal')], heldMaxMs, clock: () => 1234, log: SILENT_LOG });
  onTestFinished(() => pressure.stop());
  return { levels, pressure };
}

describe('pressure', () => {
  it('begins at the high mark, ends at the low one, and says why', async () => {
    const { levels, pressure } = pressureOf();
    levels.journal = 9;
    expect(pressure.wait()).toBeNull();
    levels.journal = 10;
    const held = pressure.wait();
    expect(held).not.toBeNull();
    expect(pressure.state()).toEqual({ since: 1234, reason: '10 of the journal' });
    levels.journal = 6;
    let free = false;
    void held?.then(() => (free = true));
    expect(pressure.wait()).toBe(held);
    expect(free).toBe(false);
    levels.journal = 5;
    await held;
    expect(pressure.wait()).toBeNull();
    expect(pressure.state()).toBeNull();
    expect(pressure.counts.times).toBe(1);
  });

  it('does not let go while something else is full', async () => {
    const { levels, pressure } = pressureOf();
    levels.queue = 10;
    const held = pressure.wait();
    levels.queue = 0;
    levels.journal = 12;
    const first = await Promise.race([held?.then(() => 'free'), new Promise((done) => setTimeout(() => done('held'), 100))]);
    expect(first).toBe('held');
    levels.journal = 0;
    await held;
  });

  it('lets senders be read again after the longest time, says that it is still pressing, and is ready to press again', async () => {
    const { levels, pressure } = pressureOf(50);
    levels.queue = 20;
    await pressure.wait();
    expect(pressure.wait()).toBeNull();
    expect(pressure.state()).toMatchObject({ reason: '20 of the queue' });
    expect(pressure.counts.heldMs).toBeGreaterThanOrEqual(45);
    levels.queue = 0;
    await waitUntil(() => pressure.state() === null, 'the pressure is over');
    levels.queue = 10;
    expect(pressure.wait()).not.toBeNull();
  });

  it('lets everybody go when it stops', async () => {
    const { levels, pressure } = pressureOf();
    levels.queue = 20;
    const held = pressure.wait();
    pressure.stop();
    await held;
    expect(pressure.wait()).toBeNull();
  });
});
