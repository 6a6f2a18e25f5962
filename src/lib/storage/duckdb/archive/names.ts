import { BIGINT, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { StoredSeries } from '../../sample-store.ts';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import type { Turns } from '../turns.ts';

/** Series asked for at once, and rows of a chunk. */
const PART = 2048;

/** Names of series in the table `names`, asked for once and kept: files are written from it. */
export interface SeriesNames {
  /** Learns what hot samples before this time are called. Gives how many of them belong to a series that nobody knows. */
  learn(before: number): Promise<number>;
}

export function createNames(database: Database, writing: Turns, describe: (series: readonly number[]) => Promise<readonly StoredSeries[]>): SeriesNames {
  const { writer } = database;
  return {
    async learn(before) {
      const connection = await database.connect();
      try {
        const unnamed = `select series, count(*) as samples from samples where time < ${before} group by series having series not in (select series from names)`;
        const series = (await (await connection.run(`select series::double from (${unnamed})`)).getRows()).map(([id]) => Number(id));
        for (let from = 0; from < series.length; from += PART) {
          const found = await describe(series.slice(from, from + PART));
          if (found.length > 0) await writing.run(() => transaction(writer, () => append(found)));
        }
        if (series.length === 0) return 0;
        return Number((await (await connection.run(`select coalesce(sum(samples), 0)::double from (${unnamed})`)).getRows())[0]?.[0] ?? 0);
      } finally {
        connection.closeSync();
      }
    },
  };

  async function append(found: readonly StoredSeries[]): Promise<void> {
    const appender = await writer.createAppender('names');
    try {
      const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR, VARCHAR, VARCHAR]);
      chunk.setRows(found.map(({ series, project, device, point }) => [BigInt(series), project, device, point]));
      appender.appendDataChunk(chunk);
    } finally {
      appender.closeSync();
    }
  }
}
