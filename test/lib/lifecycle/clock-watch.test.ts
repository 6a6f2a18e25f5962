import { expect, onTestFinished, test } from 'vitest';
import type { DeviceId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { newTraffic } from '../../../src/lib/fleet/traffic.ts';
import { createClockWatch } from '../../../src/lib/lifecycle/clock-watch.ts';
import { createTimeService } from '../../../src/lib/lifecycle/time-service.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { aDevice, aProject } from '../../helpers/fleet.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const START = Date.UTC(2026, 0, 1);
const boiler = 'boiler' as DeviceId;

async function aDisk() {
  const system = await startedSystemStore();
  await system.log.commit({ statements: [system.projects.insert(aProject()), system.devices.insert(aDevice('boiler'))] });
  return system;
}

async function watching(system: EmbeddedSystemStore, wrongAfterMs: number | null = 60_000) {
  const directory = new Directory();
  const entry = directory.putDevice(aDevice('boiler'));
  const told: string[] = [];
  const recorder = { record: ({ kind, text }: { readonly kind: string; readonly text: string }) => void told.push(`${kind}: ${text}`) };
  const watch = createClockWatch({ storage: system.life.clocks, commits: system.log, directory, recorder, wrongAfterMs, log: SILENT_LOG });
  await watch.start();
  onTestFinished(() => watch.stop());
  return { watch, entry, told };
}

test('a wrong clock is told of once, and again when it is right; over a restart, too', async () => {
  const system = await aDisk();
  const first = await watching(system);
  first.watch.exchanged(first.entry, 59_000, START);
  expect(first.told).toEqual([]);
  first.watch.exchanged(first.entry, 90_000, START + 1);
  first.watch.exchanged(first.entry, 95_000, START + 2);
  // Not yet right beyond doubt.
  first.watch.exchanged(first.entry, 31_000, START + 3);
  expect(first.told).toEqual(['device.clock-wrong: the clock of boiler is 1m30s behind']);
  expect(await first.watch.of(boiler)).toEqual({ device: 'boiler', offsetMs: 31_000, source: 'exchange', measuredAt: START + 3, wrongSince: START + 1 });
  await first.watch.stop();

  const second = await watching(system);
  expect(second.watch.wrong).toBe(1);
  expect(await second.watch.of(boiler)).toMatchObject({ offsetMs: 31_000, wrongSince: START + 1 });
  second.watch.exchanged(second.entry, -90_000, START + 4);
  second.watch.exchanged(second.entry, 12.4, START + 5);
  expect(second.told).toEqual(['device.clock-right: the clock of boiler is right again']);
  await second.watch.stop();
  expect(await system.life.clocks.of(boiler)).toMatchObject({ offsetMs: 12, wrongSince: null });
  expect((await watching(system)).watch.wrong).toBe(0);
});

test('a device that says one thing and then another is told of some times, and then heard out in silence for a while', async () => {
  const { watch, entry, told } = await watching(await aDisk());
  for (let count = 0; count < 1_000; count += 1) watch.exchanged(entry, count % 2 === 0 ? 90_000 : 0, START + count);
  expect(told).toHaveLength(6);
  expect(await watch.of(boiler)).toMatchObject({ offsetMs: 0, measuredAt: START + 999 });
  watch.exchanged(entry, 90_000, START + 700_000);
  expect(told).toHaveLength(7);
});

test('reports tell of a clock that is ahead, and do not gainsay an exchange of the last hour', async () => {
  const { watch, entry, told } = await watching(await aDisk());
  entry.traffic = newTraffic(START, 1, 1);
  const report = (from: number, aheadMs: number) => {
    for (let index = 0; index < 21; index += 1) watch.reported(entry, from + index * 5_000 + aheadMs, from + index * 5_000);
  };
  report(START, 300_000);
  expect(told).toEqual(['device.clock-wrong: the clock of boiler is 5m ahead, by the times in its reports']);
  expect(await watch.of(boiler)).toMatchObject({ offsetMs: -300_000, source: 'reports' });
  watch.exchanged(entry, 0, START + 200_000);
  report(START + 300_000, 300_000);
  expect(await watch.of(boiler)).toMatchObject({ offsetMs: 0, source: 'exchange' });
  report(START + 3_900_000, 300_000);
  expect(told).toHaveLength(3);
});

test('nobody is told with the limit off, and a device that is gone is not kept', async () => {
  const system = await aDisk();
  const { watch, entry, told } = await watching(system, null);
  watch.exchanged(entry, 1e15, START);
  await system.log.commit({ statements: system.devices.remove(boiler) });
  await watch.stop();
  expect(told).toEqual([]);
  expect(await system.life.clocks.of(boiler)).toBeNull();
});

test('a question is answered with the times of the exchange, and what it says of the clock is noted', () => {
  const found: number[] = [];
  const entry = new Directory().putDevice(aDevice('boiler'));
  const time = createTimeService({ clocks: { exchanged: (_, offsetMs) => void found.push(offsetMs) }, clock: () => START + 5 });
  const answer = (question: string) => JSON.parse(Buffer.from(time.answer(entry, Buffer.from(question), START)).toString());
  expect(answer(`{"id":"q1","t0":${START - 30_000}}`)).toEqual({ id: 'q1', t0: START - 30_000, t1: START, t2: START + 5, time: START + 5 });
  expect(answer(`{"id":2,"t0":${START - 30_000},"offset":-12.5}`)).toMatchObject({ id: 2 });
  expect(found).toEqual([30_000, -12.5]);
  for (const other of ['', '{', '[]', '5', 'null', '{"t0":"now","id":{}}', `{"id":"${'x'.repeat(65)}"}`, `{"t0":1,"x":"${'x'.repeat(600)}"}`])
    expect(answer(other)).toEqual({ t1: START, t2: START + 5, time: START + 5 });
  expect(found).toHaveLength(2);
});
