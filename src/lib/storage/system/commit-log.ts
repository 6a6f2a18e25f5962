import { Worker } from 'node:worker_threads';
import type { Log } from '../../domain/log.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { CommitError, type CommitLog, type CommitReceipt, type CommitUnit, type Statement } from '../commit-log.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { workerFile } from '../worker-file.ts';
import type { FromWriter, GroupUnit, ToWriter, WriterOptions } from './commit-messages.ts';
import { createJournalBacklog } from './journal-backlog.ts';
import { encodeJournal, journalBytesOf } from './journal-codec.ts';

/** One group commit: enough that the disk is the limit, little enough that a group takes milliseconds. */
const GROUP_UNITS_MAX = 16_384;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** A rough weight of a statement, for the limit of a group. */
const STATEMENT_BYTES = 256;

export interface CommitLogOptions {
  /** The system database; made when it is missing. */
  readonly file: string;
  /** Units that wait; beyond it commits are refused with `overloaded`. */
  readonly queueMax: number;
  /** Journal that is not yet applied; beyond it samples are refused with `overloaded`. */
  readonly journalBytesMax: number;
  /** Of what is applied, so much of the newest stays in the journal; 0 when absent. */
  readonly journalKeptBytes?: number;
  readonly log: Log;
  /** For tests: the hub's clock, stored with each entry. */
  readonly clock?: () => number;
}

export interface RunningCommitLog extends CommitLog {
  /** Starts the writing thread, which makes or migrates the database. Throws MusterError `storage_failed`. */
  start(): Promise<void>;
  /** Writes what waits, then ends the thread. Idempotent. */
  stop(): Promise<void>;
  /** Bytes of the journal that are not yet in the sample store. */
  readonly journalBytes: number;
}

interface Waiting {
  readonly statements: readonly Statement[] | null;
  readonly samples: SampleColumns | null;
  readonly bytes: number;
  readonly resolve: (receipt: CommitReceipt) => void;
  readonly reject: (error: CommitError) => void;
}

const NO_CHANGES: readonly number[] = [];

/**
 * The event loop's side of the commit log. What comes while the disk is busy waits and is sent as the next group: the busier
 * the disk, the larger the groups. Samples of a group are joined here into one buffer, so that a group is one message however
 * many units it has, and units of samples alone cost nothing in the writing thread.
 */
