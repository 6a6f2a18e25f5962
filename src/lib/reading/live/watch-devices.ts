import type { Device, DeviceStreamMessage } from '../../api/schema/fleet.ts';
import { formatAge } from '../../domain/duration.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';

const DEVICE_CHANGES = ['enters', 'changes', 'leaves'] as const;
export type DeviceChange = (typeof DEVICE_CHANGES)[number];

/** What became of a list since the last time. */
export interface DeviceRound {
  readonly type: 'round';
  readonly time: number;
  /** The list itself, in its order. */
  readonly devices: readonly Device[];
  readonly changes: readonly { readonly change: DeviceChange; readonly device: Device }[];
  /** There are more than the list shows. */
  readonly more: boolean;
}
export type DeviceNotice = { readonly type: 'notice'; readonly text: string };

export interface WatchDevicesOptions {
  readonly signal: AbortSignal;
  /** Ends when the signal aborts, throws `unreachable` or `timed_out` when the connection is lost. */
  connect(signal: AbortSignal): AsyncIterable<DeviceStreamMessage>;
  /** Waits; ends early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

const PAUSE_FIRST_MS = 500;
const PAUSE_LONGEST_MS = 30_000;
/** Worth another try: the hub may come back. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'timed_out', 'stopping', 'overloaded', 'internal']);

/** A list as it changes. After a lost connection the hub sends it whole: only what differs from what was known counts as a change. */
export async function* watchDevices({ signal, connect, pause, now }: WatchDevicesOptions): AsyncGenerator<DeviceRound | DeviceNotice> {
  const known = new Map<string, Device>();
  let order: readonly string[] | null = null;
  let attempts = 0;
  let lostAt: number | null = null;
  let everConnected = false;
  while (!signal.aborted) {
    let reason = 'the hub ended it';
    /** What the hub has said on this connection, until the first round is whole. */
    let told: Set<string> | null = new Set();
    let changes: { readonly change: DeviceChange; readonly device: Device }[] = [];
    try {
      for await (const message of connect(signal)) {
        if (message.type === 'hello') continue;
        if (message.type === 'bye') throw new MusterError(message.code as 'not_allowed', message.reason);
        attempts = 0;
        everConnected = true;
        if (lostAt !== null) {
          yield { type: 'notice', text: `Connected again after ${formatAge(now() - lostAt)}.` };
          lostAt = null;
        }
        for (const device of [...message.entered, ...message.changed]) {
          const before = known.get(device.id);
          known.set(device.id, device);
          told?.add(device.id);
          if (before === undefined) changes.push({ change: 'enters', device });
          else if (told === null || !isSame(before, device)) changes.push({ change: 'changes', device });
        }
        const left = told !== null && message.settled ? [...known.keys()].filter((id) => told?.has(id) === false) : message.left;
        for (const id of left) {
          const device = known.get(id);
          if (device === undefined) continue;
          known.delete(id);
          changes.push({ change: 'leaves', device });
        }
        if (message.order !== null) order = message.order;
        if (!message.settled) continue;
        told = null;
        const ids = order ?? [...known.keys()].sort();
        const devices = ids.flatMap((id) => known.get(id) ?? []);
        yield { type: 'round', time: message.time, devices, changes, more: message.more };
        changes = [];
      }
      if (signal.aborted) return;
    } catch (error: unknown) {
      if (signal.aborted) return;
      if (!(error instanceof MusterError) || !PASSING.has(error.code) || !everConnected) throw error;
      reason = messageOf(error);
    }
    if (lostAt === null) {
      lostAt = now();
      yield { type: 'notice', text: `The connection is lost (${reason.replace(/\.$/, '')}); trying again.` };
    }
    attempts += 1;
    await pause(Math.min(PAUSE_LONGEST_MS, PAUSE_FIRST_MS * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2), signal);
  }
}

function isSame({ counters: _c, rate: _r, ...one }: Device, { counters: _d, rate: _s, ...other }: Device): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
