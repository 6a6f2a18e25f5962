import { formatDuration } from '../domain/duration.ts';
import { isoInZone } from '../domain/time-zone.ts';
import { createBrailleCanvas } from './braille-canvas.ts';
import { decimalsOf, formatTick, timeTicks, type ValueAxis, valueAxis } from './chart-axis.ts';

/** What one bucket of one point held. Finite numbers only. */
export interface ChartBucket {
  /** Start, in ms since 1970. */
  readonly time: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly count: number;
}

export interface ChartSeries {
  /** For the legend. */
  readonly name: string;
  readonly unit: string | null;
  /** Digits after the point in the statistics; absent: two more than the axis shows. */
  readonly decimals?: number | null;
  /** The axis says off and on, at 0 and 1. */
  readonly boolean?: boolean;
  /** By time. A bucket that is missing is a gap. */
  readonly buckets: readonly ChartBucket[];
}

/** A line across the plots of numbers, such as a limit. One that lies far from the values is left out. */
export interface ChartLevel {
  readonly value: number;
  readonly name: string;
}

/** A row below the plots that shares their time axis: `cells` gives as many characters as there are columns. */
export interface ChartStrip {
  readonly name: string;
  readonly cells: (columns: number) => string;
}

export interface ChartOptions {
  /** Columns of everything, axis included. */
  readonly width: number;
  /** Lines of one plot; unit, time axis and legend come on top. */
  readonly height: number;
  /** Half-open, ms since 1970. */
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  /** Neighbours up to this distance are joined by a line; absent: by the rhythm of each series. */
  readonly joinWithinMs?: number;
  /** IANA name of the zone of the time axis; UTC unless given. */
  readonly timezone?: string;
  readonly color?: boolean;
  readonly levels?: readonly ChartLevel[];
  readonly strips?: readonly ChartStrip[];
}

export interface ChartStatistics {
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly count: number;
}

const MARKERS = ['●', '▲', '■', '◆', '○', '△', '□', '◇'] as const;
const COLORS = [36, 33, 35, 32, 34, 31] as const;
/** Painted in the last colour. */
const LEVEL_OWNER = 5;

/** Over all buckets, each by its weight; null without a sample. */
export function statisticsOf(buckets: readonly ChartBucket[]): ChartStatistics | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let count = 0;
  let avg = 0;
  for (const bucket of buckets) {
    min = Math.min(min, bucket.min);
    max = Math.max(max, bucket.max);
    count += bucket.count;
    // Weights before the sum: neither the sum of the values nor their difference has to be a double.
    if (count > 0) avg = avg * ((count - bucket.count) / count) + bucket.avg * (bucket.count / count);
  }
  return count === 0 ? null : { min, max, avg, count };
}

/**
 * How far apart two neighbours may be and still belong together. A series that reports more rarely than the buckets are wide
 * leaves empty buckets all along; that is its rhythm and no gap. So: the distance that nine tenths of its neighbours keep.
 */
export function rhythmOf(buckets: readonly ChartBucket[], everyMs: number): number {
  const distances: number[] = [];
  for (let index = 1; index < buckets.length; index += 1) distances.push((buckets[index]?.time ?? 0) - (buckets[index - 1]?.time ?? 0));
  if (distances.length < 2) return everyMs;
  distances.sort((a, b) => a - b);
  return Math.max(everyMs, distances[Math.floor(0.9 * (distances.length - 1))] ?? everyMs);
}

/**
 * A chart for people, as lines without line ends. Points with different units stand below one another on one time axis, and so do
 * points without a unit whose ranges lie far apart.
 */
