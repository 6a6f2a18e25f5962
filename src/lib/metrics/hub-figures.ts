import type { StepCounts } from '../ingest/step-counts.ts';
import type { SupervisionCounts } from '../supervision/supervision.ts';

/** How far something is filled that has a limit, by the setting that says so. */
export interface LimitLevel {
  readonly setting: string;
  readonly level: number;
  /** null: no limit is set. */
  readonly limit: number | null;
}

/** The journal of events: counts since the start, and what waits for the disk now. */
export interface EventFigures {
  readonly recorded: number;
  readonly dropped: number;
  readonly waiting: number;
  /** For subscribers that were too slow. */
  readonly streamDropped: number;
}

/** What MQTT tells: levels now, and counts since the start, by reason where there are several. */
export interface MqttFigures {
  readonly connections: number;
  readonly halfOpen: number;
  readonly waitingConnects: number;
  readonly connecting: number;
  readonly sessions: number;
  readonly sessionsPresent: number;
  readonly sessionsAbsent: number;
  readonly subscriptions: number;
  readonly sharedSubscriptions: number;
  readonly retained: number;
  readonly retainedBytes: number;
  readonly wills: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly inFlight: number;
  readonly held: number;
  readonly received: number;
  readonly reports: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly failed: number;
  readonly refused: number;
  readonly refusedConnections: number;
  readonly refusedLogIn: number;
  readonly refusedIdentifier: number;
  readonly refusedProtocol: number;
  readonly refusedFull: number;
  readonly refusedPerAddress: number;
  readonly refusedPerDevice: number;
  readonly refusedUnavailable: number;
  readonly refusedHalfOpen: number;
  readonly acceptFailures: number;
  readonly violations: number;
  readonly keepAliveTimeouts: number;
  readonly dropped: number;
  readonly droppedQueueFull: number;
  readonly droppedSlow: number;
  readonly droppedTooLarge: number;
  readonly droppedRetained: number;
  readonly droppedShared: number;
}

/** The levels of a hub at one moment, cheap to read: for a scrape, and for `muster status`. */
export interface HubLevels {
  /** Why the hub takes no traffic, or not all of it; empty: it is ready. */
  readonly problems: readonly string[];
  readonly devices: number;
  readonly points: number;
  readonly groups: number;
  /** Searches of devices under way. */
  readonly searches: number;
  /** Devices whose clocks are wrong. */
  readonly clocksWrong: number;
  /** The history of connections: those on their way to the disk, and, since the start, beginnings that are not in it. */
  readonly history: { readonly waiting: number; readonly dropped: number };
  readonly steps: StepCounts;
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
  /** storage.free-disk-bytes-min; 0: there is no floor. */
  readonly diskFloorBytes: number;
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
  readonly events: EventFigures;
  readonly alarms: SupervisionCounts;
  readonly notifications: NotificationFigures;
  readonly commands: CommandFigures;
  readonly provisioning: ProvisioningFigures;
  readonly mqtt: MqttFigures;
  readonly limits: readonly LimitLevel[];
}

/** What is asked of devices: `open`, `jobs` and `bytes` now, the others since the start. */
export interface CommandFigures {
  readonly open: number;
  readonly jobs: number;
  readonly bytes: number;
  readonly created: number;
  readonly sent: number;
  readonly delivered: number;
  readonly applied: number;
  readonly rejected: number;
  readonly expired: number;
  readonly cancelled: number;
  readonly streamDropped: number;
}

/** Devices that register themselves: counts since the start. Revocation lists: those in force now. */
export interface ProvisioningFigures {
  readonly claims: { readonly accepted: number; readonly held: number; readonly repeated: number; readonly refused: number };
  readonly renewed: number;
  readonly revocationLists: { readonly current: number; readonly outdated: number };
}

/** Alarm changes on their way to people; the last four since the start. */
export interface NotificationFigures {
  readonly waiting: number;
  readonly inFlight: number;
  /** Enabled. */
  readonly channels: number;
  /** Whose last attempt failed. */
  readonly failing: number;
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly retried: number;
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

/** Group commits since the start. */
export interface CommitCounts {
  readonly groups: number;
  readonly units: number;
  readonly samples: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** What went from the journal into the sample store since the start. */
export interface ApplyCounts {
  readonly batches: number;
  readonly samples: number;
  readonly elapsedMs: number;
}

/** Runs of one kind of work on what is stored, since the start. */
export interface MaintenanceCounts {
  readonly runs: number;
  readonly failed: number;
  /** Moved to files, or deleted. */
  readonly samples: number;
  readonly filesWritten: number;
  readonly filesDeleted: number;
  readonly bytesWritten: number;
  readonly elapsedMs: number;
  /** End of the last run, ms since 1970; null: there was none. */
  readonly lastAt: number | null;
  /** Why the last run failed; null: it did not. */
  readonly lastError: string | null;
}

export interface StorageCounts {
  readonly commits: CommitCounts;
  readonly apply: ApplyCounts;
  /** Age of the oldest samples that are committed and not yet in the sample store, in ms. */
  readonly applyLagMs: number;
  readonly compaction: MaintenanceCounts;
  readonly retention: MaintenanceCounts;
}

/** The process: bytes and ms. */
export interface ProcessLevels {
  readonly memoryBytes: number;
  /** How late the event loop was, of the last ten seconds or so. */
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
}
