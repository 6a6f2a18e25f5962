import type { DuckDBConnection } from '@duckdb/node-api';
import { MusterError } from '../../errors/muster-error.ts';
import type { ArchiveReader } from './archive/reader.ts';
import type { Database } from './database.ts';
import type { Block, Reading } from './messages.ts';
import { aggregateSql, latestSql, readSql } from './queries.ts';
import { blocksOf } from './result-blocks.ts';
import { createTurns, type Turns } from './turns.ts';
import { wantedOf } from './wanted.ts';

const WAITING_MAX = 1000;

export interface Readings {
  /** Sends the blocks of a reading, each against one credit, until its end. Rejects with what went wrong; a cancelled one just ends. */
  open(id: number, reading: Reading, credit: number, send: (block: Block) => void): Promise<void>;
  more(id: number): void;
  cancel(id: number): void;
  /** Ends all of them: their `open` rejects with `stopping`. Resolves when none is left. */
  stop(): Promise<void>;
}

interface OpenReading {
  credit: number;
  state: 'running' | 'cancelled' | 'stopping';
  connection: DuckDBConnection | null;
  /** Wakes the reading that waits for credit. */
  wake: () => void;
  readonly ended: Promise<void>;
}

export interface ReadingLimits {
  /** Readings that are open; more of them wait. */
  readonly openMax: number;
  /** How long a reading whose rows nobody takes may keep its place while others wait for one. */
  readonly stalledMs: number;
}

/**
 * `engine`: turns for calls into DuckDB. They run on the few threads that Node shares between files, names and hashing, so
 * many readings must not take them all; between two chunks another reading gets its turn.
 */
export function createReadings(
  database: Database,
  engine: Turns,
  archive: ArchiveReader,
  { openMax, stalledMs }: ReadingLimits = { openMax: 32, stalledMs: 30_000 },
): Readings {
  const places = createTurns(openMax, WAITING_MAX);
  const open = new Map<number, OpenReading>();
  return {
    async open(id, reading, credit, send) {
      const place = places.take();
      if (place === null) throw new MusterError('overloaded', `${WAITING_MAX} queries wait for the sample store already`);
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const entry: OpenReading = { credit, state: 'running', connection: null, wake: () => {}, ended };
      open.set(id, entry);
      const release = await place;
      try {
        await run(entry, reading, send);
      } catch (error: unknown) {
        // An interrupted query fails; that is what the one who cancelled it wanted.
        if (entry.state === 'running') throw error;
      } finally {
        entry.connection?.closeSync();
        release();
        open.delete(id);
        end();
      }
      if (entry.state === 'stopping') throw new MusterError('stopping', 'The sample store is stopping');
    },
    more(id) {
      const entry = open.get(id);
      if (entry === undefined) return;
      entry.credit++;
      entry.wake();
    },
    cancel: (id) => finish(open.get(id), 'cancelled'),
    async stop() {
      const entries = [...open.values()];
      for (const entry of entries) finish(entry, 'stopping');
      await Promise.all(entries.map((entry) => entry.ended));
    },
  };

  async function run(entry: OpenReading, reading: Reading, send: (block: Block) => void): Promise<void> {
    if (entry.state !== 'running') return;
    const connection = await database.connect();
    entry.connection = connection;
    await archive.reading(connection, () => follow(entry, connection, reading, send));
  }

  async function follow(entry: OpenReading, connection: DuckDBConnection, reading: Reading, send: (block: Block) => void): Promise<void> {
    const queries = await engine.run(async () => (entry.state === 'running' ? queriesOf(connection, reading) : []));
    for (const sql of queries) await followQuery(entry, connection, sql, reading.kind === 'aggregate', send);
  }

  async function followQuery(entry: OpenReading, connection: DuckDBConnection, sql: string, withCounts: boolean, send: (block: Block) => void): Promise<void> {
    const result = await engine.run(async () => (entry.state === 'running' ? connection.stream(sql) : null));
    if (result === null) return;
    for await (const block of blocksOf(() => engine.run(() => result.fetchChunk()), withCounts)) {
      while (entry.credit === 0 && entry.state === 'running') {
        if (!(await woken(entry)) && places.waiting > 0)
          throw new MusterError('timed_out', `A reading stood still for ${stalledMs / 1000} s while others waited`);
      }
      if (entry.state !== 'running') return;
      entry.credit--;
      send(block);
    }
  }

  async function queriesOf(connection: DuckDBConnection, reading: Reading): Promise<readonly string[]> {
    switch (reading.kind) {
      case 'read':
        return [readSql(reading.query, await archive.rows(connection, wantedOf(reading.query)))];
      case 'aggregate':
        return [aggregateSql(reading.query, await archive.rows(connection, wantedOf(reading.query)))];
      case 'latest':
        return latestSql();
    }
  }

  /** False: nothing happened for a while. */
  function woken(entry: OpenReading): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), stalledMs);
      entry.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

function finish(entry: OpenReading | undefined, state: 'cancelled' | 'stopping'): void {
  if (entry === undefined || entry.state !== 'running') return;
  entry.state = state;
  entry.connection?.interrupt();
  entry.wake();
}
