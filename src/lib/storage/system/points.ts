import type { DeviceId, PointPath, SeriesId } from '../../domain/ids.ts';
import type { Point, PointKind } from '../../domain/point.ts';
import type { ValueType } from '../../domain/value.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly series: number;
  readonly device: string;
  readonly path: string;
  readonly kind: string;
  readonly value_type: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly description: string | null;
  readonly created_at: number;
}

const ALL = 'select * from points order by series';
/** The sequence remembers the highest key that ever was in the table (schema.ts: autoincrement). */
const HIGHEST = "select seq as series from sqlite_sequence where name = 'points'";
/** Only the same series counts as there already: another series for the same path is refused, or samples would be lost to sight. */
const ENSURE = `insert into points (series, device, path, kind, value_type, unit, decimals, min, max, description, created_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (series) do nothing`;
const UPDATE = 'update points set kind = ?, value_type = ?, unit = ?, decimals = ?, min = ?, max = ?, description = ? where series = ?';

export function createPoints(database: () => ReadDatabase): SystemStore['points'] {
  return {
    all: async () => database().all<Row>(ALL).map(pointOf),
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
      ],
    }),
    update: (point) => ({
      sql: UPDATE,
      parameters: [point.kind, point.valueType, point.unit, point.decimals, point.min, point.max, point.description, point.series],
      mustChange: true,
    }),
  };
}

function pointOf(row: Row): Point {
  return {
    series: row.series as SeriesId,
    device: row.device as DeviceId,
    path: row.path as PointPath,
    kind: row.kind as PointKind,
    valueType: row.value_type as ValueType,
    unit: row.unit,
    decimals: row.decimals,
    min: row.min,
    max: row.max,
    description: row.description,
    createdAt: row.created_at,
  };
}
