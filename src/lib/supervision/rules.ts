import { isDeepStrictEqual } from 'node:util';
import type { Rule } from '../alarms/rule.ts';
import type { Actor, EventKind, HubEvent } from '../domain/event.ts';
import type { ProjectId, RuleId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { RuleRecord } from '../domain/rule-record.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import { createChangeOrder } from '../fleet/change-order.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { Directory } from '../fleet/directory.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import type { ReadRule, RuleProblem, Rules } from './supervision.ts';
import { subjectsOf } from './watched-subjects.ts';

/** A rule is new, another, or no more. */
export interface RuleChange {
  readonly project: ProjectId;
  readonly id: RuleId;
  /** What was in force; null: nothing (it is new, was disabled, or could not be read). */
  readonly before: Rule | null;
  /** What is in force now; null: nothing, its alarms are withdrawn. */
  readonly after: Rule | null;
  /** In words for the alarms that are withdrawn: `the rule is disabled`. */
  readonly reason: string;
  readonly actor: Actor;
}

export interface RulesPorts {
  readonly storage: Pick<AlarmStorage, 'rules' | 'evaluations' | 'events'>;
  readonly log: CommitLog;
  readonly recorder: Pick<EventRecorder, 'record' | 'complete'>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly directory: Directory;
  readonly hubLog: Log;
  /** ms since 1970 */
  readonly clock: () => number;
  readonly rulesPerProjectMax: number;
  /** Reads and compiles a document (alarms/rule-document.ts, with what scripts need). Never throws. */
  readonly read: (document: JsonValue, version: number) => ReadRule;
  /** Loads what reading it needs, such as the interpreter of its script. Absent: nothing. */
  readonly prepare?: (document: JsonValue) => Promise<void>;
  /** Called when the document is on disk, one after the other. Its promise is waited for: the change is in force then. Must not reject. */
  readonly onRuleChanged: (change: RuleChange) => Promise<void> | void;
}

/** The rules, as the engine has them. */
export interface HotRules extends Rules {
  /** Reads what is on disk. A document that cannot be read (of another release) is kept, out of force, and reported. */
  load(): Promise<void>;
  /** With rules, in force or not. */
  projects(): Iterable<ProjectId>;
  readonly count: number;
  /** Enabled, and cannot be read. */
  readonly failing: number;
}

/** A script may be long, a list of bands is not. */
const DOCUMENT_BYTES_MAX = 262_144;

interface Entry {
  readonly record: RuleRecord;
  readonly read: ReadRule;
}

export function createRules(ports: RulesPorts): HotRules {
  const { storage, log, recorder, stream, clock } = ports;
  const projects = new Map<ProjectId, Map<RuleId, Entry>>();
  const forces = new Map<ProjectId, readonly Rule[]>();
  const order = createChangeOrder();

  const rulesOf = (project: ProjectId): ReadonlyMap<RuleId, Entry> => projects.get(project) ?? NONE;

  function entryOf(project: ProjectId, id: string): Entry {
    const entry = rulesOf(project).get(id as RuleId);
    if (!entry) throw noRule(id);
    return entry;
  }

  function put(record: RuleRecord, read: ReadRule): void {
    const rules = projects.get(record.project) ?? new Map<RuleId, Entry>();
    projects.set(record.project, rules);
    rules.set(record.id, { record, read });
    forces.delete(record.project);
  }

  /** Reads it once more: a rule that is compiled knows its version. */
  async function readOrRefuse(document: JsonValue, version: number): Promise<{ readonly rule: Rule; readonly document: RuleRecord['document'] }> {
    await ports.prepare?.(document);
    const read: ReadRule = documentBytes(document) > DOCUMENT_BYTES_MAX ? { problems: [tooLarge(document)] } : ports.read(document, version);
    if ('problems' in read) throw unreadable(read.problems);
    return { rule: read.rule, document: document as RuleRecord['document'] };
  }

  /** The change and its event, in one transaction; then the engine follows. */
  async function commit(change: {
    readonly kind: EventKind;
    readonly statements: readonly Statement[];
    readonly record: RuleRecord;
    readonly actor: Actor;
    readonly text: string;
    readonly details?: HubEvent['details'];
    readonly inMemory: () => void;
  }): Promise<void> {
    const { record, actor, kind, text } = change;
    const event = recorder.complete({
      ...{ project: record.project, time: clock(), kind, actor, severity: null, device: null, point: null, alarm: null },
      rule: record.id,
      text,
      details: { version: record.version, ...change.details },
    });
    await commitOrExplain(log, [...change.statements, storage.events.insert([event])], {
      unique: () => new MusterError('conflict', `there is a rule ${record.id} already`, { hint: 'Change it with `muster rule update`.' }),
      stale: () => new MusterError('conflict', `the rule ${record.id} changed in the meantime`, { hint: 'Look at it again with `muster rule show`.' }),
    });
    const before = inForceOf(rulesOf(record.project).get(record.id));
    change.inMemory();
    const after = inForceOf(rulesOf(record.project).get(record.id));
    stream.publish([event]);
    if (before !== after) await ports.onRuleChanged({ project: record.project, id: record.id, before, after, reason: text, actor });
  }

  const rules: HotRules = {
    async load() {
      for (const record of await storage.rules.all()) {
        await ports.prepare?.(record.document);
        const read = ports.read(record.document, record.version);
        put(record, read);
        if ('problems' in read && record.enabled) reportUnreadable(record, read.problems);
      }
    },
    inForce(project) {
      let force = forces.get(project);
      if (!force) {
        force = sorted(rulesOf(project)).flatMap((entry) => inForceOf(entry) ?? []);
        forces.set(project, force);
      }
      return force;
    },
    projects: () => projects.keys(),
    get count() {
      return [...projects.values()].reduce((sum, entries) => sum + entries.size, 0);
    },
    get failing() {
      let count = 0;
      for (const entries of projects.values()) for (const { record, read } of entries.values()) if (record.enabled && 'problems' in read) count += 1;
      return count;
    },

    list: (project) => sorted(rulesOf(project)).map(({ record }) => record),
    get: (project, id) => entryOf(project, id).record,
    async versions(project, id) {
      const versions = await storage.rules.versions(project, id as RuleId);
      if (versions.length === 0) throw noRule(id);
      return versions;
    },
    prepare: async (document) => ports.prepare?.(document),
    check: (document) => (documentBytes(document) > DOCUMENT_BYTES_MAX ? { problems: [tooLarge(document)] } : ports.read(document, 1)),
    problems(project, id) {
      const { read } = entryOf(project, id);
      return 'problems' in read ? read.problems : [];
    },
    compiled(project, id) {
      const { read } = entryOf(project, id);
      return 'rule' in read ? read.rule : null;
    },

    create: (project, document, actor) =>
      order.alone(async () => {
        const { rule: first } = await readOrRefuse(document, 1);
        if (rulesOf(project).has(first.id))
          throw new MusterError('conflict', `there is a rule ${first.id} already`, { hint: 'Change it with `muster rule update`.' });
        if (rulesOf(project).size >= ports.rulesPerProjectMax)
          throw new MusterError('limit_reached', `the project has ${ports.rulesPerProjectMax} rules already (limits.rules-per-project)`);
        const [last] = await storage.rules.versions(project, first.id);
        const version = (last?.version ?? 0) + 1;
        const read = await readOrRefuse(document, version);
        const record: RuleRecord = {
          ...{ id: first.id, project, version, document: read.document, createdAt: clock(), createdBy: actor },
          enabled: read.document.enabled !== false,
        };
        await commit({
          ...{ kind: 'rule.created', record, actor, text: `the rule ${record.id} is new` },
          statements: storage.rules.insert(record),
          inMemory: () => put(record, { rule: read.rule }),
        });
        return record;
      }),

    update: (project, id, document, version, actor) =>
      order.alone(async () => {
        const { record: current } = entryOf(project, id);
        if (version !== null && version !== current.version) {
          throw new MusterError('conflict', `the rule ${id} has version ${current.version}, not ${version}`, {
            hint: 'Look at it again with `muster rule show`: somebody changed it.',
            details: { version: current.version },
          });
        }
        const named = withId(document, current.id);
        const read = await readOrRefuse(named, current.version + 1);
        if (read.rule.id !== current.id) {
          throw new MusterError('invalid', `the document is of the rule ${read.rule.id}, not of ${id}`, {
            hint: 'A rule keeps its id; make another one.',
            details: { problems: [{ path: 'id', message: `is not ${id}` }] },
          });
        }
        // What does not say whether it is enabled leaves it as it is: a better threshold does not switch a rule on.
        const enabled = typeof read.document.enabled === 'boolean' ? read.document.enabled : current.enabled;
        if (isDeepStrictEqual(read.document, current.document) && enabled === current.enabled) return current;
        const record: RuleRecord = { ...current, version: current.version + 1, enabled, document: read.document, createdAt: clock(), createdBy: actor };
        await commit({
          ...{ kind: 'rule.updated', record, actor, text: `the rule ${id} has version ${record.version}` },
          statements: storage.rules.update(record),
          details: { before: current.version },
          inMemory: () => put(record, { rule: read.rule }),
        });
        return record;
      }),

    delete: (project, id, actor) =>
      order.alone(async () => {
        const { record } = entryOf(project, id);
        await commit({
          ...{ kind: 'rule.deleted', record, actor, text: `the rule ${id} is deleted` },
          statements: [storage.rules.remove(project, record.id), storage.evaluations.removeOfRule(project, record.id)],
          inMemory: () => {
            projects.get(project)?.delete(record.id);
            forces.delete(project);
          },
        });
      }),

    setEnabled: (project, id, enabled, actor) =>
      order.alone(async () => {
        const { record: current, read } = entryOf(project, id);
        if (current.enabled === enabled) return current;
        if (enabled && 'problems' in read) throw unreadable(read.problems);
        const record: RuleRecord = { ...current, enabled };
        await commit({
          ...{ kind: enabled ? 'rule.enabled' : 'rule.disabled', record, actor, text: `the rule ${id} is ${enabled ? 'enabled' : 'disabled'}` },
          statements: [storage.rules.setEnabled(project, current.id, enabled)],
          inMemory: () => put(record, read),
        });
        return record;
      }),

    subjects: (project, rule, limit, after) => subjectsOf(ports.directory, project, rule, limit, after),
  };
  return rules;

  function reportUnreadable(record: RuleRecord, problems: readonly RuleProblem[]): void {
    const why = problemText(problems);
    ports.hubLog.warn({ project: record.project, rule: record.id, version: record.version, problems }, 'a rule cannot be read and is not in force');
    recorder.record({
      ...{ project: record.project, time: clock(), kind: 'rule.failed', actor: 'hub', severity: null, device: null, point: null, alarm: null },
      rule: record.id,
      text: `the rule ${record.id} cannot be read and is not in force: ${why}`,
      details: { version: record.version, problems: problems.map(({ path, message }) => ({ path, message })) },
    });
  }
}

const NONE: ReadonlyMap<RuleId, Entry> = new Map();

function documentBytes(document: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(document));
}

