import { duckdb } from './duckdb/definition.ts';
import type { SampleStoreEngine } from './sample-store-engine.ts';

/** The engines that keep samples; the first is the default. */
export const SAMPLE_STORE_ENGINES: readonly SampleStoreEngine[] = [duckdb];
