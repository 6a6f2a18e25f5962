import { formatAge } from '../domain/duration.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import { isWorthNoting, newClockState, noted, noteReport } from '../fleet/clock-state.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { ClockObserver } from '../ingest/context.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { ClockRecord, ClockSource, LifeStorage } from '../storage/life-storage.ts';

/** How wrong the clocks of devices are: by their reports, and better when they ask for the time. The newest measurement of each is on disk. */
export interface ClockWatch extends ClockObserver {
  /** It said its own time, or how wrong it found itself. `offsetMs`: what has to be added to it. */
  exchanged(entry: DeviceEntry, offsetMs: number, at: number): void;
  /** null: never measured. */
  of(device: DeviceId): Promise<ClockRecord | null>;
  /** Knows again whose clocks are wrong. */
  start(): Promise<void>;
  readonly wrong: number;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

export interface ClockWatchPorts {
  readonly storage: LifeStorage['clocks'];
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly directory: Pick<Directory, 'device'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** A clock is wrong beyond so much; null: none ever is. */
  readonly wrongAfterMs: number | null;
  readonly log: Log;
}

const EVERY_MS = 5_000;
const BATCH_MAX = 1_000;
/** A device that says one thing and then another does not fill the journal: after so many turns it stays as it is for the rest of the time. */
const TURNS_MAX = 6;
const TURNS_MS = 600_000;

export function createClockWatch({ storage, commits, directory, recorder, wrongAfterMs, log }: ClockWatchPorts): ClockWatch {
  /** Since when. Those of devices that are gone leave with their next look. */
  const wrong = new Map<DeviceId, number>();
  const waiting = new Map<DeviceId, ClockRecord>();
  /** Of those whose clocks were wrong or right again lately: how often. */
  const turns = new Map<DeviceId, { readonly since: number; count: number }>();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;

  return {
    reported(entry, newest, receivedAt) {
      const { traffic } = entry;
      if (traffic === null) return;
      traffic.clock ??= newClockState(receivedAt);
      const offsetMs = noteReport(traffic.clock, newest, receivedAt);
      if (offsetMs !== null) measured(entry, offsetMs, 'reports', receivedAt);
    },
    exchanged: (entry, offsetMs, at) => measured(entry, Math.round(offsetMs), 'exchange', at),
    async of(device) {
      return waiting.get(device) ?? storage.of(device);
    },
    async start() {
      for (const record of await storage.wrong()) if (record.wrongSince !== null) wrong.set(record.device, record.wrongSince);
    },
    get wrong() {
      return wrong.size;
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
  };

  function measured(entry: DeviceEntry, offsetMs: number, source: ClockSource, measuredAt: number): void {
    const { id } = entry.device;
    const state = entry.traffic?.clock ?? null;
    const byExchange = source === 'exchange';
    if (state !== null && !isWorthNoting(state, offsetMs, byExchange, measuredAt)) return;
    if (state !== null) noted(state, offsetMs, byExchange, measuredAt);
    const since = wrong.get(id) ?? null;
    const found = isWrong(offsetMs, since !== null) ? (since ?? measuredAt) : null;
    const isTurn = (found === null) !== (since === null) && mayTurn(id, measuredAt);
    const wrongSince = isTurn ? found : since;
    const record: ClockRecord = { device: id, offsetMs, source, measuredAt, wrongSince };
    waiting.set(id, record);
    writeLater();
    if (isTurn) tell(entry, record);
    if (wrongSince === null) wrong.delete(id);
    else wrong.set(id, wrongSince);
  }

  function mayTurn(id: DeviceId, at: number): boolean {
    const lately = turns.get(id);
    if (lately === undefined || Math.abs(at - lately.since) >= TURNS_MS) {
      turns.set(id, { since: at, count: 1 });
      return true;
    }
    lately.count += 1;
    return lately.count <= TURNS_MAX;
  }

  /** A clock at the limit is not wrong and right by turns. */
  function isWrong(offsetMs: number, wasWrong: boolean): boolean {
    return wrongAfterMs !== null && Math.abs(offsetMs) > (wasWrong ? wrongAfterMs / 2 : wrongAfterMs);
  }

  function tell({ device: { id, project } }: DeviceEntry, { offsetMs, source, measuredAt, wrongSince }: ClockRecord): void {
    const how = source === 'reports' ? ', by the times in its reports' : '';
    const text =
      wrongSince === null
        ? `the clock of ${id} is right again${how}`
        : `the clock of ${id} is ${formatAge(Math.abs(offsetMs))} ${offsetMs < 0 ? 'ahead' : 'behind'}${how}`;
    recorder.record({
      ...{ project, time: measuredAt, kind: wrongSince === null ? 'device.clock-right' : 'device.clock-wrong', actor: `device:${id}`, severity: null },
      ...{ device: id, point: null, alarm: null, rule: null, text, details: { offsetMs, source } },
    });
  }

  function writeLater(): void {
    if (timer !== null || stopped !== null) return;
    timer = setTimeout(() => {
      timer = null;
      writing = write().finally(() => {
        writing = null;
        if (waiting.size > 0) writeLater();
      });
    }, EVERY_MS);
    timer.unref();
  }

  async function end(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    await writing;
    await write();
  }

  async function write(): Promise<void> {
    let newest = 0;
    for (const { measuredAt } of waiting.values()) newest = Math.max(newest, measuredAt);
    for (const [device, { since }] of turns) if (newest - since >= TURNS_MS) turns.delete(device);
    while (waiting.size > 0) {
      const batch: ClockRecord[] = [];
      for (const record of waiting.values()) if (batch.push(record) === BATCH_MAX) break;
      for (const { device } of batch) waiting.delete(device);
      for (const device of wrong.keys()) if (directory.device(device) === undefined) wrong.delete(device);
      try {
        await commits.commit({ statements: [storage.put(batch)] });
      } catch (error: unknown) {
        // The next measurement of each is another chance.
        log.warn({ clocks: batch.length, reason: messageOf(error) }, 'measurements of clocks could not be saved');
        return;
      }
    }
  }
}
