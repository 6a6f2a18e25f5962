import type { OperatorAction } from '../alarms/operator-action.ts';
import type { Rule } from '../alarms/rule.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import type { Actor } from '../domain/event.ts';
import type { AlarmId, DeviceId, ProjectId, RuleId } from '../domain/ids.ts';
import type { MaintenanceWindow, RuleRecord } from '../domain/rule-record.ts';
import type { Level } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { AlarmEvaluator } from '../ingest/alarm-evaluator.ts';

/** What became of one alarm of a bulk action. */
export interface ActionOutcome {
  readonly id: AlarmId;
  /** As it is then; null: there is no such alarm. */
  readonly alarm: AlarmRecord | null;
  /** null: done. `unchanged`: it was so already. */
  readonly refused: { readonly code: ErrorCode | 'unchanged'; readonly reason: string } | null;
}

/** What is wrong at one place of a document. `path`: as in `when.bands.0.high`, empty for the whole. */
export interface RuleProblem {
  readonly path: string;
  readonly message: string;
}
export type ReadRule = { readonly rule: Rule } | { readonly problems: readonly RuleProblem[] };

/** The rules of the hub, hot: a change is in force when its promise resolves. */
export interface Rules {
  list(project: ProjectId): readonly RuleRecord[];
  /** Throws not_found. */
  get(project: ProjectId, id: string): RuleRecord;
  /** Newest first. Throws not_found when there never was such a rule. */
  versions(project: ProjectId, id: string): Promise<readonly RuleRecord[]>;
  /** Throws `invalid` with every problem of the document (details.problems), `conflict`, `limit_reached`. */
  create(project: ProjectId, document: JsonValue, actor: Actor): Promise<RuleRecord>;
  /** The document whole. `version`: refused with `conflict` unless it is the one in force; null: whichever is. */
  update(project: ProjectId, id: string, document: JsonValue, version: number | null, actor: Actor): Promise<RuleRecord>;
  /** Its alarms are withdrawn. */
  delete(project: ProjectId, id: string, actor: Actor): Promise<void>;
  setEnabled(project: ProjectId, id: string, enabled: boolean, actor: Actor): Promise<RuleRecord>;
  /** What a document says, or all that is wrong with it. Never throws. */
  check(document: JsonValue): ReadRule;
  /** Before `check` of a document that is not stored: else a mistake in its script is found when it runs. */
  prepare(document: JsonValue): Promise<void>;
  /** Those that are enabled and could be read, at the hub and at the edge, by id. */
  inForce(project: ProjectId): readonly Rule[];
  /** Why it cannot be read; empty: it can. */
  problems(project: ProjectId, id: string): readonly RuleProblem[];
  /** Read and compiled; null: a document of an older release that this one cannot read (the log and event rule.failed say why). */
  compiled(project: ProjectId, id: string): Rule | null;
  /** What it watches now, as `device/point`, device or group, in pages by that text. */
  subjects(project: ProjectId, rule: Rule, limit: number, after: string | null): Promise<{ readonly items: readonly string[]; readonly count: number }>;
}

export interface Maintenances {
  list(project: ProjectId): readonly MaintenanceWindow[];
  create(project: ProjectId, window: Pick<MaintenanceWindow, 'scope' | 'from' | 'to' | 'reason'>, actor: Actor): Promise<MaintenanceWindow>;
  /** Ends it at once. */
  delete(project: ProjectId, id: string, actor: Actor): Promise<void>;
}

