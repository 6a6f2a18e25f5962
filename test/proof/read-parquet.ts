import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** What another program finds in the files of a data directory, without the hub. */
export async function readParquet(dataDirectory: string): Promise<{ readonly rows: number; readonly twice: number; readonly nameless: number }> {
  const folder = join(dataDirectory, 'samples', 'parquet');
  if (!existsSync(folder)) return { rows: 0, twice: 0, nameless: 0 };
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const files = `read_parquet('${folder.replaceAll("'", "''")}/**/*.parquet', union_by_name = true)`;
    const sql = `select count(*)::int, (count(*) - count(distinct (device, point, "time")))::int, (count(*) filter (where device is null or point is null))::int from ${files}`;
    const [row = []] = await (await connection.run(sql)).getRows();
    return { rows: Number(row[0]), twice: Number(row[1]), nameless: Number(row[2]) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
