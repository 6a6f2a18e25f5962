import { parentPort, workerData } from 'node:worker_threads';
import { openReadDatabase } from './database.ts';
import { fleetTexts, NO_MORE } from './fleet-texts.ts';

// Each message asks for the next piece of the fleet; null is behind the last.
const database = openReadDatabase(workerData as string);
const texts = fleetTexts(database);
parentPort?.on('message', (message: unknown) => {
  if (message === NO_MORE) {
    database.close();
    parentPort?.close();
    return;
  }
  const next = texts.next();
  parentPort?.postMessage(next.done === true ? null : next.value);
});