export interface Alarms {
  /** Those that are live, in no order. */
  live(project: ProjectId): Iterable<AlarmRecord>;
  /** Live ones from memory, closed ones from the disk. Throws not_found. */
  get(project: ProjectId, id: string): Promise<AlarmRecord>;
  /**
   * All in one transaction; each is told what became of it. `dryRun` only says what would. Throws `invalid` for an action that no alarm takes, such as a
   * shelving longer than alarms.shelve-max-ms.
   */
  act(project: ProjectId, ids: readonly AlarmId[], action: OperatorAction, actor: Actor, dryRun: boolean): Promise<readonly ActionOutcome[]>;
  /** To shelve, suppress or take out of service what is normal at the moment: makes the record. Throws not_found, `invalid`. */
  actOnSubject(project: ProjectId, rule: string, device: string, point: string | null, action: OperatorAction, actor: Actor): Promise<ActionOutcome>;
  /**
   * An alarm that a gateway found itself. Resolves when it is on disk, with the alarm as it is then; null: back to normal, and it never was anything else. Throws
   * `invalid`, `not_found`, `limit_reached`, and `conflict` for what is older than the last change and for a rule that the hub evaluates.
   */
  reported(device: DeviceId, report: EdgeReport, receivedAt: number): Promise<AlarmRecord | null>;
}

/** How one rule stands on one subject. */
export interface EvaluationView {
  /** Confirmed; null: normal. */
  readonly level: Level | null;
  /** What waits for a delay or for repeats, since when, and until when at the latest; null: it waits for samples. */
  readonly pending: { readonly level: Level | null; readonly since: number; readonly dueAt: number | null } | null;
  readonly explanation: string;
  /** Of the newest sample that was looked at. */
  readonly lastTime: number | null;
}

/** What an edge says of an alarm: the topic `devices/<device>/alarm`, or the same over HTTP. */
export interface EdgeReport {
  /** Of the rule at the edge; it need not be known to the hub. */
  readonly rule: string;
  readonly ruleVersion?: number;
  readonly point?: string;
  /** Time of the change, ms since 1970; absent: now. */
  readonly ts?: number;
  /** null or absent: back to normal. */
  readonly level?: string | null;
  readonly severity?: string;
  readonly value?: JsonValue;
  readonly message?: string;
  readonly explanation?: string;
}

export interface SupervisionCounts {
  readonly rules: number;
  readonly rulesFailing: number;
  /** Points that at least one rule watches. */
  readonly pointsWatched: number;
  readonly alarmsLive: number;
  readonly alarmsActive: number;
  readonly alarmsUnacked: number;
  readonly timers: number;
  /** Since the start. */
  readonly samplesEvaluated: number;
  /** That wait until the hub, which has just started, is where it was; now. */
  readonly samplesWaiting: number;
  readonly transitions: number;
  /** Events of alarms that are not on disk, now. */
  readonly uncommitted: number;
  /** Rules on subjects that are not quiet, now. */
  readonly evaluations: number;
  /** The same of late data, now. */
  readonly lateEvaluations: number;
  /** Samples that a script has not answered for, now. */
  readonly scriptsWaiting: number;
  /** What rules set or call that no device has taken, now. */
  /** What rules asked of devices. */
  readonly commandsAsked: number;
  /** Not done because a limit was reached, since the start. */
  readonly dropped: {
    /** Alarms: limits.alarms-live-per-project. */
    readonly alarms: number;
    /** Samples: limits.evaluations. */
    readonly evaluations: number;
    /** Late samples: limits.late-evaluations. */
    readonly late: number;
    /** Samples: limits.scripts-waiting. */
    readonly scripts: number;
    /** Actions of rules: too many, or not taken within an hour. */
    readonly commands: number;
    /** limits.alarm-events-waiting. */
    readonly events: number;
    /** Samples that came while the hub started: more than may wait. */
    readonly waiting: number;
  };
}

/** The alarm engine of a hub. */
export interface Supervision {
  readonly evaluator: AlarmEvaluator;
  readonly rules: Rules;
  readonly maintenances: Maintenances;
  readonly alarms: Alarms;
  readonly counts: () => SupervisionCounts;
  /** null: the rule does not watch it, or nothing is held of it and it is normal. */
  inspect(project: ProjectId, rule: RuleId, subject: AlarmSubject): EvaluationView | null;
  /** A device, its type, labels or parent changed, or it is gone. */
  deviceChanged(device: DeviceId): void;
  /** Reads what is on disk, shows conditions their history, and starts the clock. Resolves when live samples may come. */
  start(): Promise<void>;
  /** Commits what waits. Idempotent. */
  stop(): Promise<void>;
}
