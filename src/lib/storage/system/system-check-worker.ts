import { parentPort, workerData } from 'node:worker_threads';
import { checkSystem } from './check-system.ts';

// Reads all of the system database, then ends.
parentPort?.postMessage(checkSystem(workerData as string));
