import type { SeriesId } from '../domain/ids.ts';

const PAGE = 4096;

/**
 * Values by series. Series are given one after the other, so pages of an array take 8 bytes for each; a map took 30 to 60, and a
 * pause whenever it grew.
 */
export interface SeriesTable<Value> {
  get(series: SeriesId): Value | undefined;
  set(series: SeriesId, value: Value): void;
  delete(series: SeriesId): void;
}

export function createSeriesTable<Value>(): SeriesTable<Value> {
  const pages = new Map<number, (Value | undefined)[]>();
  return {
    get: (series) => pages.get(Math.floor(series / PAGE))?.[series % PAGE],
    set(series, value) {
      const number = Math.floor(series / PAGE);
      let page = pages.get(number);
      if (page === undefined) {
        page = new Array<Value | undefined>(PAGE).fill(undefined);
        pages.set(number, page);
      }
      page[series % PAGE] = value;
    },
    delete(series) {
      const page = pages.get(Math.floor(series / PAGE));
      if (page === undefined) return;
      page[series % PAGE] = undefined;
      if (page.every((value) => value === undefined)) pages.delete(Math.floor(series / PAGE));
    },
  };
}
