import { readFileSync } from 'node:fs';

/** Files, databases, HTTP clients and workers need descriptors, too. */
const RESERVE = 256;

/**
 * How many connections the operating system's limit of open files allows, with a reserve for everything else. A hub that takes the last descriptor for a
 * socket cannot open its own files any more. Infinity where the limit is not known.
 */
export function connectionsAllowed(readLimits: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readLimits())?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(16, Number(limit) - RESERVE);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
