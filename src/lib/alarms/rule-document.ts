import type { RuleId } from '../domain/ids.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { SEVERITIES, type Severity } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Calendar } from './calendar.ts';
import type { Condition, ConditionContext, ScriptRunner } from './conditions/condition.ts';
import { CONDITION_KINDS, conditionKind } from './conditions/registry.ts';
import { type DocumentProblem, pathOf, problemsOfIssues, problemsOfRefusal } from './document-problems.ts';
import { findOversize } from './document-size.ts';
import { compileTemplate } from './message.ts';
import { parseCalendar } from './parse-calendar.ts';
import { scopeOf } from './read-scope.ts';
import type { Rule, RuleAction, Scope } from './rule.ts';
import { calendarSchema, ruleEnvelopeSchema } from './rule-schema.ts';

export type { DocumentProblem } from './document-problems.ts';

export interface RuleContext {
  readonly version: number;
  /** Absent: a rule with a script is refused. */
  readonly scripts?: ScriptRunner;
}

export type ParsedRule =
  /** `enabled` null: the document does not say. */
  { readonly ok: true; readonly rule: Rule; readonly enabled: boolean | null } | { readonly ok: false; readonly problems: readonly DocumentProblem[] };

/** A document such as docs/operate/rules.md describes, read and compiled. All its problems at once. Never throws. */
export function parseRule(document: JsonValue, context: RuleContext): ParsedRule {
  const oversize = findOversize(document);
  if (oversize !== null) return { ok: false, problems: [oversize] };
  const parsed = ruleEnvelopeSchema.safeParse(document, { reportInput: true });
  const problems: DocumentProblem[] = parsed.success ? [] : [...problemsOfIssues(parsed.error.issues, '', keysAt)];
  const condition = readWhen(document, context, problems);
  const calendar = readCalendar(document, problems);
  checkMessage(document, problems);
  if (!parsed.success || condition === null) return { ok: false, problems };
  const given = parsed.data;
  const scope = scopeOf(given.scope);
  problems.push(...findScopeProblems(scope, condition), ...findLevelProblems(Object.keys(given.severities ?? {}), condition));
  if (problems.length > 0) return { ok: false, problems };
  const rule: Rule = {
    id: given.id as RuleId,
    version: context.version,
    description: given.description ?? null,
    scope,
    condition,
    onDelayMs: given.onDelay ?? 0,
    offDelayMs: given.offDelay ?? 0,
    // Once is no repeat.
    repeat: given.repeat === undefined || given.repeat.times === 1 ? null : { times: given.repeat.times, withinMs: given.repeat.within },
    message: given.message ?? null,
    labels: given.labels ?? {},
    latch: given.latch ?? false,
    requiresAck: given.requiresAck ?? true,
    reAlarmMs: given.reAlarm ?? null,
    calendar,
    suppressedBy: (given.suppressedBy ?? []).map(({ rule: by, of }) => ({ rule: by as RuleId, of })),
    actions: (given.actions ?? []).map(actionOf),
    runsAt: given.runsAt ?? 'hub',
    late: given.late ?? 'historical',
  };
  return { ok: true, rule: Object.freeze(rule), enabled: given.enabled ?? null };
}

