import type { DeviceId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/value.ts';
import type { Statement } from './commit-log.ts';

/** The newest birth and death of a device. Times in ms since 1970. */
export interface VitalRecord {
  readonly device: DeviceId;
  /** By the device's own clock, or when it arrived; null: it told of none. */
  readonly bornAt: number | null;
  readonly receivedAt: number | null;
  /** As the device said it; empty before the first. */
  readonly birth: JsonObject;
  /** null: not since its birth. */
  readonly diedAt: number | null;
  /** What its last will says, for people. */
  readonly death: string | null;
}

export type BirthRecord = Pick<VitalRecord, 'device' | 'birth'> & { readonly bornAt: number; readonly receivedAt: number };
export type DeathRecord = Pick<VitalRecord, 'device' | 'death'> & { readonly diedAt: number };

/** One connection of a device. Times in ms since 1970. */
export interface ConnectionRecord {
  readonly device: DeviceId;
  readonly startedAt: number;
  /** Unique with the device and the beginning. */
  readonly id: string;
  readonly protocol: string;
  readonly address: string | null;
  /** The MQTT client identifier. */
  readonly client: string | null;
  /** null: it is open. */
  readonly endedAt: number | null;
  readonly reason: string | null;
}

/** How the clock of a device was found. `reports`: by the times of its samples, when they came. `exchange`: it asked for the time and said its own. */
export const CLOCK_SOURCES = ['reports', 'exchange'] as const;
export type ClockSource = (typeof CLOCK_SOURCES)[number];

export interface ClockRecord {
  readonly device: DeviceId;
  /** What has to be added to the device's clock to have the hub's, in ms: negative for a clock that runs ahead. */
  readonly offsetMs: number;
  readonly source: ClockSource;
  readonly measuredAt: number;
  /** Since when it is too wrong; null: it is right. */
  readonly wrongSince: number | null;
}

/** Where a page of connections goes on: behind this one, which is older. */
export type ConnectionPlace = Pick<ConnectionRecord, 'startedAt' | 'id'>;

/** What is kept of the life of devices. Records of devices that are gone by the time are left out in silence. */
export interface LifeStorage {
  readonly vitals: {
    of(device: DeviceId): Promise<VitalRecord | null>;
    /** Those given are of one device each. */
    putBirths(births: readonly BirthRecord[]): Statement;
    putDeaths(deaths: readonly DeathRecord[]): Statement;
  };
  readonly connections: {
    /** The newest first. */
    list(device: DeviceId, page: { readonly limit: number; readonly behind: ConnectionPlace | null }): Promise<readonly ConnectionRecord[]>;
    /** Writes what is new, and how those ended that are there. */
    put(connections: readonly ConnectionRecord[]): Statement;
    /** Leaves the newest `keep` of each of these devices. */
    trim(devices: readonly DeviceId[], keep: number): Statement;
    /** Those that are open end so: at the start of a hub there is none. When each device was last seen is known from its status. */
    endAll(reason: string, now: number): Statement;
    removeOld(endedBefore: number, max: number): Statement;
  };
  readonly clocks: {
    of(device: DeviceId): Promise<ClockRecord | null>;
    /** Those that are too wrong. */
    wrong(): Promise<readonly ClockRecord[]>;
    put(clocks: readonly ClockRecord[]): Statement;
  };
}
