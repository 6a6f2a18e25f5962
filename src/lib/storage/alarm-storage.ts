import type { AlarmRecord } from '../domain/alarm.ts';
import type { EventKind, HubEvent } from '../domain/event.ts';
import type { AlarmId, ChannelId, DeviceId, EventId, ProjectId, RouteId, RuleId } from '../domain/ids.ts';
import type { Channel, DeliveryState, OutboxEntry, Route } from '../domain/notification.ts';
import type { MaintenanceWindow, RuleRecord } from '../domain/rule-record.ts';
import type { Severity } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Statement } from './commit-log.ts';
import type { Page, PageRequest } from './page.ts';

/** What is kept of an evaluation between a restart and the next sample. `subject`: as subjectKey writes it. */
export interface SavedEvaluation {
  readonly project: ProjectId;
  readonly rule: RuleId;
  readonly subject: string;
  readonly state: JsonValue;
}

/** Half-open range of times; absent lists do not narrow. */
export interface AlarmFilter {
  readonly project: ProjectId;
  readonly closed?: boolean;
  readonly historical?: boolean;
  readonly severities?: readonly Severity[];
  readonly rules?: readonly RuleId[];
  readonly devices?: readonly DeviceId[];
  /** By when it was raised. */
  readonly from?: number;
  readonly to?: number;
}

export interface EventFilter {
  readonly project: ProjectId;
  readonly kinds?: readonly EventKind[];
  readonly severities?: readonly Severity[];
  readonly devices?: readonly DeviceId[];
  readonly rules?: readonly RuleId[];
  readonly alarm?: AlarmId;
  /** By its own time. */
  readonly from?: number;
  readonly to?: number;
  /** Committed after this one: where a reader goes on. Gives the oldest first. */
  readonly after?: EventId;
  /** The oldest first, without `after` too. */
  readonly oldestFirst?: boolean;
}

export interface OutboxFilter {
  readonly project: ProjectId;
  readonly channel?: ChannelId;
  readonly alarm?: AlarmId;
  readonly states?: readonly DeliveryState[];
}

/**
 * Rules, alarms, events and notifications on disk. Reads answer at once; changes are statements, committed by the caller, alone or with the samples that caused
 * them. Statements that take a list write all of it as one (json_each), in the order given, and do nothing for an empty list.
 */
export interface AlarmStorage {
  readonly rules: {
    all(): Promise<readonly RuleRecord[]>;
    /** Newest first; those of a deleted rule too. */
    versions(project: ProjectId, id: RuleId): Promise<readonly RuleRecord[]>;
    /** The first version (or, after a deletion, the next); refused with `unique` when there is such a rule. */
    insert(rule: RuleRecord): readonly Statement[];
    /** Refused with `stale` unless the stored version is the one before. */
    update(rule: RuleRecord): readonly Statement[];
    /** Changes no version. Refused with `stale` when there is no such rule. */
    setEnabled(project: ProjectId, id: RuleId, enabled: boolean): Statement;
    remove(project: ProjectId, id: RuleId): Statement;
  };
  readonly maintenances: {
    all(): Promise<readonly MaintenanceWindow[]>;
    insert(window: MaintenanceWindow): Statement;
    /** Must change one row. */
    remove(project: ProjectId, id: string): Statement;
    removeEnded(before: number): Statement;
  };
  readonly alarms: {
    /** All that are not closed, those that are historical too. For the hub's start. */
    live(): Promise<readonly AlarmRecord[]>;
    /** Live ones that cannot be read: they stand in the way of what is raised next. */
    unreadable(): Promise<readonly AlarmId[]>;
    /** Takes them from those that are live. Nothing else of them is changed. */
    setAside(ids: readonly AlarmId[], at: number): Statement;
    byId(project: ProjectId, id: AlarmId): Promise<AlarmRecord | null>;
    /** Last raised first; those that never were by when they were made. */
    list(filter: AlarmFilter, page: PageRequest): Promise<Page<AlarmRecord>>;
    /** Writes records whole, new ones and changed ones. A live record of the same rule and subject with another id is refused with `unique`. */
    put(records: readonly AlarmRecord[]): Statement;
    /** Those closed before this time go, the oldest first, at most `max` at once; the receipt says how many. */
    removeClosed(project: ProjectId, before: number, max: number): Statement;
  };
  readonly evaluations: {
    all(): Iterable<SavedEvaluation>;
    /** A state of null removes it. */
    put(evaluations: readonly SavedEvaluation[]): Statement;
    removeOfRule(project: ProjectId, rule: RuleId): Statement;
  };
  readonly events: {
    /** Their order here is that of the journal. One that is there already stays as it is. */
    insert(events: readonly HubEvent[]): Statement;
    /** Last recorded first, unless `after` is given. */
    list(filter: EventFilter, page: PageRequest): Promise<Page<HubEvent>>;
    count(filter: EventFilter): Promise<number>;
    /** Those recorded before this time go, at most `max` at once; the receipt says how many. */
    removeOld(before: number, max: number): Statement;
    /** With more than `keep` of all projects together, the oldest go, at most `max` at once; the receipt says how many. */
    removeBeyond(keep: number, max: number): Statement;
  };
  readonly channels: {
    all(): Promise<readonly Channel[]>;
    insert(channel: Channel): Statement;
    update(channel: Channel): Statement;
    remove(project: ProjectId, id: ChannelId): Statement;
  };
  readonly routes: {
    all(): Promise<readonly Route[]>;
    insert(route: Route): Statement;
    update(route: Route): Statement;
    remove(project: ProjectId, id: RouteId): Statement;
  };
  readonly outbox: {
    /** What still waits, by due time: for the hub's start. */
    waiting(): Promise<readonly OutboxEntry[]>;
    list(filter: OutboxFilter, page: PageRequest): Promise<Page<OutboxEntry>>;
    /** One that is there already stays as it is. */
    insert(entries: readonly OutboxEntry[]): Statement;
    /** State, delivery, attempts, due time, settled time and error of entries that exist. */
    update(entries: readonly OutboxEntry[]): Statement;
    /** The oldest first, at most `max` at once; the receipt says how many. */
    removeSettled(before: number, max: number): Statement;
  };
  /** When the hub was last known to be awake, ms since 1970; null: never. Its downtime is nobody's silence. */
  awakeAt(): Promise<number | null>;
  awake(at: number): Statement;
}
