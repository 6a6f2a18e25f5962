import type { Log } from '../../src/lib/domain/log.ts';

const nothing = () => undefined;

/** A log that says nothing. */
export const SILENT_LOG: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