export function renderChart(series: readonly ChartSeries[], options: ChartOptions): string[] {
  const width = Math.max(20, Math.floor(options.width));
  const height = Math.max(2, Math.floor(options.height));
  const panels = panelsOf(series);
  const strips = options.strips ?? [];
  const drawn = panels.map((panel) => ({ panel, axis: axisOf(panel, height, options.levels ?? []) }));
  const gutter = Math.max(...drawn.map(({ axis }) => Math.max(...axis.labels.map((label) => label.length))), ...strips.map(({ name }) => name.length), 1);
  const columns = Math.max(4, width - gutter - 2);
  const unnamed = panels.filter((panel) => !panel.boolean && !panel.unit).length;
  const lines: string[] = [];
  for (const { panel, axis } of drawn) {
    const unit = panel.unit ?? '';
    if (unit !== '') lines.push(clip(`${unit.padStart(gutter)}`, width));
    else if (unnamed > 1 && !panel.boolean) lines.push(clip(panel.members.map(({ series: { name } }) => name).join(', '), width));
    lines.push(...drawPanel(panel, axis, { ...options, width, height }, columns, gutter));
  }
  for (const { name, cells } of strips) lines.push(`${name.padStart(gutter)} │${cells(columns)}`);
  lines.push(...timeAxis(options, columns, gutter));
  lines.push(clip(captionOf(options), width));
  for (const { panel, axis } of drawn) for (const line of panel.members) lines.push(...legendOf(line, panel, axis, width, options.color === true));
  return lines.map((line) => line.replace(/[ \u2800]+$/, ''));
}

interface Member {
  readonly series: ChartSeries;
  /** Place among all series: gives marker and colour. */
  readonly index: number;
}
interface Panel {
  readonly unit: string | null;
  readonly boolean: boolean;
  readonly members: readonly Member[];
}
interface PanelAxis extends ValueAxis {
  readonly labels: readonly string[];
}

function panelsOf(series: readonly ChartSeries[]): readonly Panel[] {
  const panels: { unit: string | null; boolean: boolean; members: Member[] }[] = [];
  series.forEach((one, index) => {
    const boolean = one.boolean === true;
    const unit = one.unit === '' ? null : one.unit;
    const panel = panels.find(
      (candidate) =>
        candidate.boolean === boolean &&
        candidate.unit === unit &&
        (boolean || unit !== null || goTogether([...candidate.members.map((member) => member.series), one])),
    );
    if (panel === undefined) panels.push({ unit, boolean, members: [{ series: one, index }] });
    else panel.members.push({ series: one, index });
  });
  return panels;
}

/** On one axis a series that fills less of it than this is a flat line. */
const FLAT = 1 / 20;

/** Whether each of these, without a unit that says that they belong together, is more than a flat line on an axis that holds all. */
function goTogether(series: readonly ChartSeries[]): boolean {
  const ranges = series.flatMap(({ buckets }) => statisticsOf(buckets) ?? []);
  const span = Math.max(...ranges.map(({ max }) => max)) - Math.min(...ranges.map(({ min }) => min));
  const greatest = Math.max(...ranges.map(({ min, max }) => Math.max(Math.abs(min), Math.abs(max))));
  // A constant is a flat line on any axis: its distance to the others counts, in relation to what it is.
  return ranges.every(({ min, max }) => (max > min ? max - min >= span * FLAT : Math.max(Math.abs(min), Math.abs(max)) >= greatest * FLAT || max === 0));
}

function axisOf(panel: Panel, height: number, levels: readonly ChartLevel[]): PanelAxis {
  if (panel.boolean) return { ticks: [0, 1], step: 1, labels: ['off', 'on'] };
  const statistics = statisticsOf(panel.members.flatMap(({ series }) => series.buckets));
  const shown = shownLevels(levels, statistics).map(({ value }) => value);
  const [low, high] = [Math.min(statistics?.min ?? 0, ...shown), Math.max(statistics?.max ?? 1, ...shown)];
  const axis = valueAxis(low, high, height <= 4 ? height : Math.min(9, Math.floor(height / 2) + 1));
  return { ...axis, labels: axis.ticks.map((tick) => formatTick(tick, axis.step)) };
}

/** Those that do not push the values into a corner of the plot. */
function shownLevels(levels: readonly ChartLevel[], statistics: ChartStatistics | null): readonly ChartLevel[] {
  if (statistics === null) return [];
  const { min, max } = statistics;
  const reach = Math.max(max - min, Math.abs(max) / 10);
  return levels.filter(({ value }) => value >= min - reach && value <= max + reach);
}

