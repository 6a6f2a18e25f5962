import { parentPort, workerData } from 'node:worker_threads';
import { openReadDatabase } from './database.ts';
import { DEVICE_TEXTS, STATUS_TEXTS } from './devices.ts';
import { textsOf } from './fleet-texts.ts';
import { POINT_TEXTS } from './points.ts';
import type { FleetTable } from './read-fleet.ts';

// Each message asks for the next piece of a table; null is behind the last.
const database = openReadDatabase(workerData as string);
const texts: Readonly<Record<FleetTable, Iterator<string>>> = {
  devices: textsOf(database, DEVICE_TEXTS),
  statuses: textsOf(database, STATUS_TEXTS),
  points: textsOf(database, POINT_TEXTS),
};
parentPort?.on('message', (table: FleetTable) => {
  const next = texts[table].next();
  parentPort?.postMessage({ table, text: next.done === true ? null : next.value });
});
