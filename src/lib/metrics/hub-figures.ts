/** The levels of a hub at one moment, cheap to read: for a scrape, and for `muster status`. */
export interface HubLevels {
  readonly devices: number;
  readonly points: number;
  /** Messages that wait for the disk. */
  readonly messagesWaiting: number;
  /** Units that wait for the writing thread. */
  readonly commitsWaiting: number;
  /** Journal that is not yet in the sample store. */
  readonly journalBytes: number;
  /** Entries that are committed and not yet in the sample store. */
  readonly journalEntriesToApply: number;
  /** Nothing can be written at the moment. */
  readonly commitsFailing: boolean;
  /** Groups that could not be written, and starts of a writing thread that had ended; since the start. */
  readonly commitGroupsFailed: number;
  readonly commitThreadRestarts: number;
  /** Entries of the journal and of the broker's log that are set aside because they are damaged. */
  readonly damagedEntries: number;
  /** The sample store takes nothing at the moment. */
  readonly sampleStoreFailed: boolean;
  readonly streamSubscribers: number;
  /** Since the start. */
  readonly streamDropped: number;
  readonly mqtt: Readonly<Record<string, number>>;
}

/** Counts since the hub's start. Latencies in ms, null before the first message. */
export interface IngestCounts {
  readonly messages: number;
  readonly samples: number;
  readonly rejected: number;
  readonly failed: number;
  readonly acknowledgeP50Ms: number | null;
  readonly acknowledgeP99Ms: number | null;
}

/** The process: bytes and ms. */
export interface ProcessLevels {
  readonly memoryBytes: number;
  readonly eventLoopDelayP99Ms: number;
}
