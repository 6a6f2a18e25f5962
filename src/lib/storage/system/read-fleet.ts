import { Worker } from 'node:worker_threads';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { FleetPiece, FleetReading } from '../fleet-reading.ts';
import { workerFile } from '../worker-file.ts';
import type { ReadDatabase } from './database.ts';
import { type FleetTexts, fleetTexts, NO_MORE } from './fleet-texts.ts';
import { pointReader } from './points.ts';
import { pieceOf } from './stored-rows.ts';

/** From so many devices on, a thread reads ahead while this one puts into memory what it has read: that is half of the work. */
const MANY = 'select 1 from devices limit 1 offset 20000';
/** Pieces that are read ahead. */
const AHEAD = 4;

/** The whole fleet. Errors are MusterError `storage_failed`. */
export function readFleet(file: string, database: ReadDatabase): FleetReading {
  const source = database.get(MANY) === null ? textsHere(database) : textsAhead(file);
  return { pieces: piecesOf(source.texts), close: source.close };
}

interface Source {
  readonly texts: AsyncIterable<FleetTexts> | Iterable<FleetTexts>;
  close(): Promise<void>;
}

async function* piecesOf(texts: Source['texts']): AsyncGenerator<FleetPiece, void, undefined> {
  const pointsOf = pointReader();
  for await (const piece of texts) yield pieceOf(piece, pointsOf);
}

function textsHere(database: ReadDatabase): Source {
  return { texts: fleetTexts(database), close: async () => undefined };
}

function textsAhead(file: string): Source {
  const thread = new Worker(workerFile('fleet-worker'), { workerData: file, name: 'fleet reader' });
  const arrived: (FleetTexts | null)[] = [];
  let failure: MusterError | null = null;
  let wake: () => void = () => undefined;
  const fail = (reason: string, cause?: unknown) => {
    failure ??= new MusterError('storage_failed', `the fleet could not be read from ${file}: ${reason}`, { cause, details: { file } });
    wake();
  };
  thread.on('message', (texts: FleetTexts | null) => {
    arrived.push(texts);
    wake();
  });
  thread.once('error', (cause) => fail(messageOf(cause), cause));
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', () => {
      fail('its thread ended');
      resolve();
    });
  });
  return {
    texts: taken(),
    async close() {
      // It ends by itself: a thread that is ended from outside in the middle of a statement takes the process with it.
      thread.postMessage(NO_MORE);
      await ended;
    },
  };

  async function* taken(): AsyncGenerator<FleetTexts, void, undefined> {
    for (let asked = 0; asked < AHEAD; asked++) thread.postMessage(null);
    for (;;) {
      const texts = arrived.shift();
      if (texts === null) return;
      if (texts !== undefined) {
        thread.postMessage(null);
        yield texts;
      } else if (failure !== null) {
        throw failure;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
}
