import type { DeviceId, PointPath, SeriesId } from '../../domain/ids.ts';
import { createInterner } from '../../domain/interner.ts';
import type { Point, PointKind } from '../../domain/point.ts';
import type { ValueType } from '../../domain/value.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

/** As `POINT_TEXTS` gives it: an array takes a fraction of the text of an object with names. */
type Row = readonly [
  series: number,
  path: string,
  kind: string,
  valueType: string,
  unit: string | null,
  decimals: number | null,
  min: string | null,
  max: string | null,
  description: string | null,
  createdAt: number,
  retention: string | null,
];

/** Of devices behind an id, up to and with another; see FleetTexts. Numbers as text with all of their digits, as JSON of this engine has 15. */
export const POINT_TEXTS = `select '[' || group_concat('[' || json_quote(device) || ',' || series || ']') || ']' as points, group_concat(line, char(10)) as lines
  from (select device, group_concat(series) as series,
      '[' || group_concat(json_array(series, path, kind, value_type, unit, decimals,
        case when min is not null then printf('%!.17g', min) end, case when max is not null then printf('%!.17g', max) end, description, created_at, retention)) || ']' as line
    from (select * from points where device > ? and device <= ? order by device, path) group by device order by device)`;
/** The sequence remembers the highest key that ever was in the table (schema.ts: autoincrement). */
const HIGHEST = "select seq as series from sqlite_sequence where name = 'points'";
const REMOVED = 'select 1 from removed_series where series = ?';
/** Only the same series counts as there already: another series for the same path is refused, or samples would be lost to sight. */
const ENSURE = `insert into points (series, device, path, kind, value_type, unit, decimals, min, max, description, created_at, retention)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (series) do nothing`;
const UPDATE = 'update points set kind = ?, value_type = ?, unit = ?, decimals = ?, min = ?, max = ?, description = ?, retention = ? where series = ?';

/** Distinct texts that are remembered while points are read. */
const DISTINCT_MAX = 100_000;

export function createPoints(database: () => ReadDatabase): SystemStore['points'] {
  return {
    removedOf: async (series) => series.filter((id) => database().get(REMOVED, id) !== null),
    highestSeries: async () => (database().get<{ series: number | null }>(HIGHEST)?.series ?? null) as SeriesId | null,
    ensure: (point) => ({
      sql: ENSURE,
      parameters: [
        point.series,
        point.device,
        point.path,
        point.kind,
        point.valueType,
        point.unit,
        point.decimals,
        point.min,
        point.max,
        point.description,
        point.createdAt,
        point.retention,
      ],
    }),
    update: (point) => ({
      sql: UPDATE,
      parameters: [point.kind, point.valueType, point.unit, point.decimals, point.min, point.max, point.description, point.retention, point.series],
      mustChange: true,
    }),
  };
}

/** Whose points, and their series. */
export type StoredPoints = readonly [device: DeviceId, ...series: SeriesId[]];

export function storedPointsOf(text: string): readonly StoredPoints[] {
  return JSON.parse(text) as readonly StoredPoints[];
}

/** Texts that points have in common are kept once. */
export function pointReader(): (line: string, device: DeviceId) => readonly Point[] {
  const once = createInterner(DISTINCT_MAX);
  return (line, device) => (JSON.parse(line) as readonly Row[]).map((row) => pointOf(row, device, once));
}

/** Points are written as `[series,"path",...]`: nothing else in a line is the path in quotes right behind a bracket and a number. */
export function seriesInLine(line: string, path: string): SeriesId | undefined {
  const wanted = `,${JSON.stringify(path)},`;
  for (let at = line.indexOf(wanted); at >= 0; at = line.indexOf(wanted, at + 1)) {
    const bracket = line.lastIndexOf('[', at);
    const digits = line.slice(bracket + 1, at);
    if (bracket >= 0 && /^\d+$/.test(digits)) return Number(digits) as SeriesId;
  }
  return undefined;
}

/** It comes last, as a text or null: nothing else that ends in a quote stands before a bracket, but what is in a text. */
export function mayHaveRetention(line: string): boolean {
  return line.includes('"]');
}

function pointOf(row: Row, device: DeviceId, once: (text: string) => string): Point {
  const [series, path, kind, valueType, unit, decimals, min, max, description, createdAt, retention] = row;
  return {
    series: series as SeriesId,
    device,
    path: once(path) as PointPath,
    kind: once(kind) as PointKind,
    valueType: once(valueType) as ValueType,
    unit: unit === null ? null : once(unit),
    decimals,
    min: min === null ? null : Number(min),
    max: max === null ? null : Number(max),
    description: description === null ? null : once(description),
    createdAt,
    retention,
  };
}
