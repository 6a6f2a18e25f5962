import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { SeriesId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { AggregateQuery, DownsampleQuery, SampleQuery, ScanQuery } from '../sample-store.ts';
import { createAnswerCache } from './answer-cache.ts';
import type { ArchiveReader } from './archive/reader.ts';
import type { Database } from './database.ts';
import { createDownsampler, type Numbers } from './downsample.ts';
import type { Block, Reading } from './messages.ts';
import { planScan } from './plan-scan.ts';
import { aggregateSql, bucketStart, isNumeric, latestSql, numbersSql, readSql } from './queries.ts';
import { blocksOf, blocksOfNumbers, SCAN_BLOCK_ROWS } from './result-blocks.ts';
import { createTurns, type Turns } from './turns.ts';
import { itemsOf } from './vectors.ts';
import { edge, wantedOf } from './wanted.ts';

const WAITING_MAX = 1000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** Sorting takes some 50 bytes for each. */
const SORTED_ROWS = 1_000_000;

interface Part {
  readonly sql: string;
  /** It reads files alone, so that its answer never changes. */
  readonly fixed: boolean;
}

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
  /** Samples, about, that the engine is to sort at once when they are wanted series by series. */
  readonly sortedRows?: number;
}

/**
 * `engine`: turns for calls into DuckDB. They run on the few threads that Node shares between files, names and hashing, so
 * many readings must not take them all; between two chunks another reading gets its turn.
 */
