import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { DeviceSearch } from '../fleet/search/device-search.ts';
import type { SubscriberSeats } from '../stream/subscriber-seats.ts';
import { type Device, DeviceStreamQuery } from './schema/fleet.ts';
import { selectDevices } from './select-devices.ts';
import { type Feed, readQuery } from './stream-socket.ts';

export interface DeviceFeedPorts {
  readonly directory: Directory;
  readonly search: DeviceSearch;
  readonly render: (entry: DeviceEntry) => Device;
  /** Resolves once the newest values are known: soon after a start. */
  readonly latestKnown: () => Promise<void>;
  readonly seats: SubscriberSeats;
  readonly clock: () => number;
}

/** A list is looked at again after so long, and after so many times as long as looking took: watching takes a twentieth of the processor at most. */
const LOOK_EVERY_MS = 1_000;
const LOOK_SHARE = 20;
/** Devices of one message. */
const DEVICES_PER_MESSAGE = 200;
/** Worth another look: there was no room for it. */
const PASSING: ReadonlySet<string> = new Set(['overloaded']);

/** A list as the subscriber has it: of each device what it was told last. */
type Shown = ReadonlyMap<string, string>;

interface Look {
  /** In the order of the list. */
  readonly devices: ReadonlyMap<string, Device>;
  readonly more: boolean;
}

/**
 * The devices that a request for the stream asks for: the list itself, then what comes into it, changes in it and leaves it. It is looked at again and again, and only
 * what differs from what the subscriber has is sent: one that is slow misses steps in between, never the outcome. Throws invalid, limit_reached.
 */
export function subscribeToDevices(
  ports: DeviceFeedPorts,
  request: IncomingMessage,
  principal: Exclude<Principal, { kind: 'open' }>,
  onReady: () => void,
): Feed {
  const { directory, search, render, latestKnown, clock } = ports;
  const { limit, ...query } = readQuery(request, DeviceStreamQuery);
  const { project } = principal;
  // What is wrong with it is to be told at once.
  const { namesPoints } = selectDevices(project, query, directory);
  const leave = ports.seats.take();
  let shown: Shown = new Map();
  let shownOrder = '';
  let isFirst = true;
  let waiting: Look | null = null;
  let messages: string[] = [];
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  void watch();

  return {
    take() {
      if (messages.length === 0 && waiting !== null) {
        messages = messagesOf(waiting);
        waiting = null;
      }
      return messages.shift() ?? null;
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      leave();
    },
  };

  async function watch(): Promise<void> {
    const began = performance.now();
    try {
      if (isFirst && namesPoints) await latestKnown();
      // Aliases are looked up anew: another device may have one by now.
      const { asked, order } = selectDevices(project, query, directory);
      const ids = principal.kind === 'device' ? ownOf(principal.id, asked.ids) : asked.ids;
      const { entries, next } = await search.page(project, { ...asked, ids }, { order, after: null, limit });
      waiting = { devices: new Map(entries.map((entry) => [entry.device.id, render(entry)])), more: next !== null };
      if (!closed && messages.length === 0 && differs(waiting)) onReady();
    } catch (error: unknown) {
      if (closed) return;
      if (!(error instanceof MusterError) || !PASSING.has(error.code)) {
        const code = error instanceof MusterError ? error.code : 'internal';
        messages.push(JSON.stringify({ type: 'bye', code, reason: error instanceof MusterError ? messageOf(error) : 'something went wrong inside the hub' }));
        onReady();
        return;
      }
    }
    if (closed) return;
    timer = setTimeout(() => void watch(), Math.max(LOOK_EVERY_MS, (performance.now() - began) * LOOK_SHARE));
  }

  /** A device watches itself and what is behind it. */
  function ownOf(watcher: string, ids: readonly string[] | null): readonly string[] {
    const entry = directory.device(watcher);
    const own = entry === undefined ? [] : [watcher, ...directory.children(entry.device.id)];
    return ids === null ? own : own.filter((id) => ids.includes(id));
  }

  function differs({ devices }: Look): boolean {
    if (isFirst || devices.size !== shown.size || orderOf(devices) !== shownOrder) return true;
    for (const [id, device] of devices) if (shown.get(id) !== toldOf(device)) return true;
    return false;
  }

  function messagesOf({ devices, more }: Look): string[] {
    if (!differs({ devices, more })) return [];
    const next = new Map<string, string>();
    const changes: { readonly device: Device; readonly isNew: boolean }[] = [];
    for (const [id, device] of devices) {
      const told = toldOf(device);
      next.set(id, told);
      if (shown.get(id) !== told) changes.push({ device, isNew: !shown.has(id) });
    }
    const left = [...shown.keys()].filter((id) => !next.has(id));
    const order = orderOf(devices);
    const newOrder = query.sort === undefined || order === shownOrder ? null : [...devices.keys()];
    shown = next;
    shownOrder = order;
    isFirst = false;
    const rounds = Math.max(1, Math.ceil(changes.length / DEVICES_PER_MESSAGE));
    return Array.from({ length: rounds }, (_, round) => {
      const some = changes.slice(round * DEVICES_PER_MESSAGE, (round + 1) * DEVICES_PER_MESSAGE);
      const settled = round === rounds - 1;
      return JSON.stringify({
        type: 'devices',
        time: clock(),
        entered: some.filter(({ isNew }) => isNew).map(({ device }) => device),
        changed: some.filter(({ isNew }) => !isNew).map(({ device }) => device),
        left: settled ? left : [],
        order: settled ? newOrder : null,
        more,
        settled,
      });
    });
  }
}

/** What makes a device worth telling again: not how fast it sends, which fades from second to second. */
function toldOf({ counters: _counters, rate: _rate, ...rest }: Device): string {
  return JSON.stringify(rest);
}

function orderOf(devices: ReadonlyMap<string, Device>): string {
  return [...devices.keys()].join('\n');
}
