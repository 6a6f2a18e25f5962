import { parentPort, workerData } from 'node:worker_threads';
import { openReadDatabase } from './database.ts';
import { fleetTexts } from './fleet-texts.ts';

// Each message asks for the next piece of the fleet; null is behind the last.
const texts = fleetTexts(openReadDatabase(workerData as string));
parentPort?.on('message', () => {
  const next = texts.next();
  parentPort?.postMessage(next.done === true ? null : next.value);
});
