import type { Role } from '../../access/roles.ts';
import type { Device, DeviceStatus } from '../../domain/device.ts';
import type { DeviceType } from '../../domain/device-type.ts';
import type { Group } from '../../domain/group.ts';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId, SeriesId } from '../../domain/ids.ts';
import type { Point } from '../../domain/point.ts';
import type { Project } from '../../domain/project.ts';
import type { Retention } from '../../domain/retention.ts';
import type { AlarmStorage } from '../alarm-storage.ts';
import type { BrokerStorage } from '../broker-state.ts';
import type { CertificateStorage } from '../certificate-storage.ts';
import type { ClaimStorage } from '../claim-storage.ts';
import type { CommandStorage } from '../command-storage.ts';
import type { CommitLog, MessageMark, Statement } from '../commit-log.ts';
import type { ConfigStorage } from '../config-storage.ts';
import type { FleetReading } from '../fleet-reading.ts';
import type { JobStorage } from '../job-storage.ts';
import type { LifeStorage } from '../life-storage.ts';
import type { Page, PageRequest } from '../page.ts';

export interface ManagedObject {
  readonly kind: string;
  readonly name: string;
}

/** A person. The password hash never leaves the hub. */
export interface UserRecord {
  readonly id: string;
  readonly project: ProjectId;
  /** Unique on the hub: it is what a person types to log in. */
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An API token: of a person (a log-in), or on its own (a script). The secret is stored as its SHA-256. */
export interface TokenRecord {
  readonly id: string;
  readonly project: ProjectId;
  readonly name: string;
  readonly role: Role;
  readonly user: string | null;
  readonly secretHash: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface CredentialRecord {
  readonly id: string;
  readonly project: ProjectId;
  readonly device: DeviceId;
  /** claim: none yet, but a place for what the device gets when it claims itself. */
  readonly kind: 'token' | 'password' | 'claim';
  /** SHA-256 of a token's secret, or the scrypt hash of a password; empty of a place. */
  readonly secretHash: string;
  readonly createdAt: number;
  /** ms since 1970; null: until it is removed. */
  readonly expiresAt: number | null;
  /** The one that goes as soon as the device comes with this one. */
  readonly replaces?: string | null;
  /** The device has not come with it yet; known of those alone that a claim or a renewal gave. */
  readonly unused?: boolean;
}

/** A message, or a part of one, that was not taken. */
export interface RejectRecord {
  readonly id: string;
  readonly project: ProjectId;
  readonly device: DeviceId | null;
  readonly time: number;
  readonly code: string;
  /** The step of the pipeline that refused it. */
  readonly step: string;
  readonly reason: string;
  readonly point: string | null;
  readonly protocol: string;
  readonly address: string | null;
  readonly topic: string | null;
  readonly payloadBytes: number;
  /** The first bytes as UTF-8 text, or as hex behind `0x` when they are none. */
  readonly payloadHead: string;
}

/**
 * System data: reads answer at once from the embedded engine (a promise all the same, so that a remote engine fits);
 * changes are *statements* that the caller commits through the commit log, alone or together with others.
 */
export interface SystemStore {
  readonly log: CommitLog;
  readonly projects: {
    all(): Promise<readonly Project[]>;
    insert(project: Project): Statement;
    /** Must change one row. */
    setRetention(project: ProjectId, retention: Retention | null): Statement;
  };
  readonly users: {
    list(project: ProjectId): Promise<readonly UserRecord[]>;
    byName(name: string): Promise<UserRecord | null>;
    byId(id: string): Promise<UserRecord | null>;
    insert(user: UserRecord): Statement;
    /** Must change one row. */
    update(user: UserRecord): Statement;
    remove(id: string): Statement;
    /** Changes nothing, but refuses its unit with `stale` unless the project has an enabled administrator then. */
    keepsAdmin(project: ProjectId): Statement;
  };
  readonly tokens: {
    list(project: ProjectId): Promise<readonly TokenRecord[]>;
    byId(id: string): Promise<TokenRecord | null>;
    ofUser(user: string): Promise<readonly TokenRecord[]>;
    count(project: ProjectId): Promise<number>;
    insert(token: TokenRecord): Statement;
    /** Changes nothing when it is revoked already. */
    revoke(id: string, at: number): Statement;
    revokeOfUser(user: string, at: number): Statement;
    remove(id: string): Statement;
    /** Removes what expired or was revoked before this time. */
    removeEnded(project: ProjectId, before: number): Statement;
  };
  readonly types: {
    all(): Promise<readonly DeviceType[]>;
    insert(type: DeviceType): Statement;
    update(type: DeviceType): Statement;
    remove(project: ProjectId, id: DeviceTypeId): Statement;
  };
  readonly devices: {
    insert(device: Device): Statement;
    update(device: Device): Statement;
    saveStatus(device: DeviceId, status: DeviceStatus): Statement;
    /** Removes the device with its aliases, points, credentials, status and rejects. */
    remove(device: DeviceId): readonly Statement[];
  };
  /** Trees of groups. A group's row comes with those of all above it: who inserts one inserts them first. */
  readonly groups: {
    all(): Promise<readonly Group[]>;
    insert(group: Group): Statement;
    /** Does nothing when it is there. */
    ensure(group: Group): Statement;
    /** Must change one row. */
    update(group: Group): Statement;
    /** The group and all below it. */
    remove(project: ProjectId, path: GroupPath): Statement;
    /** The group and all below it get the new path in the place of the old one. */
    move(project: ProjectId, from: GroupPath, to: GroupPath, at: number): Statement;
    /** Puts these devices into the group, or takes them out. */
    setMembers(devices: readonly DeviceId[], path: GroupPath, isIn: boolean, at: number): Statement;
    /** What these devices were put into, of the groups within `from`, is then within `to`; null: they are in none of those any more. */
    moveMembers(devices: readonly DeviceId[], from: GroupPath, to: GroupPath | null, at: number): Statement;
  };
  /** What `muster apply` manages: each object belongs to one set at most, and to none once it is deleted. */
  readonly manifestSets: {
    list(project: ProjectId): Promise<readonly { readonly name: string; readonly objects: number }[]>;
    /** By kind and name. */
    page(project: ProjectId, set: string, limit: number, after: ManagedObject | null): Promise<readonly ManagedObject[]>;
    add(project: ProjectId, set: string, objects: readonly ManagedObject[]): Statement;
    remove(project: ProjectId, set: string, objects: readonly ManagedObject[]): Statement;
  };
  /** All of it, at start: devices, statuses and points. Throws storage_failed. */
  readFleet(): FleetReading;
  readonly points: {
    /** Writes the row of a new point; does nothing when it is there. */
    ensure(point: Point): Statement;
    update(point: Point): Statement;
    /** The highest series ever given to a point, removed ones included: a number is never given twice. */
    highestSeries(): Promise<SeriesId | null>;
    /** Those of these series that belonged to a point that was removed. All others were never removed, even if no point has them. */
    removedOf(series: readonly SeriesId[]): Promise<readonly SeriesId[]>;
  };
  readonly credentials: {
    ofDevice(device: DeviceId): Promise<readonly CredentialRecord[]>;
    byId(id: string): Promise<CredentialRecord | null>;
    insert(credential: CredentialRecord): Statement;
    remove(device: DeviceId, id: string): Statement;
    /** The device came with it. Must change one row: it has none when it came before. */
    used(device: DeviceId, id: string): Statement;
    /** Changes nothing, but refuses its unit with `stale` unless the credential is there then. */
    keeps(device: DeviceId, id: string): Statement;
    /** Removes what was to replace this one and was never used. */
    removeSuccessor(device: DeviceId, id: string): Statement;
    /** Removes it if it was never used. Must change one row. */
    removeUnused(device: DeviceId, id: string): Statement;
    /**
     * A device that waited claims itself. Must change one row: it has none when the place is gone or has expired, nor when the device has, or had, anything else to come with, or was
     * ever heard.
     */
    takePlace(device: DeviceId, id: string, now: number): Statement;
    /** Refuses its unit with `stale` when takePlace would never change a row for this device. */
    mayWait(device: DeviceId): Statement;
    /** Those that expire before this time, of which nobody was warned, and that nothing replaces; the next to expire first. */
    expiring(before: number, limit: number): Promise<readonly CredentialRecord[]>;
    warned(ids: readonly string[], at: number): Statement;
    /** Removes what expired before this time. */
    removeExpired(before: number): Statement;
    /** All of them, if it has any. */
    removeOfDevice(device: DeviceId): Statement;
  };
  readonly certificates: CertificateStorage;
  readonly rejects: {
    list(device: DeviceId, page: PageRequest): Promise<Page<RejectRecord>>;
    listOfProject(project: ProjectId, page: PageRequest): Promise<Page<RejectRecord>>;
    insert(reject: RejectRecord): Statement;
    /** Keeps the newest `keep` of each device and of each project's messages without one. */
    trim(keep: number): readonly Statement[];
  };
  readonly claims: ClaimStorage;
  /** What the MQTT broker keeps. Its changes go through the group commit of the ingest path, so that their order is kept. */
  readonly broker: BrokerStorage;
  /** What was asked of devices. */
  readonly commands: CommandStorage;
  readonly jobs: JobStorage;
  /** Rules, alarms, events and notifications. */
  readonly alarming: AlarmStorage;
  /** Configuration documents of devices. */
  readonly configs: ConfigStorage;
  /** Births, connections and clocks of devices. */
  readonly life: LifeStorage;
  /** The marks of the last `ingest.repeat-window-ms`, at most a million, one item for each group commit; the oldest first. For the hub's start. */
  recentMarks(): Promise<readonly { readonly committedAt: number; readonly marks: readonly MessageMark[] }[]>;
  start(): Promise<void>;
  /** Writes what waits, then closes. Idempotent. */
  stop(): Promise<void>;
}
