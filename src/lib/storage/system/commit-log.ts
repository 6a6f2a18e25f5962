import type { Log } from '../../domain/log.ts';
import { messageOf } from '../../errors/muster-error.ts';
import { CommitError, type CommitLog, type CommitReceipt, type CommittedGroup, type CommitUnit } from '../commit-log.ts';
import type { DamagedEntry, FromWriter } from './commit-messages.ts';
import { composeGroup, isEmpty, partsOf, type UnitParts } from './compose-group.ts';
import { createJournalBacklog, type JournalBacklog } from './journal-backlog.ts';
import { statementsToGoOnBehind } from './journal-sequence.ts';
import { mendWal, tellMended } from './mend-wal.ts';
import { startWritingThread, type WritingThread } from './writing-thread.ts';

/** One group commit: enough that the disk is the limit, little enough that a group takes milliseconds. */
const GROUP_UNITS_MAX = 16_384;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Broker changes that wait for the disk; beyond it more are refused with `overloaded`. */
const CHANGE_BYTES_MAX = 128 * 1024 * 1024;
/** While the disk fails, how often to try it without being asked. */
const PROBE_MS = 1000;
/** A failure so soon after the last one is the same. */
const TELL_AGAIN_MS = 60_000;
/** Until a writing thread that ended is started again. */
const RESTART_FIRST_MS = 500;
const RESTART_LAST_MS = 30_000;

export interface CommitLogOptions {
  /** The system database; made when it is missing. */
  readonly file: string;
  /** Units that wait; beyond it commits are refused with `overloaded`. */
  readonly queueMax: number;
  /** Journal that is not yet applied; beyond it samples are refused with `overloaded`. */
  readonly journalBytesMax: number;
  /** Of what is applied, so much of the newest stays in the journal; 0 when absent. */
  readonly journalKeptBytes?: number;
  /** How long marks are kept. */
  readonly repeatWindowMs: number;
  readonly log: Log;
  /** For tests: the hub's clock, stored with each entry. */
  readonly clock?: () => number;
  /** For tests: the heap of the writing thread, which ends when it needs more. */
  readonly threadHeapMb?: number;
}

/** What the log counts since it was started. */
export interface CommitCounts {
  /** Groups that could not be written. */
  readonly failedGroups: number;
  /** Times that the writing thread was started again. */
  readonly restarts: number;
  /** Entries that are set aside because they are damaged, those of former starts included. */
  readonly damagedEntries: number;
}

export interface RunningCommitLog extends CommitLog {
  /** Starts the writing thread, which makes or migrates the database. Throws MusterError `storage_failed`. */
  start(): Promise<void>;
  /** Writes what waits, then ends the thread. Idempotent. */
  stop(): Promise<void>;
  /** Bytes of the journal that are not yet in the sample store. */
  readonly journalBytes: number;
  /** Nothing can be written at the moment: the disk fails, or the writing thread ended and is not yet back. The log says why. */
  readonly failing: boolean;
  readonly counts: CommitCounts;
  /** The write-ahead log was found damaged at this start. */
  readonly walWasDamaged: boolean;
  /** From now on it is told of each group that is on disk. Must not throw. */
  observe(observer: (group: CommittedGroup) => void): void;
  /**
   * The sample store has entries up to this one. Where the journal ends before it, as an older backup does, its next entry gets a number
   * behind it: with a lower one it would count as applied.
   */
  goOnBehind(journalId: number): Promise<void>;
  /** A journal entry could not be applied: if it is damaged, it is set aside, and those behind it can be applied. */
  suspect(journalId: number): void;
}

interface Waiting extends UnitParts {
  readonly resolve: (receipt: CommitReceipt) => void;
  readonly reject: (error: CommitError) => void;
}

/** `broken`: the thread ended and is to be started again. */
type State = 'new' | 'open' | 'broken' | 'stopping' | 'stopped';

const NO_CHANGES: readonly number[] = [];

