import type { DeviceId, SeriesId } from '../../domain/ids.ts';
import type { Point } from '../../domain/point.ts';
import type { FleetPiece, StoredDevice, StoredRows } from '../fleet-reading.ts';
import { damaged, whole } from './damaged-fleet.ts';
import { deviceOf, storedDevicesOf } from './devices.ts';
import type { FleetTexts } from './fleet-texts.ts';
import { mayHaveRetention, seriesInLine, storedPointsOf } from './points.ts';
import { storedStatuses } from './stored-statuses.ts';

const NONE: readonly SeriesId[] = [];

/** `pointsOf`: of a line. */
export function pieceOf(texts: FleetTexts, pointsOf: (line: string, device: DeviceId) => readonly Point[]): FleetPiece {
  const devices = whole(() => storedDevicesOf(texts.devices));
  const { series, pointLineAt, count } = seriesOf(devices, texts.points);
  return {
    devices,
    series,
    rows: rowsOf(linesOf(texts.deviceLines, devices.length), linesOf(texts.pointLines, count), pointLineAt, pointsOf),
    statuses: storedStatuses(texts.statusLines),
    last: texts.last as DeviceId | null,
  };
}

/** Points come by device, as the devices themselves; devices without points are missing among them. */
function seriesOf(devices: readonly StoredDevice[], text: string) {
  const points = storedPointsOf(text);
  const pointLineAt = new Int32Array(devices.length);
  let next = 0;
  const series = devices.map(([id], at) => {
    const [device, ...own] = points[next] ?? [];
    if (device !== id) return NONE;
    pointLineAt[at] = next;
    next += 1;
    return own;
  });
  if (next < points.length) throw damaged('points of a device that is not there');
  return { series, pointLineAt, count: points.length };
}

// What is kept is made in functions of its own: closures that are made in one place keep alive all that any of them needs.

/** Kept for as long as one of the devices was not read: it holds texts and numbers alone. */
function rowsOf(deviceLine: LineOf, pointLine: LineOf, pointLineAt: Int32Array, pointsOf: (line: string, device: DeviceId) => readonly Point[]): StoredRows {
  return {
    device: (at, id, aliases) => whole(() => deviceOf(deviceLine(at), id, aliases)),
    points: (at, device) => whole(() => pointsOf(pointLine(pointLineAt[at] ?? 0), device)),
    seriesOf: (at, path) => seriesInLine(pointLine(pointLineAt[at] ?? 0), path),
    mayHaveRetention: (at) => mayHaveRetention(pointLine(pointLineAt[at] ?? 0)),
  };
}

type LineOf = (at: number) => string;

/** JSON without spaces has no line ends of its own. */
function linesOf(text: string, count: number): LineOf {
  const ends = new Int32Array(count);
  for (let at = 0, from = 0; at < count; at++) {
    const end = text.indexOf('\n', from);
    ends[at] = end === -1 ? text.length : end;
    from = (ends[at] ?? 0) + 1;
  }
  // One line more or less, and each device would get the row of another.
  if (count > 0 && (ends[count - 1] !== text.length || (count > 1 && ends[count - 2] === text.length))) throw damaged('not a line for each row');
  return (at) => text.slice(at === 0 ? 0 : (ends[at - 1] ?? 0) + 1, ends[at]);
}