function drawPanel(panel: Panel, axis: PanelAxis, options: ChartOptions, columns: number, gutter: number): string[] {
  const canvas = createBrailleCanvas(columns, options.height);
  const bottom = axis.ticks[0] ?? 0;
  const top = axis.ticks.at(-1) ?? 1;
  // Each end is divided before it is subtracted, so that an axis from -1e308 to 1e308 does not overflow.
  const scale = top / 2 - bottom / 2;
  const yOf = (value: number): number => Math.round(((top / 2 - value / 2) / scale) * (canvas.dotsHigh - 1));
  const xOf = (time: number): number => {
    const middle = Math.min(time + options.everyMs / 2, options.to);
    return Math.min(canvas.dotsWide - 1, Math.max(0, Math.floor(((middle - options.from) / (options.to - options.from)) * canvas.dotsWide)));
  };
  if (!panel.boolean) drawLevels(canvas, shownLevels(options.levels ?? [], statisticsOf(panel.members.flatMap(({ series }) => series.buckets))), yOf);
  const several = panel.members.length > 1;
  panel.members.forEach(({ series, index }, place) => {
    const lineRows = drawSeries(canvas, series, options, index, xOf, yOf);
    if (several) placeMarkers(canvas, lineRows, index, place, panel.members.length, columns);
  });
  const paint = options.color === true ? (text: string, owner: number) => paintAs(text, owner) : undefined;
  const labelByRow = new Map(axis.ticks.map((tick, index) => [yOf(tick) >> 2, axis.labels[index] ?? '']));
  return canvas.lines(paint).map((line, row) => {
    const label = labelByRow.get(row);
    return `${(label ?? '').padStart(gutter)} ${label === undefined ? '│' : '┤'}${line}`;
  });
}

/** Dotted, with the name at the right end where no other name stands. */
function drawLevels(canvas: ReturnType<typeof createBrailleCanvas>, levels: readonly ChartLevel[], yOf: (value: number) => number): void {
  const named = new Set<number>();
  for (const { value, name } of levels) {
    const y = yOf(value);
    for (let x = 0; x < canvas.dotsWide; x += 3) canvas.dot(x, y, LEVEL_OWNER);
    const row = y >> 2;
    if (named.has(row)) continue;
    named.add(row);
    const columns = canvas.dotsWide >> 1;
    for (const [index, character] of [...name].entries()) canvas.mark(columns - name.length + index, row, character, LEVEL_OWNER);
  }
}

/** Returns, for each column of characters, the row that the average passes. */
function drawSeries(
  canvas: ReturnType<typeof createBrailleCanvas>,
  series: ChartSeries,
  options: ChartOptions,
  owner: number,
  xOf: (time: number) => number,
  yOf: (value: number) => number,
): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  const joinWithin = options.joinWithinMs ?? rhythmOf(series.buckets, options.everyMs);
  let previous: ChartBucket | null = null;
  for (const bucket of series.buckets) {
    if (!Number.isFinite(bucket.min) || !Number.isFinite(bucket.max) || !Number.isFinite(bucket.avg)) continue;
    const x = xOf(bucket.time);
    const y = yOf(bucket.avg);
    if (previous !== null && bucket.time - previous.time <= joinWithin) canvas.line(xOf(previous.time), yOf(previous.avg), x, y, owner);
    // The whole span from the least to the greatest value: a peak of one sample must not vanish in an average.
    canvas.line(x, yOf(bucket.max), x, yOf(bucket.min), owner);
    rows.set(x >> 1, y >> 2);
    previous = bucket;
  }
  return rows;
}