/** The one kind that is given, compiled; null: its problems are in the list. */
function readWhen(document: JsonValue, context: RuleContext, problems: DocumentProblem[]): Condition | null {
  const when = isRecord(document) && Object.hasOwn(document, 'when') ? document.when : undefined;
  const names = CONDITION_KINDS.map(({ name }) => name);
  if (!isRecord(when)) {
    problems.push({ path: 'when', message: when === undefined ? `is missing: it has one of ${names.join(', ')}` : 'must be an object' });
    return null;
  }
  const keys = Object.keys(when);
  const unknown = keys.filter((key) => conditionKind(key) === undefined);
  for (const key of unknown) {
    const near = nearestName(key, names);
    problems.push({
      path: pathOf('when', key),
      message: `is no kind of condition; ${near === undefined ? `there are ${names.join(', ')}` : `is \`${near}\` meant?`}`,
    });
  }
  if (keys.length !== 1 && unknown.length === 0) problems.push({ path: 'when', message: `must have exactly one of ${names.join(', ')}` });
  const [key = ''] = keys;
  const kind = conditionKind(key);
  if (keys.length !== 1 || kind === undefined) return null;
  const spec = kind.schema.safeParse(when[key], { reportInput: true });
  if (!spec.success) {
    problems.push(...problemsOfIssues(spec.error.issues, pathOf('when', key)));
    return null;
  }
  try {
    return kind.compile(spec.data, conditionContext(document, context));
  } catch (error: unknown) {
    problems.push(...problemsOfRefusal(error, pathOf('when', key)));
    return null;
  }
}

/** Is read on its own, so that a problem elsewhere does not hide its own. */
function readCalendar(document: JsonValue, problems: DocumentProblem[]): Calendar | null {
  const spec = calendarSchema.optional().safeParse(isRecord(document) ? document.calendar : undefined);
  // What its schema says was said with the rest of the document.
  if (!spec.success || spec.data === undefined) return null;
  const { timezone, active = [], except = [] } = spec.data;
  const parsed = parseCalendar({ timezone, active, except });
  if (parsed.ok) return parsed.calendar;
  problems.push(...parsed.problems.map(({ path, message }) => ({ path: pathOf('calendar', path), message })));
  return null;
}

function checkMessage(document: JsonValue, problems: DocumentProblem[]): void {
  if (!isRecord(document) || typeof document.message !== 'string') return;
  const compiled = compileTemplate(document.message);
  if (!compiled.ok) problems.push({ path: 'message', message: `line ${compiled.line}, column ${compiled.column}: ${compiled.message}` });
}

function conditionContext(document: JsonValue, { scripts }: RuleContext): ConditionContext {
  const given = isRecord(document) && isRecord(document.severities) ? document.severities : {};
  const severityOf = (level: string): Severity | undefined => {
    const wanted = Object.hasOwn(given, level) ? given[level] : level;
    return SEVERITIES.find((severity) => severity === wanted);
  };
  return scripts === undefined ? { severityOf } : { severityOf, scripts };
}

function findScopeProblems({ points }: Scope, { subject, kind }: Condition): readonly DocumentProblem[] {
  if (subject === 'point') return points.length > 0 ? [] : [{ path: 'scope.points', message: `is missing: which points does ${kind} watch? * stands for all` }];
  return points.length === 0 ? [] : [{ path: 'scope.points', message: `has no meaning here: ${kind} is evaluated for each ${subject}` }];
}

function findLevelProblems(names: readonly string[], { levels }: Condition): readonly DocumentProblem[] {
  const known = levels.map(({ name }) => name);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: pathOf('severities', name), message: `is no level of this rule; it has ${known.join(', ')}` }));
}

function actionOf({ on, device: other, set, call }: ActionDocument): RuleAction {
  const device = other ?? null;
  if (set !== undefined) return { on, kind: 'set', device, name: set.point, value: set.value };
  return { on, kind: 'call', device, name: call?.name ?? '', value: call?.args ?? null };
}

interface ActionDocument {
  readonly on: 'raised' | 'cleared';
  readonly device?: string | undefined;
  readonly set?: { readonly point: string; readonly value: JsonValue } | undefined;
  readonly call?: { readonly name: string; readonly args?: JsonValue | undefined } | undefined;
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(ruleEnvelopeSchema.shape);
  const [first] = path;
  return first === 'scope' ? ['type', 'group', 'labels', 'device', 'points'] : [];
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Does reading it need the interpreter of a script? Of any value: the document has not been checked. */
export function usesScript(document: JsonValue): boolean {
  const part = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
      ? (value as { readonly [name: string]: JsonValue })[name]
      : undefined;
  return part(part(document, 'when'), 'script') !== undefined;
}
