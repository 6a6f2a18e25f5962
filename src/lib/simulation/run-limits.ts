import type { Tally } from './tally.ts';

/** What a run is doing, for whoever shows it. */
export interface SimulationMonitor {
  onPhase(sentence: string, tally: Tally): void;
  onProvisioned(made: number, of: number): void;
  /** Something to know that does not end the run. */
  onWarning(sentence: string): void;
}

/** Limits of one gateway's connection: a slow hub shows as latency first, as dropped messages when the buffer is full. */
export const CONNECTION_LIMITS = { inFlightMax: 50, bufferMax: 500, connectTimeoutMs: 10_000 } as const;

/** How long the end of a run waits: for the last acknowledgements, then for the hub's count to reach them. */
export const LAST_ACKNOWLEDGEMENTS_MS = 10_000;
export const COUNT_DEADLINE_MS = 10_000;

/** With no gateway connected for so long at the end, the hub counts as gone; an answer about what it stored is then waited for no longer either. */
export const GONE_MS = 5_000;
