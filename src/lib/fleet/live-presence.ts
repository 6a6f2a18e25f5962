import type { DeviceStatus } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import { LargeMap } from './large-map.ts';
import type { Connection, Presence } from './presence.ts';

interface State {
  /** Connections of its own, newest last. A list is made with the first: most devices of a large fleet have none. */
  connections: readonly Connection[];
  /** The gateway's connection that last reported for it. */
  through: string | null;
  connectedAt: number | null;
  lastSeenAt: number | null;
  lastAddress: string | null;
  protocol: string | null;
}

/** Who is told of connections. Must not throw. */
export interface PresenceObserver {
  connected(connection: Connection, at: number): void;
  /** `since`: when it was connected. Not called for a device that is gone, whose name another may have by now. */
  disconnected(connection: Connection, at: number, reason: string, since: number): void;
}

/** Who is there, to be looked at again and again: the same object for as long as the device exists. */
export interface LiveStatus {
  /** Connections of its own. */
  readonly connections: readonly Connection[];
  /** The gateway's connection that last reported for it. */
  readonly through: string | null;
  readonly connectedAt: number | null;
  readonly lastSeenAt: number | null;
  readonly lastAddress: string | null;
  readonly protocol: string | null;
}

export function isOnline({ connections, through }: LiveStatus): boolean {
  return connections.length > 0 || through !== null;
}

/** Statuses of devices, as they came from the disk. */
export interface StoredStatuses {
  /** The id of the last device; null: there is none behind it. */
  readonly last: DeviceId | null;
  /** Each is given once; null: it has none, or it was given. */
  take(device: DeviceId): DeviceStatus | null;
}

export interface LivePresence extends Presence {
  live(device: DeviceId): LiveStatus;
  /** A gateway told that a device behind it is there no more: it is offline until it is heard of again. */
  left(device: DeviceId, at: number): void;
  /** From now on it is told of each connection, after those that asked before. */
  observe(observer: PresenceObserver): void;
  /** What a former run of the hub knew. Pieces come in the order of their devices' ids; a status is read when its device is first asked for. */
  restore(pieces: readonly StoredStatuses[]): void;
  forget(device: DeviceId): void;
  /** Devices whose status changed since the last call, to be saved. */
  takeChanged(max: number): readonly DeviceId[];
}

const NONE: readonly Connection[] = [];
const ABSENT: DeviceStatus = { online: false, connectedAt: null, lastSeenAt: null, lastAddress: null, protocol: null };

export function createPresence(): LivePresence {
  const states = new LargeMap<State>();
  /** Open connections, with the children that were reported through each. */
  const open = new Map<string, { readonly connection: Connection; readonly since: number; readonly children: Set<DeviceId> }>();
  const observers: PresenceObserver[] = [];
  const changed = new Set<DeviceId>();
  let stored: readonly StoredStatuses[] = [];

  return {
    connected(connection, at) {
      open.set(connection.id, { connection, since: at, children: new Set() });
      const state = stateOf(connection.device);
      state.connections = [...state.connections, connection];
      state.connectedAt = at;
      touch(connection.device, state, connection, at);
      for (const observer of observers) observer.connected(connection, at);
    },
    disconnected(connectionId, at, reason) {
      const entry = open.get(connectionId);
      if (!entry) return;
      open.delete(connectionId);
      const { device } = entry.connection;
      // A device that was deleted is forgotten before its connection has ended, and another may have its name by now.
      const state = stateAt(device);
      if (state?.connections.includes(entry.connection)) {
        state.connections = state.connections.length === 1 ? NONE : state.connections.filter((connection) => connection !== entry.connection);
        state.lastSeenAt = at;
        changed.add(device);
        for (const observer of observers) observer.disconnected(entry.connection, at, reason, entry.since);
      }
      for (const child of entry.children) {
        const childState = stateAt(child);
        if (childState?.through !== connectionId) continue;
        childState.through = null;
        changed.add(child);
      }
    },
    seen(device, origin, at) {
      const state = stateOf(device);
      const carrier = origin.connectionId === null ? undefined : open.get(origin.connectionId);
      if (carrier && carrier.connection.device !== device && state.through !== origin.connectionId) {
        carrier.children.add(device);
        state.through = origin.connectionId;
        state.connectedAt = at;
      }
      touch(device, state, origin, at);
    },
    status(device) {
      const state = stateAt(device);
      if (!state) return ABSENT;
      const { connectedAt, lastSeenAt, lastAddress, protocol } = state;
      const online = isOnline(state);
      return { online, connectedAt: online ? connectedAt : null, lastSeenAt, lastAddress, protocol };
    },
    isOnline(device) {
      const state = states.get(device);
      return state !== undefined && isOnline(state);
    },
    live: stateOf,
    left(device, at) {
      const state = stateAt(device);
      if (state === undefined) return;
      state.through = null;
      state.lastSeenAt = at;
      changed.add(device);
    },
    observe(next) {
      observers.push(next);
    },
    restore(pieces) {
      stored = pieces;
    },
    forget(device) {
      // Or what is stored of it would come back.
      stateAt(device);
      states.delete(device);
      changed.delete(device);
    },
    takeChanged(max) {
      const taken: DeviceId[] = [];
      for (const device of changed) {
        if (taken.length >= max) break;
        taken.push(device);
      }
      for (const device of taken) changed.delete(device);
      return taken;
    },
  };

  function stateAt(device: DeviceId): State | undefined {
    const known = states.get(device);
    if (known !== undefined || stored.length === 0) return known;
    const status = pieceOf(device)?.take(device) ?? null;
    if (status === null) return undefined;
    // Whatever was online when the hub ended has no connection now.
    const { lastSeenAt, lastAddress, protocol } = status;
    const state: State = { connections: NONE, through: null, connectedAt: null, lastSeenAt, lastAddress, protocol };
    states.set(device, state);
    return state;
  }

  function pieceOf(device: DeviceId): StoredStatuses | undefined {
    let low = 0;
    let high = stored.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = stored[middle]?.last ?? null;
      if (last !== null && last < device) low = middle + 1;
      else high = middle;
    }
    return stored[low];
  }

  function stateOf(device: DeviceId): State {
    let state = stateAt(device);
    if (!state) {
      state = { connections: NONE, through: null, connectedAt: null, lastSeenAt: null, lastAddress: null, protocol: null };
      states.set(device, state);
    }
    return state;
  }

  function touch(device: DeviceId, state: State, origin: { readonly protocol: string; readonly address: string | null }, at: number): void {
    state.lastSeenAt = at;
    state.lastAddress = origin.address;
    state.protocol = origin.protocol;
    changed.add(device);
  }
}
