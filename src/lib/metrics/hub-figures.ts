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
  /** Since when senders are held back (ms since 1970), and why; null: they are not. */
  readonly pressure: { readonly since: number; readonly reason: string } | null;
  /** Times that it began, and ms that senders were held back, since the start. */
  readonly pressureTimes: number;
  readonly pressureHeldMs: number;
  /** Room on the disk of the data directory, in bytes; null: not known. */
  readonly diskFreeBytes: number | null;
  /** There is too little of it: writes are refused. */
  readonly diskFull: boolean;
  readonly httpConnections: number;
  /** Connections that were one too many, since the start. */
  readonly httpRefused: number;
  readonly bytesWaiting: number;
  /** Files of samples that readings leave out. */
  readonly damagedFiles: number;
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
  /** Messages refused for their rate. */
  readonly limited: number;
  /** Messages that were known already. */
  readonly repeated: number;
  readonly acknowledgeP50Ms: number | null;
  readonly acknowledgeP99Ms: number | null;
}

/** The process: bytes and ms. */
export interface ProcessLevels {
  readonly memoryBytes: number;
  readonly eventLoopDelayP99Ms: number;
}