function tooLarge(document: JsonValue): RuleProblem {
  return { path: '', message: `has ${documentBytes(document)} bytes; ${DOCUMENT_BYTES_MAX} are the most` };
}

function inForceOf(entry: Entry | undefined): Rule | null {
  return entry?.record.enabled && 'rule' in entry.read ? entry.read.rule : null;
}

function sorted(entries: ReadonlyMap<RuleId, Entry>): Entry[] {
  return [...entries.values()].sort((one, other) => (one.record.id < other.record.id ? -1 : 1));
}

/** A document without an id is of the rule that it is given for. */
function withId(document: JsonValue, id: RuleId): JsonValue {
  if (typeof document !== 'object' || document === null || Array.isArray(document) || Object.hasOwn(document, 'id')) return document;
  return { id, ...(document as { readonly [name: string]: JsonValue }) };
}

export function problemText(problems: readonly RuleProblem[]): string {
  return problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
}

/** With all that is wrong, so that it is corrected at once. */
export function unreadable(problems: readonly RuleProblem[]): MusterError {
  const text = problemText(problems);
  return new MusterError('invalid', problems.length === 1 ? `the rule is wrong: ${text}` : `the rule is wrong in ${problems.length} places: ${text}`, {
    hint: 'docs/operate/rules.md shows how a rule is written.',
    details: { problems: problems.map(({ path, message }) => ({ path, message })) },
  });
}

function noRule(id: string): MusterError {
  return new MusterError('not_found', `there is no rule ${id.slice(0, 130)}`, { hint: 'List them with `muster rule list`.' });
}
