import { parentPort, workerData } from 'node:worker_threads';
import type { StoredSeries } from '../sample-store.ts';
import { openJournal } from '../system/journal-reader.ts';
import { databaseFile } from './database.ts';
import { failureOf, storageError } from './failure.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { buffersOf } from './result-blocks.ts';
import { createSampleEngine, type SampleEngine } from './sample-engine.ts';

// The thread in which all work of DuckDB happens: messages in, messages out.
const port = parentPort;
if (port === null) throw new Error('sample-worker runs as a worker thread');
const settings = workerData as WorkerSettings;

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

const described = new Map<number, (names: readonly StoredSeries[]) => void>();
let questions = 0;

function describe(series: readonly number[]): Promise<readonly StoredSeries[]> {
  return new Promise((resolve) => {
    const id = ++questions;
    described.set(id, resolve);
    post({ type: 'describe', id, series });
  });
}

async function answer(id: number, work: () => Promise<FromWorker>): Promise<void> {
  try {
    post(await work());
  } catch (error: unknown) {
    post({ type: 'error', id, failure: failureOf(storageError(error, databaseFile(settings.folder))) });
  }
}

function take(engine: SampleEngine, message: ToWorker): void {
  switch (message.type) {
    case 'committed':
      engine.committed(message.journalId);
      break;
    case 'more':
      engine.readings.more(message.id);
      break;
    case 'cancel':
      engine.readings.cancel(message.id);
      engine.cancel(message.id);
      break;
    case 'described':
      described.get(message.id)?.(message.names);
      described.delete(message.id);
      break;
    case 'open': {
      const { id, reading, credit } = message;
      void answer(id, async () => {
        await engine.open(id, reading, credit, (block) => post({ type: 'block', id, block }, buffersOf(block)));
        return { type: 'end', id };
      });
      break;
    }
    case 'task': {
      const { id, task } = message;
      const answered = answer(id, async () => ({ type: 'done', id, result: await engine.perform(task, id) }));
      // Without its port the thread has nothing to live for.
      if (task.kind === 'stop') void answered.then(() => port?.close());
      break;
    }
  }
}

try {
  const engine = await createSampleEngine(settings, openJournal, {
    onApplied: (journalId, batch) => post({ type: 'applied', journalId, batch }),
    onFailing: (error) => post({ type: 'failing', failure: failureOf(error) }),
    onDamaged: (file) => post({ type: 'damaged', file }),
    describe,
  });
  port.on('message', (message: ToWorker) => take(engine, message));
  post({ type: 'ready', applied: engine.applied, highestSeries: engine.highestSeries });
  engine.committed(Number.POSITIVE_INFINITY);
} catch (error: unknown) {
  post({ type: 'unready', failure: failureOf(storageError(error, databaseFile(settings.folder))) });
  port.close();
}
