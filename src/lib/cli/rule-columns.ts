import type { DeviceRule, Maintenance, Rule, RuleExplained, RuleShown, RuleStanding, RuleSubject } from '../api/schema/rules.ts';
import { type Column, isoTime, timeColumn } from './column.ts';

const levelsText = (levels: Rule['levels']): string =>
  levels
    .toReversed()
    .map(({ name, severity }) => (name === severity ? name : `${name} (${severity})`))
    .join(', ');

export const RULE_COLUMNS: readonly Column<Rule>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'state', value: (row) => row.state, keep: true },
  { name: 'kind', value: (row) => row.kind },
  { name: 'levels', value: (row) => row.levels, text: (row) => levelsText(row.levels), drop: 3 },
  { name: 'runs-at', value: (row) => row.runsAt, drop: 2 },
  { name: 'version', value: (row) => row.version, right: true },
  timeColumn('changed', (row) => row.createdAt, { drop: 1 }),
  { name: 'by', value: (row) => row.createdBy, drop: 1 },
  { name: 'description', value: (row) => row.description, wrap: true, drop: 4 },
  { name: 'problems', value: (row) => row.problems, text: (row) => row.problems.map(problemText).join('; '), wide: true },
];

export const RULE_SHOWN_COLUMNS: readonly Column<RuleShown>[] = [...RULE_COLUMNS, { name: 'watches', value: (row) => row.watches, right: true }];

export const RULE_SUBJECT_COLUMNS: readonly Column<RuleSubject>[] = [
  { name: 'subject', value: (row) => row.subject, wide: true },
  { name: 'device', value: (row) => row.device },
  { name: 'point', value: (row) => row.point, keep: true },
  { name: 'group', value: (row) => row.group },
];

/** One of several rules of a file, and what became of it. */
export interface RuleRow {
  readonly id: string;
  /** created, updated, unchanged, failed, or what would be. */
  readonly status: string;
  readonly version: number | null;
  readonly watches: number | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly notes: readonly string[];
  /** What is wrong with it, all at once. */
  readonly problems: readonly { readonly path: string; readonly message: string; readonly file?: string; readonly line?: number }[];
}

export const RULE_ROW_COLUMNS: readonly Column<RuleRow>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'status', value: (row) => row.status, keep: true },
  { name: 'version', value: (row) => row.version, right: true },
  { name: 'watches', value: (row) => row.watches, right: true },
  { name: 'code', value: (row) => row.code },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'notes', value: (row) => row.notes, text: (row) => row.notes.join('; '), wide: true },
];

export const RULE_EXPLAINED_COLUMNS: readonly Column<RuleExplained>[] = [
  { name: 'rule', value: (row) => row.id },
  { name: 'state', value: (row) => row.state },
  { name: 'version', value: (row) => row.version },
  { name: 'words', value: (row) => row.words, text: (row) => row.words.join(' ') },
  { name: 'watches', value: (row) => row.watches },
  { name: 'examples', value: (row) => row.examples, text: (row) => row.examples.join(', ') },
  { name: 'alarms', value: (row) => row.alarms.live },
  { name: 'active', value: (row) => row.alarms.active },
  { name: 'unacked', value: (row) => row.alarms.unacked },
  { name: 'problems', value: (row) => row.problems, text: (row) => row.problems.map(problemText).join('; ') },
];

export const DEVICE_RULE_COLUMNS: readonly Column<DeviceRule>[] = [
  { name: 'rule', value: (row) => row.rule },
  { name: 'holds', value: (row) => row.holds, text: (row) => (row.holds ? 'yes' : 'no'), keep: true },
  { name: 'level', value: (row) => worst(row.standing)?.level?.name ?? null },
  { name: 'why', value: (row) => row.why, wrap: true },
  { name: 'state', value: (row) => row.state, wide: true },
  { name: 'version', value: (row) => row.version, wide: true },
  { name: 'runs-at', value: (row) => row.runsAt, wide: true },
];

export const STANDING_COLUMNS: readonly Column<RuleStanding & { readonly rule: string }>[] = [
  { name: 'rule', value: (row) => row.rule },
  { name: 'subject', value: (row) => row.subject, keep: true },
  { name: 'value', value: (row) => row.value ?? null, right: true },
  timeColumn('time', (row) => row.valueTime, { drop: 1 }),
  { name: 'level', value: (row) => row.level?.name ?? null, text: (row) => row.level?.name ?? 'normal' },
  { name: 'pending', value: (row) => row.pending, text: pendingText },
  { name: 'alarm', value: (row) => row.alarm?.state ?? null },
  { name: 'explanation', value: (row) => row.explanation, wrap: true },
];

export const MAINTENANCE_COLUMNS: readonly Column<Maintenance>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'state', value: (row) => row.state, keep: true },
  timeColumn('from', (row) => row.from),
  timeColumn('to', (row) => row.to),
  { name: 'scope', value: (row) => row.scope, text: (row) => scopeText(row.scope), wrap: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'by', value: (row) => row.createdBy, drop: 1 },
];

function pendingText({ pending }: RuleStanding): string {
  if (pending === null) return '';
  const what = pending.level?.name ?? 'normal';
  return pending.dueAt === null ? `${what}, waits for samples` : `${what} at ${isoTime(pending.dueAt)}`;
}

function worst(standing: readonly RuleStanding[]): RuleStanding | undefined {
  return standing.find(({ level }) => level !== null);
}

function scopeText(scope: Maintenance['scope']): string {
  const parts = Object.entries(scope).map(([part, wanted]) => `${part}=${Array.isArray(wanted) ? wanted.join(',') : String(wanted)}`);
  return parts.length === 0 ? 'every device' : parts.join(' ');
}

export function problemText({ path, message }: { readonly path: string; readonly message: string }): string {
  return path === '' ? message : `${path}: ${message}`;
}
