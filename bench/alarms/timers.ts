// A million pending timers: memory, and how fast they are added, moved, cancelled and fired.
// Run: npx esbuild bench/alarms/timers.ts --bundle --platform=node --format=esm --outfile=dist/bench-timers.js && node --expose-gc dist/bench-timers.js
import { createTimerWheel } from '../../src/lib/supervision/timer-wheel.ts';

const COUNT = 1_000_000;
const HOUR_MS = 3_600_000;
const START = 1_767_225_600_000;

let now = START;
let fired = 0;
let latest = 0;
const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
const bytes = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const owner = { dueAt: 0 };
const wheel = createTimerWheel<typeof owner>(
  () => now,
  (owners) => {
    fired += owners.length;
    latest = now;
  },
);
const dues = Float64Array.from({ length: COUNT }, (_, index) => START + 1 + ((index * 2_654_435_761) % HOUR_MS));
const handles = new Int32Array(COUNT);

const before = bytes();
timed('added', () => {
  for (let index = 0; index < COUNT; index += 1) handles[index] = wheel.add(dues[index] ?? 0, owner);
});
process.stdout.write(`memory: ${((bytes() - before) / COUNT).toFixed(1)} bytes for each, without its owner\n`);
timed('moved', () => {
  for (let index = 0; index < COUNT; index += 1) wheel.move(handles[index] ?? 0, (dues[index] ?? 0) + 1_000);
});
timed('fired, over an hour of the clock in steps of 20 ms', () => {
  while (wheel.size > 0) {
    now += 20;
    wheel.advance();
  }
});
if (fired !== COUNT) throw new Error(`${fired} fired`);
process.stdout.write(`the last after ${((latest - START) / 1000).toFixed(1)} s of the clock\n`);
timed('added and cancelled', () => {
  for (let index = 0; index < COUNT; index += 1) wheel.cancel(wheel.add(now + 60_000 + index, owner));
});

function timed(what: string, work: () => void): void {
  const start = performance.now();
  work();
  const elapsedMs = performance.now() - start;
  process.stdout.write(`${what}: ${(COUNT / elapsedMs / 1000).toFixed(2)} million/s\n`);
}