export function createReadings(
  database: Database,
  engine: Turns,
  archive: ArchiveReader,
  { openMax, stalledMs, sortedRows = SORTED_ROWS }: ReadingLimits = { openMax: 32, stalledMs: 30_000 },
): Readings {
  const places = createTurns(openMax, WAITING_MAX);
  const choosing = createTurns(1);
  const answers = createAnswerCache(ANSWER_BYTES_MAX);
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
    if (reading.kind === 'downsample') return downsample(entry, connection, reading.query, send);
    if (reading.kind === 'scan') return scan(entry, connection, reading.query, send);
    const parts = await engine.run(async () => (entry.state === 'running' ? partsOf(connection, reading) : []));
    for (const { sql, fixed } of parts) {
      const known = fixed ? answers.get(sql) : null;
      const collected = fixed && known === null ? answers.collect(sql) : null;
      const blocks = known ?? blocksOf(await chunksOf(entry, connection, sql), reading.kind === 'aggregate');
      for await (const block of blocks) {
        collected?.add(block);
        if (!(await give(entry, block, send))) return;
      }
      if (entry.state === 'running') collected?.keep();
    }
  }

  async function scan(entry: OpenReading, connection: DuckDBConnection, query: ScanQuery, send: (block: Block) => void): Promise<void> {
    const stretches = await engine.run(async () => (entry.state === 'running' ? planScan(connection, query, sortedRows) : []));
    for (const stretch of stretches) {
      if (entry.state !== 'running') return;
      const part = { series: query.series, ...stretch };
      const rows = await engine.run(() => archive.rows(connection, wantedOf(part)));
      const sql = readSql({ ...part, order: 'series' }, rows);
      for await (const block of blocksOf(await chunksOf(entry, connection, sql), false, SCAN_BLOCK_ROWS)) {
        if (!(await give(entry, { ...block, stretch }, send))) return;
      }
    }
  }

  async function downsample(entry: OpenReading, connection: DuckDBConnection, query: DownsampleQuery, send: (block: Block) => void): Promise<void> {
    for (const series of new Set(query.series)) {
      if (entry.state !== 'running') return;
      const { all, filed } = await engine.run(async () => archive.tiers(connection, wantedOf({ ...query, series: [series] }, true)));
      const sql = numbersSql(all);
      const key = `${query.method} ${query.points} ${edge(query.from)} ${edge(query.to)} ${series} ${sql}`;
      const fixed = all === filed;
      const known = fixed ? answers.get(key) : null;
      // One at a time: what is chosen from is held whole.
      const chosen = known ?? (await choosing.run(async () => blocksOfNumbers(series, await choose(entry, connection, sql, query))));
      const collected = fixed && known === null ? answers.collect(key) : null;
      for (const block of chosen) {
        collected?.add(block);
        if (!(await give(entry, block, send))) return;
      }
      if (entry.state === 'running') collected?.keep();
    }
  }

  async function choose(entry: OpenReading, connection: DuckDBConnection, sql: string, query: DownsampleQuery): Promise<Numbers> {
    const downsampler = createDownsampler(query.method, { from: edge(query.from), to: edge(query.to), points: query.points });
    const nextChunk = await chunksOf(entry, connection, sql);
    for (let chunk = await nextChunk(); chunk !== null && chunk.rowCount > 0; chunk = await nextChunk()) {
      const rows = chunk.rowCount;
      downsampler.add({ time: itemsOf(chunk, 0, Float64Array).subarray(0, rows), number: itemsOf(chunk, 1, Float64Array).subarray(0, rows) });
    }
    return downsampler.chosen();
  }

  async function chunksOf(entry: OpenReading, connection: DuckDBConnection, sql: string): Promise<() => Promise<DuckDBDataChunk | null>> {
    const result = await engine.run(async () => (entry.state === 'running' ? connection.stream(sql) : null));
    return async () => (result === null || entry.state !== 'running' ? null : engine.run(() => result.fetchChunk()));
  }

  /** Sends a block once there is credit. False: nobody wants it any more. */
  async function give(entry: OpenReading, block: Block, send: (block: Block) => void): Promise<boolean> {
    while (entry.credit === 0 && entry.state === 'running') {
      if (!(await woken(entry)) && places.waiting > 0)
        throw new MusterError('timed_out', `A reading stood still for ${stalledMs / 1000} s while others waited`);
    }
    if (entry.state !== 'running') return false;
    entry.credit--;
    send(block);
    return true;
  }

  async function partsOf(connection: DuckDBConnection, reading: Exclude<Reading, { kind: 'downsample' | 'scan' }>): Promise<readonly Part[]> {
    switch (reading.kind) {
      case 'read':
        return readParts(connection, reading.query);
      case 'aggregate':
        return aggregateParts(connection, reading.query);
      case 'latest':
        return latestSql().map((sql) => ({ sql, fixed: false }));
    }
  }

  /** Many samples series by series: some series at a time, so that the engine sorts those alone. Files are sorted by series, and read in part. */
  async function readParts(connection: DuckDBConnection, query: SampleQuery): Promise<readonly Part[]> {
    const parts: Part[] = [];
    for (const series of await seriesGroups(connection, query, sortedRows)) {
      const some = { ...query, series };
      parts.push({ sql: readSql(some, await archive.rows(connection, wantedOf(some))), fixed: false });
    }
    return parts;
  }

  /** What only files can tell is a part of its own: asked once, it is known. */
  async function aggregateParts(connection: DuckDBConnection, query: AggregateQuery): Promise<readonly Part[]> {
    const numeric = isNumeric(query.aggregate);
    const wanted = wantedOf(query, numeric);
    const { all, filed, filedTo } = await archive.tiers(connection, wanted);
    if (all === filed) return [{ sql: aggregateSql(query, all), fixed: true }];
    // The parts of several series would have to be joined series by series.
    if (filed === null || query.everyMs === undefined || new Set(query.series).size > 1) return [{ sql: aggregateSql(query, all), fixed: false }];
    const split = Number(bucketStart(filedTo, query.everyMs, edge(query.originMs ?? 0)));
    if (split <= wanted.from) return [{ sql: aggregateSql(query, all), fixed: false }];
    const [old, young] = [
      { ...query, to: split },
      { ...query, from: split },
    ];
    const past = await archive.tiers(connection, wantedOf(old, numeric));
    return [
      { sql: aggregateSql(old, past.all), fixed: past.all === past.filed },
      { sql: aggregateSql(young, await archive.rows(connection, wantedOf(young, numeric))), fixed: false },
    ];
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

/** Groups in the order asked for, each with so many samples as can be sorted in little memory, when all series have about the same number. */
async function seriesGroups(connection: DuckDBConnection, query: SampleQuery, sortedRows: number): Promise<readonly (readonly SeriesId[])[]> {
  const { order, limit, from, to } = query;
  const series = [...new Set(query.series)];
  if (order !== 'series' || limit !== undefined || series.length < 2) return [series];
  const result = await connection.run(`
    select (select coalesce(sum(rows), 0)::double from files where time_min < ${edge(to)} and time_max >= ${edge(from)}), (select count(*)::double from newest),
      (select count(*)::double from samples)`);
  const [filed = 0, known = 0, hot = 0] = ((await result.getRows())[0] ?? []).map(Number);
  const share = Math.min(1, series.length / Math.max(1, known));
  const size = Math.max(1, Math.floor((series.length * sortedRows) / Math.max(1, (filed + hot) * share)));
  return Array.from({ length: Math.ceil(series.length / size) }, (_, index) => series.slice(index * size, (index + 1) * size));
}

function finish(entry: OpenReading | undefined, state: 'cancelled' | 'stopping'): void {
  if (entry === undefined || entry.state !== 'running') return;
  entry.state = state;
  entry.connection?.interrupt();
  entry.wake();
}
