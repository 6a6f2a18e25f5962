import { newStepCounts } from '../../src/lib/ingest/step-counts.ts';
import type { HubLevels } from '../../src/lib/metrics/hub-figures.ts';
import { newCounters } from '../../src/lib/protocols/mqtt/ports.ts';

/** Of a hub in which nothing has happened. */
export function noLevels(more: Partial<HubLevels> = {}): HubLevels {
  return {
    problems: [],
    devices: 0,
    points: 0,
    steps: newStepCounts(),
    messagesWaiting: 0,
    commitsWaiting: 0,
    commitsFailing: false,
    commitGroupsFailed: 0,
    commitThreadRestarts: 0,
    damagedEntries: 0,
    journalBytes: 0,
    journalEntriesToApply: 0,
    sampleStoreFailed: false,
    pressure: null,
    pressureTimes: 0,
    pressureHeldMs: 0,
    diskFreeBytes: null,
    diskFloorBytes: 0,
    diskFull: false,
    httpConnections: 0,
    httpRefused: 0,
    bytesWaiting: 0,
    damagedFiles: 0,
    streamSubscribers: 0,
    streamDropped: 0,
    events: { recorded: 0, dropped: 0, waiting: 0, streamDropped: 0 },
    mqtt: newCounters(),
    limits: [],
    ...more,
  };
}
