import type { BacktestOccurrence, BacktestResult } from '../../api/schema/backtests.ts';
import type { Column } from '../../cli/column.ts';
import { formatAge } from '../../domain/duration.ts';
import { zonedTimeColumn } from '../sample-columns.ts';

/** One occurrence of one of the rules, as a row. */
export interface OccurrenceRow extends BacktestOccurrence {
  readonly rule: string;
  /** Which rule of a comparison: a or b. */
  readonly side: 'a' | 'b';
}

/** Of a comparison only what differs, unless `all`. */
export function occurrenceRows({ rules, comparison }: BacktestResult, all: boolean): OccurrenceRow[] {
  const rows = rules.flatMap(({ rule, occurrences }, index) =>
    occurrences.map((occurrence): OccurrenceRow => ({ ...occurrence, rule, side: index === 0 ? 'a' : 'b' })),
  );
  const shown = comparison === null || all ? rows : rows.filter(({ inBoth }) => inBoth !== true);
  return shown.toSorted((one, other) => one.raisedAt - other.raisedAt);
}

export function subjectText({ device, point, group }: BacktestOccurrence['subject']): string {
  if (device === null) return `group ${group ?? ''}`;
  return point === null ? device : `${device} ${point}`;
}

export function occurrenceColumns(timezone: string, compared: boolean): readonly Column<OccurrenceRow>[] {
  const sides: readonly Column<OccurrenceRow>[] = [
    { name: 'found-by', value: ({ inBoth, side }) => (inBoth === true ? `${side} (both)` : `only ${side}`), keep: true },
  ];
  return [
    { ...zonedTimeColumn<OccurrenceRow>('raised-at', (row) => row.raisedAt, timezone), keep: true },
    ...(compared ? sides : []),
    { name: 'level', value: ({ level }) => level.name, keep: true },
    { name: 'severity', value: ({ level }) => level.severity, wide: true },
    { name: 'device', value: ({ subject }) => subject.device, text: ({ subject }) => subject.device ?? `group ${subject.group ?? ''}`, whole: true },
    { name: 'point', value: ({ subject }) => subject.point, keep: true },
    { name: 'group', value: ({ subject }) => subject.group, wide: true },
    {
      name: 'duration',
      value: ({ durationMs }) => durationMs,
      text: ({ durationMs, clearedAt }) => `${formatAge(durationMs)}${clearedAt === null ? ' +' : ''}`,
      right: true,
    },
    { ...zonedTimeColumn<OccurrenceRow>('cleared-at', (row) => row.clearedAt, timezone), whole: true, drop: 2 },
    { name: 'lowest', value: ({ lowest }) => lowest, text: ({ lowest }) => figureText(lowest), right: true, drop: 3 },
    { name: 'highest', value: ({ highest }) => highest, text: ({ highest }) => figureText(highest), right: true, drop: 3 },
    { name: 'changes', value: ({ changesCount }) => changesCount, right: true, wide: true },
    { name: 'explanation', value: ({ explanation }) => explanation, wrap: true, drop: 1 },
    { name: 'rule', value: ({ rule }) => rule, wide: true },
  ];
}

/** For people: sensors have no more digits that mean something, and sums in floating point have too many. */
function figureText(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(6)));
}