/** A marker every few columns, each series in columns of its own, so that lines are told apart without colour. */
function placeMarkers(
  canvas: ReturnType<typeof createBrailleCanvas>,
  rows: ReadonlyMap<number, number>,
  index: number,
  place: number,
  members: number,
  columns: number,
): void {
  const spacing = Math.min(Math.max(12, members * 4), Math.max(members, Math.floor(columns / 2)));
  const offset = Math.floor((place * spacing) / members);
  const marker = MARKERS[index % MARKERS.length] ?? '●';
  let placed = 0;
  for (const [column, row] of rows) {
    if (column % spacing !== offset) continue;
    canvas.mark(column, row, marker, index);
    placed += 1;
  }
  const last = [...rows].at(-1);
  if (placed === 0 && last !== undefined) canvas.mark(last[0], last[1], marker, index);
}

export function timeAxis(options: Pick<ChartOptions, 'from' | 'to' | 'timezone'>, columns: number, gutter: number): string[] {
  const timezone = options.timezone ?? 'UTC';
  const rule = Array<string>(columns).fill('─');
  const labels = Array<string>(columns + gutter + 2).fill(' ');
  let free = 0;
  for (const tick of timeTicks(options.from, options.to, columns, timezone)) {
    const column = Math.min(columns - 1, Math.floor(((tick.time - options.from) / (options.to - options.from)) * columns));
    const start = Math.min(gutter + 2 + column - Math.floor(tick.label.length / 2), labels.length - tick.label.length);
    if (start < free) continue;
    rule[column] = '┬';
    for (let index = 0; index < tick.label.length; index += 1) labels[start + index] = tick.label[index] ?? ' ';
    free = start + tick.label.length + 1;
  }
  return [`${' '.repeat(gutter + 1)}└${rule.join('')}`, labels.join('')];
}

function captionOf(options: ChartOptions): string {
  const timezone = options.timezone ?? 'UTC';
  // A range of minutes is told to the second, one of hours to the minute.
  const digits = options.to - options.from < 3_600_000 ? 19 : 16;
  const text = (time: number): string => isoInZone(time, timezone).slice(0, digits).replace('T', ' ');
  const range = `${text(options.from)} to ${text(options.to)} ${timezone}`;
  const long = `${range}, buckets of ${formatDuration(options.everyMs)}`;
  return long.length <= options.width ? long : range.length <= options.width ? range : range.replaceAll(/\d{4}-(?=\d\d-)/g, '');
}

function legendOf(member: Member, panel: Panel, axis: PanelAxis, width: number, color: boolean): string[] {
  const { series, index } = member;
  const marker = panel.members.length > 1 ? `${MARKERS[index % MARKERS.length] ?? '●'} ` : '';
  const name = color ? `${paintAs(marker, index)}${series.name}` : `${marker}${series.name}`;
  const nameWidth = marker.length + series.name.length;
  const facts = factsOf(series, axis);
  if (nameWidth + 2 + facts.length <= width) return [`${name}  ${facts}`];
  const cut = nameWidth <= width ? name : clip(`${marker}${series.name}`, width);
  return [cut, ...wrap(facts, width - 2).map((line) => `  ${line}`)];
}

function factsOf(series: ChartSeries, axis: PanelAxis): string {
  const statistics = statisticsOf(series.buckets);
  if (statistics === null) return 'no samples in this range';
  const decimals = series.boolean === true ? 2 : (series.decimals ?? Math.min(15, decimalsOf(axis.step) + 1));
  const unit = series.unit === null || series.unit === '' ? '' : ` ${series.unit}`;
  const number = (value: number): string => {
    const text = value.toFixed(decimals);
    return text.length <= 15 ? text : value.toPrecision(6);
  };
  const samples = statistics.count === 1 ? '1 sample' : `${statistics.count} samples`;
  if (series.boolean === true) return `on ${number(statistics.avg * 100)} % of ${samples}`;
  return `min ${number(statistics.min)}  avg ${number(statistics.avg)}  max ${number(statistics.max)}${unit}  ${samples}`;
}

function paintAs(text: string, owner: number): string {
  return text === '' ? '' : `\u001b[${COLORS[owner % COLORS.length] ?? 36}m${text}\u001b[39m`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Breaks between facts, which two spaces divide. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const fact of text.split('  ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + fact.length <= width) lines[lines.length - 1] = `${last}  ${fact}`;
    else lines.push(clip(fact, width));
  }
  return lines;
}
