import type { BacktestResult, BacktestRule } from '../../api/schema/backtests.ts';
import type { Column } from '../../cli/column.ts';
import { formatAge } from '../../domain/duration.ts';
import { isoInZone } from '../../domain/time-zone.ts';

/** One figure of one rule, or of two beside each other. */
export interface FigureRow {
  readonly figure: string;
  readonly values: readonly (string | number)[];
  /** Of the second to the first. */
  readonly difference: string;
}

/** `files`: where each rule comes from that the hub has not; null: from the hub. */
export function headingOf(
  { from, to, samples, series, samplesLate, elapsedMs, rules }: BacktestResult,
  files: readonly (string | null)[],
  timezone: string,
): string[] {
  const when = (time: number): string => isoInZone(time, timezone).slice(0, 16).replace('T', ' ');
  const speed = `${samples.toLocaleString('en-US')} samples of ${series} ${series === 1 ? 'point' : 'points'} in ${(elapsedMs / 1000).toFixed(1)} s`;
  const names = namesOf(rules, files);
  const lines = [`${names.join(' against ')}, ${when(from)} to ${when(to)} ${timezone}: ${speed}`];
  const late = samplesLate.toLocaleString('en-US');
  if (samplesLate > 0) lines.push(`Note: ${late} of the samples came late: live, they would have raised nothing (--on-time leaves them out).`);
  return [...lines, ...rules.flatMap(({ notes }, index) => notes.map((note) => `Note: ${rules.length > 1 ? `${names[index] ?? ''}: ` : ''}${note}.`))];
}

function namesOf(rules: readonly Pick<BacktestRule, 'rule' | 'version'>[], files: readonly (string | null)[]): string[] {
  return rules.map(({ rule, version }, index) => `${rule} (${version === null ? (files[index] ?? 'a file') : `version ${version}`})`);
}

export function figureRows({ rules, comparison }: BacktestResult): FigureRow[] {
  const rows: FigureRow[] = [];
  const add = (figure: string, value: (rule: BacktestRule) => number, text: (value: number) => string): void => {
    const values = rules.map(value);
    const [a = 0, b] = values;
    rows.push({ figure, values: values.map(text), difference: b === undefined ? '' : signed(b - a, text) });
  };
  add('alarms', ({ totals }) => totals.occurrences, count);
  add('alarms a day', ({ occurrencesPerDay }) => occurrencesPerDay, rate);
  for (const level of levelNames(rules)) add(`  to ${level}`, ({ totals }) => totals.levels[level] ?? 0, count);
  add('alarming', ({ subjectsAlarming }) => subjectsAlarming, count);
  add('watched', ({ subjects }) => subjects, count);
  add('time in alarm', ({ totals }) => totals.activeMs, formatAge);
  add('share of time', ({ activeShare }) => activeShare, share);
  add('longest', ({ totals }) => totals.longestMs, formatAge);
  add('standing at the end', ({ standing }) => standing, count);
  add('notifications', ({ totals: { notifications: n } }) => (n.raised ?? 0) + (n.worse ?? 0) + (n.repeated ?? 0) + (n.cleared ?? 0), count);
  for (const cause of ['raised', 'worse', 'repeated', 'cleared'] as const) add(`  ${cause}`, ({ totals }) => totals.notifications[cause] ?? 0, count);
  if (comparison !== null) {
    rows.push({ figure: 'found by both', values: [count(comparison.bothA), count(comparison.bothB)], difference: '' });
    rows.push({ figure: 'found by one only', values: [count(comparison.onlyA), count(comparison.onlyB)], difference: '' });
  }
  return rows;
}

export function figureColumns(rules: readonly BacktestRule[], files: readonly (string | null)[]): readonly Column<FigureRow>[] {
  const names = namesOf(rules, files);
  const compared = rules.length > 1;
  return [
    { name: compared ? 'figure' : 'back-test', value: ({ figure }) => figure },
    ...names.map(
      (name, index): Column<FigureRow> => ({
        name: compared ? `${'ab'[index] ?? ''}: ${name}` : name,
        value: ({ values }) => values[index],
        right: true,
      }),
    ),
    ...(compared ? [{ name: 'difference', value: ({ difference }: FigureRow) => difference, right: true }] : []),
  ];
}

function levelNames(rules: readonly BacktestRule[]): string[] {
  return [...new Set(rules.flatMap(({ levels }) => levels.map(({ name }) => name)))];
}

function signed(value: number, text: (value: number) => string): string {
  if (value === 0) return '';
  return value > 0 ? `+${text(value)}` : `-${text(-value)}`;
}

const count = (value: number): string => value.toLocaleString('en-US');
const rate = (value: number): string => (value === 0 ? '0' : value < 10 ? value.toPrecision(2) : Math.round(value).toLocaleString('en-US'));
const share = (value: number): string => `${(value * 100).toFixed(value < 0.1 ? 2 : 1)} %`;
