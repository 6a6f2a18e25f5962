import type { AlarmRecord } from '../domain/alarm.ts';
import type { HubEvent } from '../domain/event.ts';
import type { AlarmId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { AlarmChanges } from '../ingest/alarm-changes.ts';
import type { Notifier } from '../notifications/notifier.ts';
import type { AlarmStorage, SavedEvaluation } from '../storage/alarm-storage.ts';
import type { Statement } from '../storage/commit-log.ts';

/** What is told in one transaction at most, and statements stay short enough to write. */
const EVENTS_PER_COMMIT = 4_000;
const ALARMS_PER_COMMIT = 2_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Changes that are in memory and not yet on disk. */
interface ChangeSet {
  readonly alarms: Set<AlarmId>;
  readonly events: HubEvent[];
  readonly outbox: OutboxEntry[];
  readonly evaluations: Map<string, Omit<SavedEvaluation, 'state'>>;
  readonly commands: Statement[];
  readonly after: (() => void)[];
}

/**
 * From memory to the disk. Everything that changes is noted here, and goes into a transaction: that of the samples that caused it, or one of its own. What a
 * failed transaction lost is noted again and goes with transactions of its own until the disk has it; meanwhile new changes queue behind it, and
 * no message fails for them. Records and evaluations are written as they are when they are written: an old state never overwrites a newer one.
 */
export interface Ledger {
  alarm(record: AlarmRecord): void;
  event(event: HubEvent): void;
  outbox(entries: readonly OutboxEntry[]): void;
  evaluation(key: string, evaluation: Omit<SavedEvaluation, 'state'>): void;
  /** Statements of somebody else's, with what is to be done once they are on disk. */
  command(statements: readonly Statement[], after: () => void): void;
  /** What was noted since, for the transaction of a message; null: nothing, or it goes alone. */
  take(): AlarmChanges | null;
  /** Commits what was noted since. Resolves when it is on disk; rejects when it is not, and will be tried again. */
  commit(): Promise<void>;
  /** As it is, of an alarm that is on its way to the disk; undefined: the disk has it. */
  unsettled(id: AlarmId): AlarmRecord | undefined;
  /** As `commit`, and waits for what others commit at this moment; does not reject. */
  settled(): Promise<void>;
  readonly isEmpty: boolean;
  /** Events that were noted since. */
  readonly noted: number;
  /** Events that are not on disk. */
  readonly uncommitted: number;
  /** Events that were given up because too many waited for a disk that takes nothing. */
  readonly dropped: number;
  /** Tries to write what waits, once. */
  stop(): Promise<void>;
}

export interface LedgerPorts {
  readonly storage: Pick<AlarmStorage, 'alarms' | 'events' | 'outbox' | 'evaluations'>;
  /** In the order of the calls, whatever else is committed. */
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly notifier: Pick<Notifier, 'committed'>;
  /** What is to be saved of an evaluation now; null: nothing. */
  readonly savedState: (evaluation: Omit<SavedEvaluation, 'state'>) => SavedEvaluation['state'];
  readonly eventsWaitingMax: number;
  readonly log: Log;
}

export function createLedger(ports: LedgerPorts): Ledger {
  const { storage, stream, notifier, log } = ports;
  /** The newest record of each alarm that is not settled on disk, and how many sets name it. */
  const newest = new Map<AlarmId, { record: AlarmRecord; sets: number }>();
  let open = emptySet();
  let backlog: ChangeSet | null = null;
  let backlogWritten: Promise<void> | null = null;
  let retryMs = RETRY_MIN_MS;
  let timer: NodeJS.Timeout | null = null;
  let waiting = 0;
  let dropped = 0;
  let stopped = false;
  /** The next attempt writes each alarm alone. */
  let alone = false;
  const inFlight = new Set<Promise<unknown>>();

  return {
    alarm(record) {
      const known = newest.get(record.id);
      if (known !== undefined) known.record = record;
      if (open.alarms.has(record.id)) return;
      open.alarms.add(record.id);
      if (known === undefined) newest.set(record.id, { record, sets: 1 });
      else known.sets += 1;
    },
    event(event) {
      open.events.push(event);
      waiting += 1;
    },
    outbox(entries) {
      for (const entry of entries) open.outbox.push(entry);
    },
    evaluation(key, evaluation) {
      open.evaluations.set(key, evaluation);
    },
    command(statements, after) {
      open.commands.push(...statements);
      open.after.push(after);
    },
    get isEmpty() {
      return isEmpty(open);
    },
    get noted() {
      return open.events.length;
    },
    get uncommitted() {
      return waiting;
    },
    get dropped() {
      return dropped;
    },
    take() {
      if (isEmpty(open)) return null;
      if (backlog !== null) {
        queue();
        return null;
      }
      const set = open;
      open = emptySet();
      const [first, ...rest] = inPieces(set);
      if (first === undefined) return null;
      // More than fits: it goes before, in order.
      if (rest.length > 0) {
        void writeAll([first, ...rest]).catch(() => undefined);
        return null;
      }
      return { statements: compose(first), committed: () => settled(first), failed: () => failed([first]) };
    },
    commit() {
      if (backlog !== null) {
        queue();
        return backlogWritten ?? retry();
      }
      if (isEmpty(open)) return Promise.resolve();
      const set = open;
      open = emptySet();
      return writeAll(inPieces(set));
    },
    unsettled: (id) => newest.get(id)?.record,
    async settled() {
      await this.commit().catch(() => undefined);
      await Promise.all(inFlight);
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      await (backlog === null ? this.commit() : retry());
      await Promise.all(inFlight);
    },
  };

  function writeAll(pieces: readonly ChangeSet[]): Promise<void> {
    const written = writePieces(pieces);
    const done = written.catch(() => undefined).finally(() => inFlight.delete(done));
    inFlight.add(done);
    return written;
  }

  async function writePieces(pieces: readonly ChangeSet[]): Promise<void> {
    const failures = await commitEach(pieces);
    const [first] = failures;
    if (first === undefined) return;
    log.warn({ changes: failures.length, reason: messageOf(first.error) }, 'changes of alarms could not be written; they are tried again');
    failed(failures.map(({ piece }) => piece));
    throw first.error;
  }

  /** Each as one transaction, all at once. Gives those that failed. */
  async function commitEach(pieces: readonly ChangeSet[]): Promise<{ readonly piece: ChangeSet; readonly error: unknown }[]> {
    const results = await Promise.all(
      pieces.map((piece) =>
        ports.commit(compose(piece)).then(
          () => {
            settled(piece);
            return null;
          },
          (error: unknown) => ({ piece, error }),
        ),
      ),
    );
    return results.filter((result) => result !== null);
  }

  function compose(set: ChangeSet): readonly Statement[] {
    const statements: Statement[] = [];
    const records: AlarmRecord[] = [];
    for (const id of set.alarms) {
      const known = newest.get(id);
      if (known !== undefined) records.push(known.record);
    }
    // What is closed makes room for its successor.
    records.sort((one, other) => Number(one.closedAt === null) - Number(other.closedAt === null));
    if (records.length > 0) statements.push(storage.alarms.put(records));
    if (set.events.length > 0) statements.push(storage.events.insert(set.events));
    if (set.outbox.length > 0) statements.push(storage.outbox.insert(set.outbox));
    if (set.evaluations.size > 0) {
      const saved = [...set.evaluations.values()].map((one) => ({ ...one, state: ports.savedState(one) }));
      statements.push(storage.evaluations.put(saved));
    }
    statements.push(...set.commands);
    return statements;
  }

  function settled(set: ChangeSet): void {
    waiting -= set.events.length;
    for (const id of set.alarms) release(id);
    if (set.events.length > 0) stream.publish(set.events);
    if (set.outbox.length > 0) notifier.committed(set.outbox);
    for (const after of set.after) after();
  }

  function release(id: AlarmId): void {
    const known = newest.get(id);
    if (known === undefined) return;
    known.sets -= 1;
    if (known.sets === 0) newest.delete(id);
  }

  function failed(sets: readonly ChangeSet[]): void {
    backlog ??= emptySet();
    for (const set of sets) merge(backlog, set);
    schedule();
  }

  /** What comes while the backlog is being written goes behind it. */
  function queue(): void {
    if (backlog === null) return;
    merge(backlog, open);
    open = emptySet();
    const tooMany = backlog.events.length - ports.eventsWaitingMax;
    if (tooMany > 0) {
      backlog.events.splice(0, tooMany);
      waiting -= tooMany;
      dropped += tooMany;
    }
  }

  function merge(into: ChangeSet, set: ChangeSet): void {
    for (const id of set.alarms) {
      const known = newest.get(id);
      if (!into.alarms.has(id)) into.alarms.add(id);
      else if (known !== undefined) known.sets -= 1;
    }
    for (const event of set.events) into.events.push(event);
    for (const entry of set.outbox) into.outbox.push(entry);
    for (const [key, evaluation] of set.evaluations) into.evaluations.set(key, evaluation);
    for (const command of set.commands) into.commands.push(command);
    for (const after of set.after) into.after.push(after);
  }

  function schedule(): void {
    if (timer !== null || stopped || backlogWritten !== null) return;
    timer = setTimeout(() => {
      timer = null;
      retry().catch(() => undefined);
    }, retryMs);
    timer.unref();
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  /** One attempt. As long as it runs the backlog is not null: nobody overtakes it. */
  function retry(): Promise<void> {
    if (backlogWritten !== null) return backlogWritten;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    queue();
    const set = backlog;
    if (set === null) return Promise.resolve();
    backlog = emptySet();
    backlogWritten = writeBacklog(set);
    return backlogWritten;
  }

  async function writeBacklog(set: ChangeSet): Promise<void> {
    const wasAlone = alone;
    const failures = await commitEach(wasAlone ? oneByOne(set) : inPieces(set));
    const behind = backlog ?? emptySet();
    backlogWritten = null;
    // The database refuses something for what it is: it is found by writing each alarm alone, and given up. All others go on.
    const refused = failures.filter(({ error }) => isRefusal(error));
    alone = refused.length > 0 && !wasAlone;
    if (wasAlone) for (const { piece, error } of refused) giveUp(piece, error);
    const kept = wasAlone ? failures.filter(({ error }) => !isRefusal(error)) : failures;
    backlog = emptySet();
    for (const { piece } of kept) merge(backlog, piece);
    merge(backlog, behind);
    if (kept.length > 0) {
      schedule();
      throw kept[0]?.error;
    }
    retryMs = RETRY_MIN_MS;
    if (isEmpty(backlog)) backlog = null;
    else await retry();
  }

  function giveUp(piece: ChangeSet, error: unknown): void {
    log.error(
      { alarms: [...piece.alarms], events: piece.events.length, reason: messageOf(error) },
      'changes of alarms are refused by the database and given up',
    );
    waiting -= piece.events.length;
    dropped += piece.events.length;
    for (const id of piece.alarms) release(id);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof MusterError && error.code === 'conflict';
}

function emptySet(): ChangeSet {
  return { alarms: new Set(), events: [], outbox: [], evaluations: new Map(), commands: [], after: [] };
}

function isEmpty({ alarms, events, outbox, evaluations, commands }: ChangeSet): boolean {
  return alarms.size === 0 && events.length === 0 && outbox.length === 0 && evaluations.size === 0 && commands.length === 0;
}

/** Each alarm in a transaction of its own, and all else in another. */
function oneByOne(set: ChangeSet): ChangeSet[] {
  const rest = emptySet();
  const pieces = new Map<AlarmId, ChangeSet>();
  for (const alarm of set.alarms) pieces.set(alarm, { ...emptySet(), alarms: new Set([alarm]) });
  const pieceOf = (alarm: AlarmId | null): ChangeSet => (alarm === null ? undefined : pieces.get(alarm)) ?? rest;
  for (const event of set.events) pieceOf(event.alarm).events.push(event);
  for (const entry of set.outbox) pieceOf(entry.alarm).outbox.push(entry);
  for (const [key, evaluation] of set.evaluations) rest.evaluations.set(key, evaluation);
  rest.commands.push(...set.commands);
  rest.after.push(...set.after);
  return [...pieces.values(), rest].filter((piece) => !isEmpty(piece));
}

/** Each is one transaction. What belongs to one alarm stays together: its record says that somebody is told, and the outbox who. */
function inPieces(set: ChangeSet): ChangeSet[] {
  const largest = Math.max(set.alarms.size, set.events.length, set.evaluations.size);
  if (largest <= EVENTS_PER_COMMIT) return [set];
  const pieces: ChangeSet[] = [];
  const pieceOf = new Map<AlarmId, ChangeSet>();
  const piece = (index: number): ChangeSet => {
    const known = pieces[index] ?? emptySet();
    pieces[index] = known;
    return known;
  };
  let index = 0;
  for (const alarm of set.alarms) {
    const own = piece(Math.floor(index / ALARMS_PER_COMMIT));
    own.alarms.add(alarm);
    pieceOf.set(alarm, own);
    index += 1;
  }
  index = 0;
  for (const event of set.events) {
    const own = (event.alarm === null ? undefined : pieceOf.get(event.alarm)) ?? piece(Math.floor(index / EVENTS_PER_COMMIT));
    own.events.push(event);
    index += 1;
  }
  for (const entry of set.outbox) ((entry.alarm === null ? undefined : pieceOf.get(entry.alarm)) ?? piece(0)).outbox.push(entry);
  index = 0;
  for (const [key, evaluation] of set.evaluations) {
    piece(Math.floor(index / EVENTS_PER_COMMIT)).evaluations.set(key, evaluation);
    index += 1;
  }
  const last = piece(Math.max(0, pieces.length - 1));
  last.commands.push(...set.commands);
  last.after.push(...set.after);
  return pieces;
}
