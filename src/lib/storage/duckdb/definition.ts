import type { SampleStoreEngine } from '../sample-store-engine.ts';

export const duckdb: SampleStoreEngine = {
  name: 'duckdb',
  summary: 'Embedded columnar store, one file in the data directory',
  load: async () => (await import('./duckdb-store.ts')).createDuckdbStore,
};
