import { type Command, type CommandKind, type CommandState, isSettled } from '../domain/command.ts';
import type { HubEvent } from '../domain/event.ts';
import type { CommandId, DeviceId, ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CommandStorage } from '../storage/command-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import { type Change, createCommandLedger } from './command-ledger.ts';
import { encodeCommand } from './command-message.ts';
import type { CommandCarrier, Control, NewCommand, PlannedCommands } from './control.ts';
import { createExpiryQueue } from './expiry-queue.ts';
import { createOpenCommands, type Line, type OpenCommand } from './open-commands.ts';
import { type CommandLimits, createPlanner, type Planned } from './plan-commands.ts';
import { isSupersededBy, SUPERSEDED } from './supersede.ts';
import { type CommandInput, transition } from './transition.ts';

const TICK_MS = 200;
/** What nobody took although somebody listened is tried again after so many ticks. */
const RETRY_TICKS = 5;
/** Of one device that wait at a time. With another, the one that waits longest is sent away: its connection may be dead, and nobody but the device would know. */
const FETCHES_MAX = 4;
const FETCH_AGAIN_MS = 5_000;
/** Sent to one device without an acknowledgement. */
const UNACKNOWLEDGED_MAX = 16;

export interface ControlPorts {
  readonly directory: Directory;
  readonly storage: CommandStorage;
  readonly limits: CommandLimits;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly insertEvents: (events: readonly HubEvent[]) => Statement;
  readonly complete: (event: NewEvent) => HubEvent;
  readonly publish: (events: readonly HubEvent[]) => void;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
  readonly clock: () => number;
  readonly log: Log;
}

/** Since the start, but for `open`, `queued` and `bytes`, which are now. */
export interface ControlCounts {
  readonly open: number;
  readonly bytes: number;
  readonly created: number;
  readonly sent: number;
  readonly delivered: number;
  readonly applied: number;
  readonly rejected: number;
  readonly expired: number;
  readonly cancelled: number;
}

/** The engine, as the composition root has it. */
export interface HotControl extends Control {
  /** What carries commands to devices. Nothing is sent before. */
  use(carrier: CommandCarrier): void;
  /** The device is another, or gone. */
  deviceChanged(device: DeviceId): void;
  counts(): ControlCounts;
  /** Does what is due now. For tests. */
  advance(): void;
  /** Reads what was open in the last run. */
  start(): Promise<void>;
  /** Writes what waits. Idempotent. */
  stop(): Promise<void>;
}