/**
 * The event loop's side of the commit log. What comes while the disk is busy waits and is sent as the next group: the busier
 * the disk, the larger the groups. Samples, changes and marks of a group are joined here into one buffer each, so that a group is
 * one message however many units it has, and units without statements cost nothing in the writing thread.
 */
export function createCommitLog(options: CommitLogOptions): RunningCommitLog {
  const { file, queueMax, journalBytesMax, repeatWindowMs, log, clock = Date.now, threadHeapMb } = options;
  let backlog: JournalBacklog = createJournalBacklog(options.journalKeptBytes);
  let thread: WritingThread | null = null;
  let state: State = 'new';
  let waiting: Waiting[] = [];
  let inFlight: readonly Waiting[] = [];
  let suspects: number[] = [];
  let busy = false;
  let scheduled = false;
  let waitingSampleBytes = 0;
  let waitingChangeBytes = 0;
  let lastJournalId = 0;
  let appliedJournalId = 0;
  /** Of the group that is on its way. */
  let sentBlobBytes = 0;
  let sentBytes = 0;
  let sentSamples = 0;
  let failing = false;
  let failureToldAt = Number.NEGATIVE_INFINITY;
  let failureIsTold = false;
  let restartMs = RESTART_FIRST_MS;
  let restart: NodeJS.Timeout | null = null;
  let probeTimer: NodeJS.Timeout | null = null;
  let probe = false;
  let drained: (() => void) | null = null;
  let stopped: Promise<void> | null = null;
  let walWasDamaged = false;
  let observer: ((group: CommittedGroup) => void) | null = null;
  const counts = { failedGroups: 0, restarts: 0, damagedEntries: 0 };

  function commit(unit: CommitUnit): Promise<CommitReceipt> {
    const parts = partsOf(unit);
    const refusal = refusalOf(parts);
    if (refusal !== null) return Promise.reject(refusal);
    if (isEmpty(parts)) return Promise.resolve({ journalId: null, changes: NO_CHANGES });
    waitingSampleBytes += parts.sampleBytes;
    waitingChangeBytes += parts.changeBytes;
    return new Promise((resolve, reject) => {
      waiting.push({ ...parts, resolve, reject });
      schedule();
    });
  }

  function refusalOf(parts: UnitParts): CommitError | null {
    if (state === 'broken') return new CommitError('storage', 'the writing thread has ended; it is started again');
    if (state !== 'open') return new CommitError('storage', 'the hub is not writing');
    if (isEmpty(parts)) return null;
    if (waiting.length + inFlight.length >= queueMax) return new CommitError('overloaded', `${queueMax} messages wait for the disk already`);
    if (parts.samples !== null && backlog.bytes + waitingSampleBytes >= journalBytesMax)
      return new CommitError('overloaded', `${journalBytesMax} bytes of samples wait for the sample store already (limits.journal-bytes)`);
    // One alone is always taken: its size has limits of its own.
    if (parts.changes !== null && waitingChangeBytes > 0 && waitingChangeBytes + parts.changeBytes > CHANGE_BYTES_MAX)
      return new CommitError('overloaded', `${CHANGE_BYTES_MAX} bytes of changes wait for the disk already`);
    return null;
  }

  /** At the end of this turn of the loop, so that what one read of the sockets brings goes together. */
  function schedule(): void {
    if (busy || scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      sendNext();
    });
  }

  function sendGroup(): void {
    if (thread === null || state === 'broken') return;
    // Deleting alone is worth a commit when there is much of it, or no other comes; not on a disk that has just failed.
    const deleting = !failing && (state === 'stopping' || backlog.deletionIsDue);
    const deleteUpTo = waiting.length > 0 || deleting || probe ? backlog.takeDeletable() : 0;
    if (waiting.length === 0 && deleteUpTo === 0 && suspects.length === 0 && !probe) {
      drained?.();
      return;
    }
    inFlight = takeGroup();
    busy = true;
    const group = composeGroup(inFlight);
    sentBlobBytes = group.blob?.byteLength ?? 0;
    sentBytes = sentBlobBytes + (group.changes?.byteLength ?? 0) + (group.marks?.byteLength ?? 0);
    sentSamples = group.samples;
    thread.send({ kind: 'group', ...group, committedAt: clock(), deleteUpTo, suspects, probe });
    suspects = [];
    probe = false;
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const unit of waiting) {
      if (count > 0 && (count >= GROUP_UNITS_MAX || bytes + unit.bytes > GROUP_BYTES_MAX)) break;
      bytes += unit.bytes;
      count++;
    }
    const group = waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
    return group;
  }

  function onAnswer(answer: FromWriter): void {
    if (answer.kind !== 'committed' && answer.kind !== 'failed') return;
    const group = inFlight;
    inFlight = [];
    busy = false;
    noLongerWaiting(group);
    if (answer.kind === 'failed') onFailed(group, answer.message);
    else onCommitted(group, answer);
    // Behind the callers that gather what comes in the meantime and hand it over with this answer, but before what they do with it, such as
    // a thousand acknowledgements: that overlaps with the next group's fsync.
    queueMicrotask(sendNext);
  }

  function sendNext(): void {
    if (!busy) sendGroup();
  }

  function onFailed(group: readonly Waiting[], message: string): void {
    // Once, not for every group: a full disk fails a thousand of them in a second. Nor for every byte that is freed and taken at once.
    const now = performance.now();
    if (!failing && now - failureToldAt >= TELL_AGAIN_MS) {
      failureToldAt = now;
      failureIsTold = true;
      log.error({ file, units: group.length, reason: message }, 'the hub cannot write to its disk; it refuses what comes');
    }
    failing = true;
    counts.failedGroups += 1;
    backlog.keepDeletable();
    probeLater();
    for (const unit of group) unit.reject(new CommitError('storage', `the hub could not write to its disk: ${message}`));
  }

  /** The hub may be refusing what comes because of the failure: then nobody else would find out that it is over. */
  function probeLater(): void {
    probeTimer ??= setTimeout(() => {
      probeTimer = null;
      if (!failing || state !== 'open') return;
      probe = true;
      schedule();
    }, PROBE_MS);
  }

  function onCommitted(group: readonly Waiting[], answer: Extract<FromWriter, { kind: 'committed' }>): void {
    if (failureIsTold) log.info({ file }, 'the hub can write to its disk again');
    failureIsTold = false;
    failing = false;
    restartMs = RESTART_FIRST_MS;
    if (answer.journalId !== null) {
      lastJournalId = answer.journalId;
      backlog.add(answer.journalId, sentBlobBytes);
    }
    report(answer.damaged);
    const { journalId, changesLogged, changesStored, elapsedMs } = answer;
    if (group.length > 0) observer?.({ journalId, units: group.length, samples: sentSamples, bytes: sentBytes, changesLogged, changesStored, elapsedMs });
    settle(group, answer);
  }

  function settle(group: readonly Waiting[], { journalId, outcomes }: Extract<FromWriter, { kind: 'committed' }>): void {
    const ofSamples: CommitReceipt = { journalId, changes: NO_CHANGES };
    const ofOthers: CommitReceipt = { journalId: null, changes: NO_CHANGES };
    let next = 0;
    for (const unit of group) {
      if (unit.statements === null) {
        unit.resolve(unit.samples === null ? ofOthers : ofSamples);
        continue;
      }
      const outcome = outcomes[next++];
      if (outcome?.ok) unit.resolve({ journalId: unit.samples === null ? null : journalId, changes: outcome.changes });
      else unit.reject(new CommitError(outcome?.reason ?? 'storage', outcome?.message ?? 'the writing thread gave no answer', outcome?.constraint ?? null));
    }
  }

  function noLongerWaiting(units: readonly Waiting[]): void {
    for (const unit of units) {
      waitingSampleBytes -= unit.sampleBytes;
      waitingChangeBytes -= unit.changeBytes;
    }
  }

  function report(damaged: readonly DamagedEntry[]): void {
    counts.damagedEntries += damaged.length;
    for (const { source, entry, reason } of damaged) {
      log.error({ file, table: source, entry, reason }, 'an entry is damaged; it is set aside in the table damaged_entries, and all others are used');
      if (source === 'journal') backlog.remove(entry);
    }
  }

  /** The thread ended by itself: what was on its way may or may not be on disk, so it is not acknowledged. */
  function onDeath(cause: unknown): void {
    const lost = [...inFlight, ...waiting];
    thread = null;
    busy = false;
    inFlight = [];
    waiting = [];
    noLongerWaiting(lost);
    if (state === 'open') {
      state = 'broken';
      log.error({ reason: messageOf(cause), units: lost.length }, 'the writing thread ended; the hub refuses to write until it is back');
      restartLater();
    }
    for (const unit of lost) unit.reject(new CommitError('storage', 'the writing thread has ended', null, cause));
    drained?.();
  }

  function restartLater(): void {
    restart = setTimeout(() => {
      restart = null;
      open().then(
        () => {
          if (state !== 'open') return;
          counts.restarts += 1;
          log.info({ file }, 'the writing thread is back');
        },
        (error: unknown) => {
          if (state !== 'broken') return;
          log.error({ reason: messageOf(error) }, 'the writing thread does not start again; it is tried further');
          restartLater();
        },
      );
    }, restartMs);
    restartMs = Math.min(restartMs * 2, RESTART_LAST_MS);
  }

  async function open(): Promise<void> {
    // A thread that is started again finds the database open: then nobody may touch its log.
    const mended = state === 'new' ? mendWal(file, clock()) : null;
    walWasDamaged ||= mended !== null && mended.kept !== null;
    if (mended !== null) log[mended.kept === null ? 'warn' : 'error']({ file, ...mended }, tellMended(mended));
    const started = await startWritingThread({ file, repeatWindowMs }, { onAnswer, onDeath }, threadHeapMb);
    if (state !== 'new' && state !== 'broken') {
      await started.terminate();
      return;
    }
    const { ready } = started;
    lastJournalId = ready.lastJournalId;
    backlog = createJournalBacklog(options.journalKeptBytes);
    for (const [id, bytes] of ready.entries) backlog.add(id, bytes);
    backlog.applied(appliedJournalId);
    counts.damagedEntries = ready.damagedKept - ready.damaged.length;
    report(ready.damaged);
    thread = started;
    state = 'open';
  }

  async function finish(): Promise<void> {
    if (restart !== null) clearTimeout(restart);
    if (probeTimer !== null) clearTimeout(probeTimer);
    probe = false;
    if (thread !== null && state === 'open') {
      state = 'stopping';
      await new Promise<void>((resolve) => {
        drained = resolve;
        if (!busy) sendGroup();
      });
    }
    state = 'stopped';
    // It may have died on its last group.
    thread?.send({ kind: 'close' });
    await thread?.ended;
    thread = null;
  }

  return {
    commit,
    async start() {
      if (state === 'new') await open();
    },
    stop: () => {
      stopped ??= finish();
      return stopped;
    },
    applied(journalId) {
      appliedJournalId = Math.max(appliedJournalId, journalId);
      backlog.applied(journalId);
      if (backlog.deletionIsDue && state === 'open') schedule();
    },
    suspect(journalId) {
      if (state !== 'open' || suspects.includes(journalId)) return;
      suspects.push(journalId);
      schedule();
    },
    async goOnBehind(journalId) {
      if (journalId <= lastJournalId) return;
      log.warn({ file, journal: lastJournalId, samples: journalId }, 'the samples are newer than the system database, as if that were an older backup');
      await commit({ statements: statementsToGoOnBehind(journalId) });
      lastJournalId = Math.max(lastJournalId, journalId);
    },
    observe(next) {
      observer = next;
    },
    get lastJournalId() {
      return lastJournalId;
    },
    get depth() {
      return waiting.length + inFlight.length;
    },
    get journalBytes() {
      return backlog.bytes;
    },
    get failing() {
      return failing || state === 'broken';
    },
    counts,
    get walWasDamaged() {
      return walWasDamaged;
    },
  };
}
