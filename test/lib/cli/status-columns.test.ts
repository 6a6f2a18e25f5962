import { expect, test } from 'vitest';
import type { HubStatus } from '../../../src/lib/api/schema/status.ts';
import { ratedStatus, STATUS_COLUMNS } from '../../../src/lib/cli/status-columns.ts';
import { bytesText, statusView } from '../../../src/lib/cli/status-view.ts';
import { newStepCounts } from '../../../src/lib/ingest/step-counts.ts';
import { newCounters } from '../../../src/lib/protocols/mqtt/ports.ts';
import { noLevels } from '../../helpers/hub-levels.ts';

const NOTHING = { runs: 0, failed: 0, samples: 0, filesWritten: 0, filesDeleted: 0, bytesWritten: 0, elapsedMs: 0, lastAt: null, lastError: null };

const status = (time: number, samples: number, startedAt = 0): HubStatus => ({
  version: '0',
  startedAt,
  time,
  ready: true,
  problems: [],
  ingest: {
    messages: samples / 10,
    samples,
    rejected: 0,
    failed: 0,
    limited: 0,
    repeated: 0,
    waiting: 0,
    bytesWaiting: 0,
    pressure: null,
    pressureTimes: 0,
    pressureHeldMs: 0,
    acknowledgeP50Ms: null,
    acknowledgeP99Ms: null,
    steps: newStepCounts(),
  },
  storage: {
    failed: false,
    commitsFailing: false,
    damagedFiles: 0,
    damagedEntries: 0,
    commitsWaiting: 0,
    commits: { groups: samples / 100, units: 0, samples, bytes: 0, elapsedMs: samples / 20, failed: 0, threadRestarts: 0 },
    journalBytes: 0,
    journalEntriesToApply: 0,
    applyLagMs: 0,
    apply: { batches: 0, samples: 0, elapsedMs: 0 },
    compaction: NOTHING,
    retention: NOTHING,
    diskFreeBytes: null,
    diskFloorBytes: 0,
    diskFull: false,
  },
  http: { connections: 0, refused: 0 },
  fleet: { devices: 0, points: 0 },
  stream: { subscribers: 0, dropped: 0 },
  alarms: noLevels().alarms,
  notifications: noLevels().notifications,
  commands: noLevels().commands,
  mqtt: newCounters(),
  limits: [],
  process: { memoryBytes: 0, eventLoopDelayP99Ms: 0, eventLoopDelayMaxMs: 0 },
});

test('rates are the difference of two readings, by the clock of the hub', () => {
  expect(ratedStatus(status(1000, 100), status(3000, 2100)).rates).toMatchObject({
    messages: 100,
    samples: 1000,
    rejected: 0,
    commits: 10,
    samplesPerCommit: 100,
    commitMs: 5,
    applyMs: null,
  });
});

test('a restart between two readings makes no negative rates', () => {
  expect(ratedStatus(status(1000, 5000), status(3000, 10, 2000)).rates.samples).toBe(0);
});

test('says for how long senders are held back, and why', () => {
  const pressed = status(3000, 0);
  const reading = ratedStatus(pressed, { ...pressed, ingest: { ...pressed.ingest, pressure: { since: 1000, reason: '7 messages wait' } } });
  const column = STATUS_COLUMNS.find(({ name }) => name === 'pressure');
  expect(column?.text?.(reading)).toBe('for 2s: 7 messages wait');
  expect(column?.text?.(ratedStatus(pressed, pressed))).toBe('none');
});

const PLAIN = { width: null, colour: false };

test('tells a person in groups what comes in, what waits and what becomes of it', () => {
  const now = { ...status(3000, 2100), limits: [{ setting: 'limits.commit-queue', level: 0, limit: 20_000 }] };
  const view = statusView(ratedStatus(status(1000, 100), now), PLAIN);
  expect(view).toMatch(/^health {7}ready$/m);
  expect(view).toContain('1,000 samples/s in 100 messages/s\n             no message yet');
  expect(view).toContain('for the disk: 0 of 20,000 messages');
  expect(view).toContain('10 commits/s of 100 samples and 5 ms each');
});

test('says first what is wrong, and what soon will be', () => {
  const now: HubStatus = {
    ...status(3000, 0),
    ready: false,
    problems: ['nothing can be \u001b[31mwritten'],
    limits: [
      { setting: 'mqtt.connections-max', level: 45, limit: 50 },
      { setting: 'http.connections-max', level: 45, limit: null },
      { setting: 'mqtt.sessions-max', level: 3, limit: 50 },
    ],
  };
  const damaged = { ...now, storage: { ...now.storage, damagedFiles: 2, compaction: { ...NOTHING, failed: 1, lastError: 'no room' } } };
  const lines = statusView(ratedStatus(now, damaged), PLAIN)
    .split('\n')
    .map((line) => line.slice(13));
  expect(lines.slice(1, 6)).toEqual([
    'not ready',
    'nothing can be \\x1b[31mwritten',
    'files of samples that are damaged: 2; `muster storage show` names them',
    'samples could not be moved to files: no room',
    'mqtt.connections-max is 90 % used: 45 of 50',
  ]);
});

test('fits into a terminal', () => {
  for (const width of [60, 80, 200]) {
    const view = statusView(ratedStatus(status(1000, 100), status(3000, 2100)), { width, colour: false });
    expect(Math.max(...view.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
  }
});

test('bytes have three digits and a unit', () => {
  expect([0, 999, 1000, 1_234_567, 999_600, 5e14].map(bytesText)).toEqual(['0 bytes', '999 bytes', '1 kB', '1.23 MB', '1 MB', '500 TB']);
});

test('channels that cannot be reached are a warning, and what became of alarm changes stands in a line', () => {
  const failing = { waiting: 7, inFlight: 1, channels: 3, failing: 2, delivered: 1200, failed: 4, dropped: 5, retried: 9 };
  const rated = ratedStatus(status(0, 0), { ...status(1000, 0), notifications: failing });
  const view = statusView(rated, { width: null, colour: false });
  expect(view).toContain('ready, but');
  expect(view).toContain('channels that cannot be reached: 2; `muster delivery list --state waiting` says why');
  expect(view).toContain('alarm changes that wait to be told: 7, notifications on their way: 1');
  expect(view).toContain('1,200 delivered, 4 given up, 5 dropped; channels: 3, failing: 2');
  const cells = Object.fromEntries(STATUS_COLUMNS.map(({ name, value }) => [name, value(rated)]));
  expect(cells).toMatchObject({ untold: 7, told: 1200, 'given-up': 4, 'channels-failing': 2 });
});
