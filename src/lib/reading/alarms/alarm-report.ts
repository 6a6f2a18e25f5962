import { TARGETS } from '../../alarms/statistics/alarm-statistics.ts';
import type { AlarmStats } from '../../api/schema/alarms.ts';
import { placeOf, refOf, severityColour } from '../../cli/alarm-columns.ts';
import type { Column } from '../../cli/column.ts';
import { TableLayout, type TableStyle } from '../../cli/table.ts';
import { formatAge } from '../../domain/duration.ts';
import { isoInZone } from '../../domain/time-zone.ts';
import { title } from './story-options.ts';

interface ReportOptions {
  readonly timezone: string;
  readonly style: TableStyle;
}

const percent = (share: number): string => {
  const figure = share * 100;
  return `${figure < 10 && !Number.isInteger(Math.round(figure * 10) / 10) ? figure.toFixed(1) : Math.round(figure)} %`;
};
/** Of fewer, ten are always a large part. */
const SHARED_LEAST = 100;
const rounded = (figure: number): string => (Number.isInteger(figure) ? String(figure) : figure.toFixed(figure < 10 ? 2 : 1));
const FLOODS_SHOWN = 10;

/** The figures for people, each beside what ISA-18.2 and EEMUA 191 recommend. */
export async function alarmReport(stats: AlarmStats, options: ReportOptions): Promise<string> {
  const at = (time: number): string => isoInZone(time, options.timezone);
  const { standing } = stats;
  const parts = [
    `From ${at(stats.from)} to ${at(stats.to)} (${formatAge(stats.to - stats.from)}), for ${stats.operators === 1 ? 'one operator' : `${stats.operators} operators`}${stats.complete ? '' : '. The journal has more than could be read: a shorter --since covers all of its time'}`,
    `${title('Standing now', options)}\n${standing.live} live, ${standing.active} active, ${standing.unacknowledged} not acknowledged${listed(standing.byState)}\nOf the active ones: ${listed(standing.bySeverity).replace(/^: /, '')}`,
    await section('Load', loadRows(stats), LOAD_COLUMNS, options),
    await section('Severities of what people were told', stats.severities, SEVERITY_COLUMNS, options),
  ];
  if (stats.talkers.length > 0) parts.push(await section('The most frequent', stats.talkers, TALKER_COLUMNS, options));
  if (stats.chattering.length > 0)
    parts.push(await section('Chattering (more than three changes within a minute)', stats.chattering, CHATTER_COLUMNS, options));
  if (stats.stale.length > 0) parts.push(await section(`Stale (active for more than a day): ${stats.staleCount}`, stats.stale, staleColumns(at), options));
  if (stats.floods.length > 0) {
    const more = stats.floods.length > FLOODS_SHOWN ? `, the first ${FLOODS_SHOWN} of ${stats.floods.length}` : '';
    parts.push(
      await section(`Floods (more than ten in ten minutes, for each operator)${more}`, stats.floods.slice(0, FLOODS_SHOWN), floodColumns(at), options),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

async function section<Row>(heading: string, rows: readonly Row[], columns: readonly Column<Row>[], options: ReportOptions): Promise<string> {
  return `${title(heading, options)}\n${await new TableLayout(columns, options.style, true).lines(rows)}`.trimEnd();
}

function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

interface LoadRow {
  readonly figure: string;
  readonly value: string;
  readonly target: string;
  /** null: nothing is recommended, or there are too few to say. */
  readonly good: boolean | null;
}

const LOAD_COLUMNS: readonly Column<LoadRow>[] = [
  { name: 'figure', value: (row) => row.figure },
  { name: 'is', value: (row) => row.value, right: true, keep: true },
  { name: 'recommended', value: (row) => row.target },
  { name: '', value: (row) => (row.good === null ? '' : row.good ? 'good' : 'too much'), colour: (row) => (row.good ? '32' : '31') },
];

function loadRows(stats: AlarmStats): LoadRow[] {
  const { perOperatorHour, averagePer10Min } = TARGETS;
  const row = (figure: string, value: string, target: string, good: LoadRow['good']): LoadRow => ({ figure, value, target, good });
  return [
    row('alarms that people were told of', String(stats.told), '', null),
    row('silenced (shelved, suppressed, out of service)', String(stats.silenced), '', null),
    row(
      'for each operator and hour',
      rounded(stats.perOperatorHour),
      `${perOperatorHour.acceptable}, at most ${perOperatorHour.manageable}`,
      stats.perOperatorHour <= perOperatorHour.manageable,
    ),
    row(
      'for each operator in 10 minutes, on average',
      rounded(stats.averagePer10Min),
      `${averagePer10Min.acceptable}, at most ${averagePer10Min.manageable}`,
      stats.averagePer10Min <= averagePer10Min.manageable,
    ),
    row(
      'for each operator in 10 minutes, at its peak',
      rounded(stats.peakPer10Min),
      `at most ${TARGETS.peakPer10Min}`,
      stats.peakPer10Min <= TARGETS.peakPer10Min,
    ),
    row('time in floods', percent(stats.floodShare), `below ${percent(TARGETS.floodShare)}`, stats.floodShare < TARGETS.floodShare),
    row(
      'share of the ten most frequent',
      percent(stats.topTenShare),
      `at most ${percent(TARGETS.topTenShare)}`,
      stats.told < SHARED_LEAST ? null : stats.topTenShare <= TARGETS.topTenShare,
    ),
    row('chattering', String(stats.chattering.length), 'none', stats.chattering.length === 0),
    row('stale', String(stats.staleCount), `fewer than ${TARGETS.stale}`, stats.staleCount < TARGETS.stale),
  ].filter(({ target, value }) => target !== '' || value !== '0');
}

const SEVERITY_COLUMNS: readonly Column<AlarmStats['severities'][number]>[] = [
  { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity) },
  { name: 'count', value: (row) => row.count, right: true },
  { name: 'share', value: (row) => row.share, text: (row) => percent(row.share), right: true },
  { name: 'recommended', value: (row) => row.recommended, text: (row) => `about ${percent(row.recommended)}`, right: true },
];

const TALKER_COLUMNS: readonly Column<AlarmStats['talkers'][number]>[] = [
  { name: 'rule', value: (row) => row.rule },
  { name: 'of', value: placeOf },
  { name: 'count', value: (row) => row.count, right: true },
  { name: 'share', value: (row) => row.share, text: (row) => percent(row.share), right: true },
];

const CHATTER_COLUMNS: readonly Column<AlarmStats['chattering'][number]>[] = [
  { name: 'rule', value: (row) => row.rule },
  { name: 'of', value: placeOf },
  { name: 'a minute', value: (row) => row.perMinute, right: true },
  { name: 'raised', value: (row) => row.raised, right: true },
];

function staleColumns(at: (time: number) => string): readonly Column<AlarmStats['stale'][number]>[] {
  return [
    { name: 'ref', value: (row) => refOf(row.id) },
    { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity) },
    { name: 'rule', value: (row) => row.rule },
    { name: 'of', value: placeOf },
    { name: 'raised', value: (row) => row.raisedAt, text: (row) => at(row.raisedAt) },
  ];
}

function floodColumns(at: (time: number) => string): readonly Column<AlarmStats['floods'][number]>[] {
  return [
    { name: 'from', value: (row) => row.from, text: (row) => at(row.from) },
    { name: 'for', value: (row) => row.to - row.from, text: (row) => formatAge(row.to - row.from) },
    { name: 'alarms', value: (row) => row.count, right: true },
  ];
}
