import type { DeviceId, SeriesId } from '../../domain/ids.ts';
import type { Point } from '../../domain/point.ts';
import type { FleetPiece, StoredRows } from '../fleet-reading.ts';
import { deviceOf, statusesOf, storedDevicesOf } from './devices.ts';
import type { FleetTexts } from './fleet-texts.ts';
import { seriesInLine, storedPointsOf } from './points.ts';

const NONE: readonly SeriesId[] = [];

/** Points come by device, as the devices themselves; devices without points are missing among them. */
export function pieceOf(texts: FleetTexts, pointsOf: (line: string, device: DeviceId) => readonly Point[]): FleetPiece {
  const devices = storedDevicesOf(texts.devices);
  const points = storedPointsOf(texts.points);
  const pointLines = linesOf(texts.pointLines, points.length);
  const pointLineAt = new Int32Array(devices.length);
  let next = 0;
  const series = devices.map(([id], at) => {
    const [device, ...own] = points[next] ?? [];
    if (device !== id) return NONE;
    pointLineAt[at] = next;
    next += 1;
    return own;
  });
  const { statuses, last } = texts;
  return {
    devices,
    series,
    rows: rowsOf(texts, devices.length, pointLines, pointLineAt, pointsOf),
    statuses: () => statusesOf(statuses),
    last: last as DeviceId | null,
  };
}

/** Kept for as long as one of the devices was not read: it holds texts and numbers alone. */
function rowsOf(
  { deviceLines }: FleetTexts,
  count: number,
  pointLines: (at: number) => string,
  pointLineAt: Int32Array,
  pointsOf: (line: string, device: DeviceId) => readonly Point[],
): StoredRows {
  const deviceLine = linesOf(deviceLines, count);
  return {
    device: (at, id, aliases) => deviceOf(deviceLine(at), id, aliases),
    points: (at, device) => pointsOf(pointLines(pointLineAt[at] ?? 0), device),
    seriesOf: (at, path) => seriesInLine(pointLines(pointLineAt[at] ?? 0), path),
  };
}

/** JSON without spaces has no line ends of its own. */
function linesOf(text: string, count: number): (at: number) => string {
  const ends = new Int32Array(count);
  for (let at = 0, from = 0; at < count; at++) {
    const end = text.indexOf('\n', from);
    ends[at] = end === -1 ? text.length : end;
    from = (ends[at] ?? 0) + 1;
  }
  return (at) => text.slice(at === 0 ? 0 : (ends[at - 1] ?? 0) + 1, ends[at]);
}
