import type { SeriesId } from '../domain/ids.ts';
import type { LatestValue, Point } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';
import { flagsOf, LATE_FLAG, qualityOf, sampleValueOf, TAG, tagOf } from '../storage/sample-columns.ts';
import type { PointEntry } from './point-entry.ts';

const PAGE = 1024;
/** Of a series that has no value. */
const NONE = 255;

/** Newest values as columns, of points whose series are neighbours: 26 bytes a point, where objects took 120. */
interface Page {
  readonly time: Float64Array;
  readonly number: Float64Array;
  readonly hubTime: Float64Array;
  readonly tag: Uint8Array;
  readonly flags: Uint8Array;
  /** Values that are no numbers. */
  readonly other: Map<number, SampleValue>;
  /** That of another series. */
  readonly pageOf: (series: SeriesId) => Page;
}

/** Newest values of points. */
export interface NewestValues {
  /** Of a point; finds its newest value in columns that it shares with others. */
  entryOf(point: Point): PointEntry;
  /** What was stored for a series before the hub started, unless there is something newer by now. `hubTime`: see PointEntry; 0 for none. */
  restore(series: SeriesId, latest: LatestValue, hubTime: number): void;
  /** Puts the newest values of series at the same places of `numbers`, and what each is: a tag of TAG, or NO_VALUE. A truth value is 0 or 1. */
  read(series: ArrayLike<number>, count: number, numbers: Float64Array, tags: Uint8Array): void;
}

export const NO_VALUE = NONE;

export function createNewestValues(): NewestValues {
  const pages = new Map<number, Page>();
  return {
    entryOf: (point) => new NewestEntry(point, pageOf(point.series)),
    restore(series, latest, hubTime) {
      const page = pageOf(series);
      const at = series % PAGE;
      if (latestTimeAt(page, at) < latest.time) putLatest(page, at, latest);
      if ((page.hubTime[at] ?? 0) < hubTime) page.hubTime[at] = hubTime;
    },
    read(series, count, numbers, tags) {
      // Points of neighbours are neighbours, mostly.
      let number = -1;
      let page: Page | undefined;
      for (let at = 0; at < count; at++) {
        const one = series[at] ?? 0;
        const wanted = Math.floor(one / PAGE);
        if (wanted !== number) {
          number = wanted;
          page = pages.get(wanted);
        }
        const place = one % PAGE;
        // Series begin at 1: 0 is none.
        tags[at] = one === 0 || page === undefined ? NONE : (page.tag[place] ?? NONE);
        numbers[at] = page?.number[place] ?? 0;
      }
    },
  };

  function pageOf(series: SeriesId): Page {
    const number = Math.floor(series / PAGE);
    let page = pages.get(number);
    if (page === undefined) {
      const column = () => new Float64Array(PAGE);
      page = {
        time: column(),
        number: column(),
        hubTime: column(),
        tag: new Uint8Array(PAGE).fill(NONE),
        flags: new Uint8Array(PAGE),
        other: new Map(),
        pageOf,
      };
      pages.set(number, page);
    }
    return page;
  }
}

class NewestEntry implements PointEntry {
  stored = true;
  #point: Point;
  #page: Page;

  constructor(point: Point, page: Page) {
    this.#point = point;
    this.#page = page;
  }

  get point(): Point {
    return this.#point;
  }
  set point(point: Point) {
    const { latest, hubTime } = this;
    const moves = point.series !== this.#point.series;
    if (moves) this.latest = null;
    this.#point = point;
    if (!moves) return;
    this.#page = this.#page.pageOf(point.series);
    this.latest = latest;
    this.hubTime = hubTime;
  }

  get latest(): LatestValue | null {
    const page = this.#page;
    const at = this.#point.series % PAGE;
    const tag = page.tag[at] ?? NONE;
    if (tag === NONE) return null;
    const flags = page.flags[at] ?? 0;
    const value = tag <= TAG.boolean ? sampleValueOf(tag, page.number[at] ?? 0, null) : (page.other.get(at) ?? null);
    return { time: page.time[at] ?? 0, value, quality: qualityOf(flags), late: (flags & LATE_FLAG) !== 0 };
  }
  set latest(latest: LatestValue | null) {
    putLatest(this.#page, this.#point.series % PAGE, latest);
  }

  get latestTime(): number {
    return latestTimeAt(this.#page, this.#point.series % PAGE);
  }

  get hubTime(): number {
    return this.#page.hubTime[this.#point.series % PAGE] ?? 0;
  }
  set hubTime(time: number) {
    this.#page.hubTime[this.#point.series % PAGE] = time;
  }
}

function putLatest(page: Page, at: number, latest: LatestValue | null): void {
  if ((page.tag[at] ?? NONE) > TAG.boolean) page.other.delete(at);
  if (latest === null) {
    page.tag[at] = NONE;
    return;
  }
  const { value } = latest;
  const tag = tagOf(value);
  page.tag[at] = tag;
  page.time[at] = latest.time;
  page.flags[at] = flagsOf(latest.quality, latest.late);
  if (tag <= TAG.boolean) page.number[at] = Number(value);
  else page.other.set(at, value);
}

function latestTimeAt(page: Page, at: number): number {
  return page.tag[at] === NONE ? Number.NEGATIVE_INFINITY : (page.time[at] ?? 0);
}
