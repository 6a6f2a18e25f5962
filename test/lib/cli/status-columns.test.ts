import { expect, test } from 'vitest';
import type { HubStatus } from '../../../src/lib/api/schema/status.ts';
import { ratedStatus, STATUS_COLUMNS } from '../../../src/lib/cli/status-columns.ts';

const status = (time: number, samples: number, startedAt = 0): HubStatus => ({
  version: '0',
  startedAt,
  time,
  ready: true,
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
    acknowledgeP50Ms: null,
    acknowledgeP99Ms: null,
  },
  storage: { failed: false, damagedFiles: 0, commitsWaiting: 0, journalBytes: 0, journalEntriesToApply: 0, diskFreeBytes: null, diskFull: false },
  http: { connections: 0, refused: 0 },
  fleet: { devices: 0, points: 0 },
  stream: { subscribers: 0, dropped: 0 },
  mqtt: {},
  process: { memoryBytes: 0, eventLoopDelayP99Ms: 0 },
});

test('rates are the difference of two readings, by the clock of the hub', () => {
  expect(ratedStatus(status(1000, 100), status(3000, 2100)).rates).toEqual({ messages: 100, samples: 1000, rejected: 0, failed: 0, limited: 0 });
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