export function createControl(ports: ControlPorts): HotControl {
  const { directory, storage, limits, clock, log } = ports;
  const open = createOpenCommands();
  const expiry = createExpiryQueue<CommandId>();
  const planner = createPlanner({ directory, open, limits, clock });
  const listeners = new Set<(command: Command, before: CommandState | null) => void>();
  const waiters = new Map<CommandId, Set<() => void>>();
  const fetchers = new Map<DeviceId, Set<() => void>>();
  const fetching = new Map<DeviceId, Set<AbortController>>();
  const tally = { created: 0, sent: 0, delivered: 0, applied: 0, rejected: 0, expired: 0, cancelled: 0 };
  const ledger = createCommandLedger({ ...ports, onWritten: tell });
  let carrier: CommandCarrier | null = null;
  let timer: NodeJS.Timeout | null = null;
  let tickCount = 0;
  /** Devices that listen and take nothing just now. */
  let stuck = new Set<DeviceId>();
  /** Devices to be looked at in this turn of the event loop. */
  let due = new Set<DeviceId>();
  let stopping: Promise<void> | null = null;

  return {
    async submit(project, wishes, actor) {
      checkOpen();
      const { planned, release } = planner.plan(project, wishes, actor);
      const commands = planned.map(({ command }) => command);
      try {
        if (commands.length > 0) await ledger.insert(commands);
        enqueue(planned);
      } finally {
        release();
      }
      return commands;
    },
    plan(project, wishes, actor) {
      checkOpen();
      const { planned, release } = planner.plan(project, wishes, actor);
      return toBeCommitted(planned, release);
    },
    planSome(project, wishes, actor) {
      checkOpen();
      const planned: Planned[] = [];
      const releases: (() => void)[] = [];
      const refused = new Map<NewCommand, MusterError>();
      for (const wish of wishes) {
        try {
          const one = planner.plan(project, [wish], actor);
          planned.push(...one.planned);
          releases.push(one.release);
        } catch (error: unknown) {
          if (!(error instanceof MusterError)) throw error;
          refused.set(wish, error);
        }
      }
      const release = (): void => {
        for (const each of releases) each();
      };
      return { ...toBeCommitted(planned, release), refused };
    },
    get: toldOf,
    list: (filter, page) => storage.list(filter, page),
    wantedOf: (device) => storage.wantedOf(device),
    async cancel(project, id, actor) {
      const stored = await storage.byId(project, id);
      if (stored === null) throw noCommand(id);
      const one = open.get(id);
      if (one === undefined) throw new MusterError('conflict', `command ${id} is ${stored.state} already`);
      apply(one, { kind: 'cancelled', reason: `${actor} took it back`, at: clock() });
      await written(id);
      return one.command;
    },
    async settled(project, id, signal) {
      for (;;) {
        // Listens first: it may be settled while it is read.
        const enough = new AbortController();
        const changed = wakeFor(waiters, id, AbortSignal.any([signal, enough.signal]));
        try {
          const command = await toldOf(project, id);
          if (command === null) throw noCommand(id);
          if (isSettled(command.state) || signal.aborted) return command;
          await changed;
        } finally {
          enough.abort();
        }
      }
    },
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async answered(device, kind, { id, ...answer }) {
      const one = open.get(id);
      const command = one?.command ?? (await storedOf(device, id));
      if (command === null || command.device !== device) throw new MusterError('not_found', `nothing was asked of ${device} with the id ${id.slice(0, 60)}`);
      if (kind !== null && command.kind !== kind)
        throw new MusterError('invalid', `${id} is a ${command.kind}: its result goes to ${command.kind}/result`, { details: { field: 'id' } });
      const now = open.get(id);
      if (now !== undefined) apply(now, { kind: 'answered', answer, at: clock() });
      else settledBefore(command, answer);
      await written(id);
      return now?.command ?? command;
    },
    async fetch(device, after, signal) {
      const place = takePlace(device);
      const end = AbortSignal.any([signal, place.signal]);
      try {
        for (;;) {
          place.signal.throwIfAborted();
          const found = fetchable(device, after);
          if (found.length > 0) {
            const at = clock();
            for (const one of found) {
              one.via = 'fetch';
              apply(one, { kind: 'delivered', at });
            }
            return found.map(({ command }) => command);
          }
          if (signal.aborted) return [];
          await wakeFor(fetchers, device, end);
        }
      } finally {
        leavePlace(device, place);
      }
    },
    use(given) {
      carrier = given;
      given.onListening((device) => {
        if (device !== null) look(device);
        else for (const each of open.devices()) look(each);
      });
      for (const device of open.devices()) look(device);
    },
    deviceChanged(device) {
      const line = open.line(device);
      if (line === undefined) return;
      const reason = reasonToCancel(device, [...line.open.values()][0]?.command.project);
      if (reason === null) return;
      for (const one of [...line.open.values()]) apply(one, { kind: 'cancelled', reason, at: clock() });
    },
    counts: () => ({ open: open.size, bytes: open.bytes, ...tally }),
    advance: tick,
    async start() {
      const found: Planned[] = [];
      for (const command of storage.open()) found.push({ command, bytes: Buffer.byteLength(JSON.stringify(command.value)) });
      restore(found);
      timer = setInterval(tick, TICK_MS);
      timer.unref();
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };

  function checkOpen(): void {
    if (stopping !== null) throw new MusterError('stopping', 'the hub is stopping');
    const closed = ports.closed();
    if (closed !== null) throw closed;
  }

  /** As it is stored; what is settled there only once those who listen know it, too: whoever saw it may ask them next. */
  async function toldOf(project: ProjectId, id: CommandId): Promise<Command | null> {
    const command = await storage.byId(project, id);
    if (command !== null && isSettled(command.state)) await written(id);
    return command;
  }

  function toBeCommitted(planned: readonly Planned[], release: () => void): PlannedCommands {
    const commands = planned.map(({ command }) => command);
    const { statements, committed } = ledger.statementsFor(commands);
    return {
      commands,
      statements,
      committed() {
        enqueue(planned);
        release();
        committed();
      },
      dropped: release,
    };
  }

  /** They are on disk. */
  function enqueue(planned: readonly Planned[]): void {
    tally.created += planned.length;
    for (const { command, bytes } of planned) add(command, bytes);
  }

  function add(command: Command, bytes: number): void {
    for (const other of open.line(command.device)?.open.values() ?? [])
      if (isSupersededBy(other.command, command)) apply(other, { kind: 'cancelled', reason: SUPERSEDED, at: clock() });
    open.add(command, bytes);
    expiry.add(command.id, command.expiresAt);
    look(command.device);
    wake(fetchers, command.device);
  }

  /** Among those of the device that fetch. Its signal aborts with what to say when there are too many. */
  function takePlace(device: DeviceId): AbortController {
    const places = fetching.get(device) ?? new Set();
    fetching.set(device, places);
    const [oldest] = places;
    if (places.size >= FETCHES_MAX && oldest !== undefined) {
      places.delete(oldest);
      oldest.abort(
        new MusterError('rate_limited', `${device} fetches its commands with more than ${FETCHES_MAX} requests at a time`, {
          details: { retryAfterMs: FETCH_AGAIN_MS },
        }),
      );
    }
    const place = new AbortController();
    places.add(place);
    return place;
  }

  function leavePlace(device: DeviceId, place: AbortController): void {
    const places = fetching.get(device);
    places?.delete(place);
    if (places?.size === 0) fetching.delete(device);
  }

  /** As the last run left them: what was sent then was lost with its connection. */
  function restore(found: readonly Planned[]): void {
    // All of them first: a newer one takes the place of what was never sent, and not of what its device may have.
    for (const { command, bytes } of found) add(command, bytes);
    for (const { command } of found) {
      const one = open.get(command.id);
      if (one === undefined) continue;
      apply(one, { kind: 'lost' });
      const reason = reasonToCancel(command.device, command.project);
      if (reason !== null) apply(one, { kind: 'cancelled', reason, at: clock() });
    }
    if (open.size > 0) log.info({ commands: open.size }, 'commands of the last run wait for their devices');
  }

  function reasonToCancel(device: DeviceId, project: ProjectId | undefined): string | null {
    const known = directory.device(device)?.device;
    if (known === undefined || known.project !== project) return 'the device is gone';
    return known.state === 'retired' ? 'the device was retired' : null;
  }

  /** Memory is first, the disk follows: what is not there yet is tried again until it is. */
  function apply(one: OpenCommand, input: CommandInput): void {
    const { command } = one;
    const next = transition(command, input);
    if (next === null) return;
    one.command = next;
    const line = open.line(command.device);
    if (line !== undefined && (command.state === 'sent') !== (next.state === 'sent')) line.unacknowledged += next.state === 'sent' ? 1 : -1;
    if (next.state !== 'queued') tally[next.state] += 1;
    if (isSettled(next.state)) {
      expiry.remove(command.id, command.expiresAt);
      open.remove(one);
    }
    ledger.change(next, command.state);
    // There is room for another. What was lost is not tried at once: see `lost`.
    if (command.state === 'sent' && next.state !== 'queued') look(command.device);
  }

  /** What the device says of a command that is settled. Throws conflict for the opposite of what it said before. */
  function settledBefore(
    command: Command,
    answer: { readonly state: 'applied' | 'rejected'; readonly reason: string | null; readonly result: Command['result'] },
  ): void {
    const said = command.lateAnswer ?? (command.state === 'applied' || command.state === 'rejected' ? command.state : null);
    if (said !== null && said !== answer.state) throw new MusterError('conflict', `the device said before that ${command.id} was ${said}`);
    const next = transition(command, { kind: 'answered', answer, at: clock() });
    if (next !== null) ledger.change(next, command.state);
  }

  async function storedOf(device: DeviceId, id: CommandId): Promise<Command | null> {
    const project = directory.device(device)?.device.project;
    if (project === undefined) return null;
    // Settled in memory already, and on its way.
    await written(id);
    return storage.byId(project, id);
  }

  async function written(id: CommandId): Promise<void> {
    try {
      await ledger.written(id);
    } catch (error: unknown) {
      throw error instanceof MusterError ? error : new MusterError('storage_failed', messageOf(error), { cause: error });
    }
  }

  function look(device: DeviceId): void {
    if (carrier === null) return;
    if (due.size === 0) setImmediate(pumpAll);
    due.add(device);
  }

  function pumpAll(): void {
    const devices = due;
    due = new Set();
    for (const device of devices) {
      const line = open.line(device);
      if (line !== undefined && carrier !== null && stopping === null) pump(device, line, carrier);
    }
  }

  /** Sends what waits, in its order; a kind that the device does not listen for holds nothing else up. */
  function pump(device: DeviceId, line: Line, by: CommandCarrier): void {
    const listens = new Map<CommandKind, boolean>();
    for (const one of [...line.open.values()]) {
      if (line.unacknowledged >= UNACKNOWLEDGED_MAX) return;
      const { state, kind } = one.command;
      if (state !== 'queued') continue;
      let heard = listens.get(kind);
      if (heard === undefined) {
        heard = by.listens(device, kind);
        listens.set(kind, heard);
      }
      if (!heard) continue;
      if (!send(one, by)) {
        stuck.add(device);
        return;
      }
    }
  }

  function send(one: OpenCommand, by: CommandCarrier): boolean {
    const { device, kind, expiresAt } = one.command;
    const attempt = one.attempt + 1;
    const taken = by.send(
      device,
      kind,
      { payload: encodeCommand(one.command), expiresAt },
      {
        delivered() {
          if (one.attempt === attempt) apply(one, { kind: 'delivered', at: clock() });
        },
        lost() {
          if (one.attempt !== attempt) return;
          apply(one, { kind: 'lost' });
          // Another connection of the device may listen; not at once, so that one which takes nothing does not keep the hub busy.
          stuck.add(device);
        },
      },
    );
    if (!taken) return false;
    one.attempt = attempt;
    one.via = 'connection';
    apply(one, { kind: 'sent', at: clock() });
    return true;
  }

  function fetchable(device: DeviceId, after: CommandId | null): OpenCommand[] {
    const line = open.line(device);
    if (line === undefined) return [];
    return [...line.open.values()].filter(
      ({ command, via }) => (command.state === 'queued' || (command.state === 'delivered' && via !== 'connection')) && (after === null || command.id > after),
    );
  }

  function tick(): void {
    for (const id of expiry.take(clock())) {
      const one = open.get(id);
      if (one !== undefined) apply(one, { kind: 'expired', at: clock() });
    }
    tickCount += 1;
    if (tickCount % RETRY_TICKS !== 0 || stuck.size === 0) return;
    const devices = stuck;
    stuck = new Set();
    for (const device of devices) look(device);
  }

  function tell(changes: readonly Change[]): void {
    for (const { command, before } of changes) {
      for (const listener of listeners) listener(command, before);
      wake(waiters, command.id);
    }
  }

  async function stop(): Promise<void> {
    if (timer !== null) clearInterval(timer);
    timer = null;
    await ledger.stop();
  }
}

function noCommand(id: string): MusterError {
  return new MusterError('not_found', `there is no command ${id.slice(0, 60)}`, { hint: 'List them with `muster command list`.' });
}

/** Resolves when somebody wakes those who wait for the key, or the signal aborts. */
function wakeFor<Key>(sleepers: Map<Key, Set<() => void>>, key: Key, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const mine = sleepers.get(key) ?? new Set();
    sleepers.set(key, mine);
    const done = (): void => {
      signal.removeEventListener('abort', done);
      mine.delete(done);
      if (mine.size === 0 && sleepers.get(key) === mine) sleepers.delete(key);
      resolve();
    };
    mine.add(done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function wake<Key>(sleepers: Map<Key, Set<() => void>>, key: Key): void {
  for (const done of [...(sleepers.get(key) ?? [])]) done();
}
