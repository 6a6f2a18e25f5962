import type { DownsamplingMethod } from '../../domain/downsampling.ts';
import { MusterError } from '../../errors/muster-error.ts';

/** Numbers of one series: row i is (time[i], number[i]). */
export interface Numbers {
  readonly time: Float64Array;
  readonly number: Float64Array;
}

export interface DownsampleRequest {
  /** ms since 1970, half-open. */
  readonly from: number;
  readonly to: number;
  /** Samples to choose; at least 2 for `minmax`, 3 for `lttb`. */
  readonly points: number;
}

/** Takes the rows of one series in any order, each time once. */
export interface Downsampler {
  add(rows: Numbers): void;
  /** By time. All rows when they are no more than asked for. */
  chosen(): Numbers;
}

export function createDownsampler(method: DownsamplingMethod, request: DownsampleRequest, samplesMax = LTTB_SAMPLES_MAX): Downsampler {
  return method === 'minmax' ? createMinMax(request) : createLttb(request, samplesMax);
}

/**
 * Cuts the range into points/2 stretches of the same length and keeps of each the sample with the least and the one with the greatest number,
 * the earlier of equal ones. Memory for `points` samples, however many come.
 */
function createMinMax({ from, to, points }: DownsampleRequest): Downsampler {
  const stretches = Math.floor(points / 2);
  const width = (to - from) / stretches;
  const all = createColumns(points);
  const least = extremes(stretches);
  const greatest = extremes(stretches);
  let count = 0;
  return {
    add({ time, number }) {
      for (let row = 0; row < time.length; row++) {
        const [at, value] = [time[row] ?? 0, number[row] ?? 0];
        if (count < points) all.push(at, value);
        count++;
        const stretch = Math.min(stretches - 1, Math.floor((at - from) / width));
        if (replaces(least, stretch, at, value, value < (least.number[stretch] ?? 0))) set(least, stretch, at, value);
        if (replaces(greatest, stretch, at, value, value > (greatest.number[stretch] ?? 0))) set(greatest, stretch, at, value);
      }
    },
    chosen() {
      if (count <= points) return byTime(all.columns());
      const kept = createColumns(points);
      for (let stretch = 0; stretch < stretches; stretch++) {
        const [low, high] = [least.time[stretch] ?? 0, greatest.time[stretch] ?? 0];
        if (Number.isNaN(low)) continue;
        const first = low <= high ? least : greatest;
        const second = low <= high ? greatest : least;
        kept.push(first.time[stretch] ?? 0, first.number[stretch] ?? 0);
        if (low !== high) kept.push(second.time[stretch] ?? 0, second.number[stretch] ?? 0);
      }
      return kept.columns();
    },
  };
}

function extremes(stretches: number): Numbers {
  return { time: new Float64Array(stretches).fill(Number.NaN), number: new Float64Array(stretches) };
}

function replaces(kept: Numbers, stretch: number, time: number, number: number, further: boolean): boolean {
  const before = kept.time[stretch] ?? 0;
  return Number.isNaN(before) || further || (number === kept.number[stretch] && time < before);
}

function set(kept: Numbers, stretch: number, time: number, number: number): void {
  kept.time[stretch] = time;
  kept.number[stretch] = number;
}

/** 16 bytes for each. */
const LTTB_SAMPLES_MAX = 10_000_000;

function createLttb({ points }: DownsampleRequest, samplesMax: number): Downsampler {
  const all = createColumns(Math.max(points, 4096));
  return {
    add({ time, number }) {
      if (all.count + time.length > samplesMax)
        throw new MusterError('limit_reached', `lttb holds all samples of a point at once: the range has more than ${samplesMax}`, {
          hint: 'Take a shorter range, or the method minmax.',
        });
      for (let row = 0; row < time.length; row++) all.push(time[row] ?? 0, number[row] ?? 0);
    },
    chosen() {
      const sorted = byTime(all.columns());
      return sorted.time.length <= points ? sorted : lttb(sorted, points);
    },
  };
}

/**
 * Largest triangle, three buckets: S. Steinarsson, Downsampling Time Series for Visual Representation, 2013, section 4.2. First and last row stay; the
 * others are cut into buckets of (nearly) the same number of rows, and of each stays the row that spans the largest triangle with the one that stayed
 * before and the average of the bucket after; the first of equal ones.
 */
function lttb({ time, number }: Numbers, points: number): Numbers {
  const rows = time.length;
  const every = (rows - 2) / (points - 2);
  const startOf = (bucket: number) => Math.min(rows - 1, Math.floor(bucket * every) + 1);
  const kept = createColumns(points);
  let last = 0;
  kept.push(time[0] ?? 0, number[0] ?? 0);
  for (let bucket = 0; bucket < points - 2; bucket++) {
    const [start, end] = [startOf(bucket), startOf(bucket + 1)];
    // The bucket after the last one is the last row.
    const nextEnd = bucket === points - 3 ? rows : startOf(bucket + 2);
    const [lastTime, lastNumber] = [time[last] ?? 0, number[last] ?? 0];
    // Times since the row that stayed: products of times since 1970 would lose the digits that count.
    let [meanTime, meanNumber] = [0, 0];
    for (let row = end; row < nextEnd; row++) {
      meanTime += (time[row] ?? 0) - lastTime;
      meanNumber += (number[row] ?? 0) / (nextEnd - end);
    }
    meanTime /= nextEnd - end;
    let [best, area] = [start, -1];
    for (let row = start; row < end; row++) {
      const spanned = Math.abs(meanTime * ((number[row] ?? 0) - lastNumber) - ((time[row] ?? 0) - lastTime) * (meanNumber - lastNumber));
      if (spanned > area) [best, area] = [row, spanned];
    }
    kept.push(time[best] ?? 0, number[best] ?? 0);
    last = best;
  }
  kept.push(time[rows - 1] ?? 0, number[rows - 1] ?? 0);
  return kept.columns();
}

function byTime(rows: Numbers): Numbers {
  const { time, number } = rows;
  if (time.every((at, row) => row === 0 || at >= (time[row - 1] ?? 0))) return rows;
  // What is hot comes after what is filed, whatever its times.
  const order = Uint32Array.from(time.keys()).sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0));
  return { time: Float64Array.from(order, (row) => time[row] ?? 0), number: Float64Array.from(order, (row) => number[row] ?? 0) };
}

/** Columns that grow. */
function createColumns(room: number) {
  let time = new Float64Array(room);
  let number = new Float64Array(room);
  let count = 0;
  return {
    get count() {
      return count;
    },
    push(at: number, value: number): void {
      if (count === time.length) {
        time = doubled(time);
        number = doubled(number);
      }
      time[count] = at;
      number[count] = value;
      count++;
    },
    columns: (): Numbers => ({ time: time.subarray(0, count), number: number.subarray(0, count) }),
  };
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
