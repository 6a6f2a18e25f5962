import type { SampleItem, StreamMessage } from '../../api/schema/samples.ts';
import type { BundledRecording } from './recordings.ts';

/** One point as the hub's live stream tells it. */
export interface BoardPoint {
  readonly device: string;
  readonly path: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly received: number;
  readonly latest: number | null;
  /** The recording so far: means of equal spans of it, null where nothing was recorded. */
  readonly shape: readonly (number | null)[];
}

/** What the screen shows: fed by the hub's live stream alone, never by the generator. */
export interface Board {
  /** The time that the recordings cover, as it is sent, ms since 1970. Set before the first sample. */
  setSpan(from: number, to: number): void;
  apply(message: StreamMessage): void;
  points(): readonly BoardPoint[];
  /** Samples that the stream left out, because this reader was too slow. */
  readonly missed: number;
}

interface Cell {
  readonly device: string;
  readonly path: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly sums: Float64Array;
  readonly counts: Uint32Array;
  received: number;
  latest: number | null;
  latestTime: number;
}

export function createBoard(recordings: readonly BundledRecording[], columns: number): Board {
  const cells = new Map<string, Cell>();
  for (const { device, points } of recordings) {
    for (const { path, unit, decimals } of points) {
      const sums = new Float64Array(columns);
      const counts = new Uint32Array(columns);
      cells.set(`${device} ${path}`, { device, path, unit, decimals, sums, counts, received: 0, latest: null, latestTime: Number.NEGATIVE_INFINITY });
    }
  }
  let from = 0;
  let to = 1;
  let missed = 0;

  function take({ device, point, time, value }: SampleItem): void {
    const cell = cells.get(`${device} ${point}`);
    if (cell === undefined || typeof value !== 'number') return;
    cell.received += 1;
    if (time >= cell.latestTime) {
      cell.latest = value;
      cell.latestTime = time;
    }
    const column = Math.min(columns - 1, Math.floor(((time - from) / (to - from)) * columns));
    if (column < 0) return;
    cell.sums[column] = (cell.sums[column] ?? 0) + value;
    cell.counts[column] = (cell.counts[column] ?? 0) + 1;
  }

  return {
    setSpan(start, end) {
      from = start;
      to = Math.max(end, start + 1);
    },
    apply(message) {
      if (message.type === 'samples') message.samples.forEach(take);
      else if (message.type === 'gap') missed += message.dropped;
    },
    points: () =>
      [...cells.values()].map(({ device, path, unit, decimals, received, latest, sums, counts }) => ({
        device,
        path,
        unit,
        decimals,
        received,
        latest,
        shape: Array.from(sums, (sum, column) => ((counts[column] ?? 0) === 0 ? null : sum / (counts[column] ?? 1))),
      })),
    get missed() {
      return missed;
    },
  };
}

export function valueText({ latest, decimals, unit }: Pick<BoardPoint, 'latest' | 'decimals' | 'unit'>): string {
  if (latest === null) return '-';
  return `${latest.toFixed(decimals ?? 2)}${unit === null ? '' : ` ${unit}`}`;
}