export function createCommitLog(options: CommitLogOptions): RunningCommitLog {
  const { queueMax, journalBytesMax, log, clock = Date.now } = options;
  const backlog = createJournalBacklog(options.journalKeptBytes);
  let worker: Worker | null = null;
  let state: 'new' | 'open' | 'stopping' | 'stopped' | 'broken' = 'new';
  let waiting: Waiting[] = [];
  let inFlight: readonly Waiting[] = [];
  let busy = false;
  let scheduled = false;
  let waitingSampleBytes = 0;
  let lastJournalId = 0;
  let blobBytes = 0;
  let failing = false;
  let ended: Promise<unknown> | null = null;
  let drained: (() => void) | null = null;
  let stopped: Promise<void> | null = null;

  function commit(unit: CommitUnit): Promise<CommitReceipt> {
    const samples = unit.samples !== undefined && unit.samples.count > 0 ? unit.samples : null;
    const statements = unit.statements !== undefined && unit.statements.length > 0 ? unit.statements : null;
    if (state !== 'open') return Promise.reject(new CommitError('storage', state === 'broken' ? 'the writing thread has ended' : 'the hub is not writing'));
    if (samples === null && statements === null) return Promise.resolve({ journalId: null, changes: NO_CHANGES });
    if (waiting.length + inFlight.length >= queueMax) return Promise.reject(new CommitError('overloaded', `${queueMax} messages wait for the disk already`));
    if (samples !== null && backlog.bytes + waitingSampleBytes >= journalBytesMax) {
      return Promise.reject(new CommitError('overloaded', `${journalBytesMax} bytes of samples wait for the sample store already`));
    }
    const sampleBytes = samples === null ? 0 : journalBytesOf(samples);
    waitingSampleBytes += sampleBytes;
    return new Promise((resolve, reject) => {
      waiting.push({ statements, samples, bytes: sampleBytes, resolve, reject });
      schedule();
    });
  }

  /** At the end of this turn of the loop, so that what one read of the sockets brings goes together. */
  function schedule(): void {
    if (busy || scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (!busy) sendGroup();
    });
  }

  function sendGroup(): void {
    if (worker === null || state === 'broken') return;
    // Deleting alone is worth a commit when there is much of it, or no other comes; not on a disk that has just failed.
    const deleting = !failing && (state === 'stopping' || backlog.deletionIsDue);
    const deleteUpTo = waiting.length > 0 || deleting ? backlog.takeDeletable() : 0;
    if (waiting.length === 0 && deleteUpTo === 0) {
      drained?.();
      return;
    }
    inFlight = takeGroup();
    busy = true;
    const { parts, units, rows } = composed(inFlight);
    const blob = parts.length === 0 ? null : encodeJournal(parts);
    blobBytes = blob?.byteLength ?? 0;
    const message: ToWriter = { kind: 'group', blob, samples: rows, committedAt: clock(), units, deleteUpTo };
    worker.postMessage(message, blob === null ? [] : [blob.buffer]);
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: unitBytes, statements } of waiting) {
      if (count > 0 && (count >= GROUP_UNITS_MAX || bytes + unitBytes > GROUP_BYTES_MAX)) break;
      bytes += unitBytes + (statements === null ? 0 : statements.length * STATEMENT_BYTES);
      count++;
    }
    const group = waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
    return group;
  }

  function onMessage(message: FromWriter): void {
    if (message.kind !== 'committed' && message.kind !== 'failed') return;
    const group = inFlight;
    inFlight = [];
    busy = false;
    for (const unit of group) waitingSampleBytes -= unit.bytes;
    if (message.kind === 'failed') {
      // Once, not for every group: a full disk fails a thousand of them in a second.
      if (!failing) log.error({ file: options.file, units: group.length, reason: message.message }, 'the hub cannot write to its disk; it refuses what comes');
      failing = true;
      backlog.keepDeletable();
      for (const unit of group) unit.reject(new CommitError('storage', `the hub could not write to its disk: ${message.message}`));
    } else {
      if (failing) log.info({ file: options.file }, 'the hub can write to its disk again');
      failing = false;
      if (message.journalId !== null) {
        lastJournalId = message.journalId;
        backlog.add(message.journalId, blobBytes);
      }
      settle(group, message);
    }
    // What the callers do with their receipts, such as sending acknowledgements, overlaps with the next group's fsync.
    sendGroup();
  }

  function settle(group: readonly Waiting[], { journalId, outcomes }: Extract<FromWriter, { kind: 'committed' }>): void {
    const ofSamples: CommitReceipt = { journalId, changes: NO_CHANGES };
    let next = 0;
    for (const unit of group) {
      if (unit.statements === null) {
        unit.resolve(ofSamples);
        continue;
      }
      const outcome = outcomes[next++];
      if (outcome?.ok) unit.resolve({ journalId: unit.samples === null ? null : journalId, changes: outcome.changes });
      else unit.reject(new CommitError(outcome?.reason ?? 'storage', outcome?.message ?? 'the writing thread gave no answer', outcome?.constraint ?? null));
    }
  }

  /** The thread ended by itself: what was on its way may or may not be on disk, so it is not acknowledged. */
  function onBroken(error: unknown): void {
    if (state === 'stopped' || state === 'broken') return;
    state = 'broken';
    log.error({ reason: messageOf(error) }, 'the writing thread ended; the hub refuses to write until it is started again');
    const lost = [...inFlight, ...waiting];
    inFlight = [];
    waiting = [];
    for (const unit of lost) unit.reject(new CommitError('storage', 'the writing thread has ended', null, error));
    drained?.();
  }

  async function start(): Promise<void> {
    if (state !== 'new') return;
    const workerData: WriterOptions = { file: options.file };
    const thread = new Worker(workerFile('commit-worker'), { workerData });
    ended = new Promise((resolve) => thread.once('exit', resolve));
    const first = await new Promise<FromWriter>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', (cause) => reject(new MusterError('internal', `the writing thread did not start: ${messageOf(cause)}`, { cause })));
    });
    if (first.kind !== 'ready') {
      await thread.terminate();
      const { message, hint } = first.kind === 'unusable' ? first : { message: 'the writing thread gave no answer', hint: null };
      throw new MusterError('storage_failed', message, { hint: hint ?? undefined, details: { file: options.file } });
    }
    lastJournalId = first.lastJournalId;
    for (const [id, bytes] of first.entries) backlog.add(id, bytes);
    thread.on('message', onMessage);
    thread.on('error', onBroken);
    thread.on('exit', () => onBroken(new Error('the thread ended')));
    worker = thread;
    state = 'open';
  }

  async function finish(): Promise<void> {
    const thread = worker;
    if (thread !== null && state === 'open') {
      state = 'stopping';
      await new Promise<void>((resolve) => {
        drained = resolve;
        if (!busy) sendGroup();
      });
      thread.postMessage({ kind: 'close' } satisfies ToWriter);
    }
    state = 'stopped';
    await ended;
    worker = null;
  }

  return {
    commit,
    start,
    stop: () => {
      stopped ??= finish();
      return stopped;
    },
    applied(journalId) {
      backlog.applied(journalId);
      if (backlog.deletionIsDue && state === 'open') schedule();
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
  };
}

function composed(group: readonly Waiting[]): { parts: SampleColumns[]; units: GroupUnit[]; rows: number } {
  const parts: SampleColumns[] = [];
  const units: GroupUnit[] = [];
  let rows = 0;
  for (const { statements, samples } of group) {
    if (statements !== null) units.push({ statements, firstRow: rows, rows: samples?.count ?? 0 });
    if (samples === null) continue;
    parts.push(samples);
    rows += samples.count;
  }
  return { parts, units, rows };
}
