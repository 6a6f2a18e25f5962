import { Worker } from 'node:worker_threads';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { FleetReading } from '../fleet-reading.ts';
import { workerFile } from '../worker-file.ts';
import type { ReadDatabase } from './database.ts';
import { DEVICE_TEXTS, devicesOf, STATUS_TEXTS, statusesOf } from './devices.ts';
import { textsOf } from './fleet-texts.ts';
import { POINT_TEXTS, pointReader } from './points.ts';

export type FleetTable = 'devices' | 'statuses' | 'points';

/** From so many devices on, a thread reads ahead while this one puts into memory what it has read: that is half of the work. */
const MANY = 'select 1 from devices limit 1 offset 20000';
/** Pieces of each table that are read ahead. */
const AHEAD = 4;

/** All devices, statuses and points, each by device. The thread ends with `close`. */
export function readFleet(file: string, database: ReadDatabase): FleetReading {
  const source = database.get(MANY) === null ? textsHere(database) : textsAhead(file);
  return {
    devices: read(source.texts('devices'), devicesOf),
    statuses: read(source.texts('statuses'), statusesOf),
    points: read(source.texts('points'), pointReader()),
    close: source.close,
  };
}

interface Source {
  texts(table: FleetTable): AsyncIterable<string> | Iterable<string>;
  close(): Promise<void>;
}

async function* read<Item>(texts: ReturnType<Source['texts']>, itemsOf: (text: string) => readonly Item[]): AsyncGenerator<readonly Item[]> {
  for await (const text of texts) yield itemsOf(text);
}

function textsHere(database: ReadDatabase): Source {
  const queries = { devices: DEVICE_TEXTS, statuses: STATUS_TEXTS, points: POINT_TEXTS };
  return { texts: (table) => textsOf(database, queries[table]), close: async () => undefined };
}

function textsAhead(file: string): Source {
  const thread = new Worker(workerFile('fleet-worker'), { workerData: file, name: 'fleet reader' });
  const arrived: Record<FleetTable, (string | null)[]> = { devices: [], statuses: [], points: [] };
  let failure: MusterError | null = null;
  let wake: () => void = () => undefined;
  const fail = (reason: string, cause?: unknown) => {
    failure ??= new MusterError('storage_failed', `the fleet could not be read from ${file}: ${reason}`, { cause, details: { file } });
    wake();
  };
  thread.on('message', ({ table, text }: { readonly table: FleetTable; readonly text: string | null }) => {
    arrived[table].push(text);
    wake();
  });
  thread.once('error', (cause) => fail(messageOf(cause), cause));
  thread.once('exit', () => fail('its thread ended'));
  return {
    async *texts(table) {
      for (let asked = 0; asked < AHEAD; asked++) thread.postMessage(table);
      for (;;) {
        const text = arrived[table].shift();
        if (text === null) return;
        if (text !== undefined) {
          thread.postMessage(table);
          yield text;
        } else if (failure !== null) {
          throw failure;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
    async close() {
      await thread.terminate();
    },
  };
}
