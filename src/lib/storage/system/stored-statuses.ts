import type { DeviceId } from '../../domain/ids.ts';
import type { FleetPiece } from '../fleet-reading.ts';
import { whole } from './damaged-fleet.ts';
import { statusOf } from './devices.ts';

const QUOTE = 34;

/** `text`: a line for each device that has a status, by device. Kept until the last of them is taken. */
export function storedStatuses(text: string): FleetPiece['statuses'] {
  let lines = text;
  let starts: Int32Array | null = null;
  let taken = new Uint8Array(0);
  let left = 0;
  /** Who looks at all devices asks for them in their order. */
  let next = 0;

  return {
    take(device) {
      if (lines === '') return null;
      if (starts === null) {
        starts = startsOf(lines);
        taken = new Uint8Array(starts.length);
        left = starts.length;
      }
      const at = placeOf(starts, device);
      if (at === -1 || taken[at] === 1) return null;
      const start = starts[at] ?? 0;
      const end = starts[at + 1];
      const status = whole(() => statusOf(lines.slice(start, end === undefined ? undefined : end - 1)));
      taken[at] = 1;
      next = at + 1;
      left -= 1;
      if (left === 0) lines = '';
      return status;
    },
  };

  /** -1: it has none. */
  function placeOf(all: Int32Array, device: DeviceId): number {
    if (next < all.length && isAt(all[next] ?? 0, device)) return next;
    let low = 0;
    let high = all.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const id = idAt(all[middle] ?? 0);
      if (id === device) return middle;
      if (id < device) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  function isAt(start: number, device: DeviceId): boolean {
    return lines.startsWith(device, start + 2) && lines.charCodeAt(start + 2 + device.length) === QUOTE;
  }

  /** A line begins with `["`, then the id, which holds nothing that JSON writes otherwise. */
  function idAt(start: number): string {
    return lines.slice(start + 2, lines.indexOf('"', start + 2));
  }
}

function startsOf(lines: string): Int32Array {
  const starts = [0];
  for (let end = lines.indexOf('\n'); end !== -1; end = lines.indexOf('\n', end + 1)) starts.push(end + 1);
  return Int32Array.from(starts);
}
