import type { DuckDBConnection } from '@duckdb/node-api';

/** All of the change or nothing. */
export async function transaction<Value>(connection: DuckDBConnection, change: () => Promise<Value>): Promise<Value> {
  await connection.run('begin');
  try {
    const value = await change();
    await connection.run('commit');
    return value;
  } catch (error: unknown) {
    // A failed commit has undone itself; then this refuses, and the first error is the one to tell.
    await connection.run('rollback').catch(() => undefined);
    throw error;
  }
}
