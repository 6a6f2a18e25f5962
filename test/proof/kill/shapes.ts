/** What the numbered messages of a sender say. */
export interface Shape {
  payload(number: number): string;
  /** Where the number is stored. */
  point(number: number): string;
  /** ms; null for the hub's own time. */
  time(number: number): number | null;
}

/** Points in turn for values without a time: two values of one point in the same millisecond would be one sample. */
const POINTS = 200;
/** Times of values that carry one lie far before the hub's, so that they are not mixed up with those. */
export const TIMED_FROM = Date.UTC(2025, 0, 1);

/** Values without a time; now and then a point that nobody has seen before. */
export const untimed: Shape = {
  payload: (number) => `{"${untimed.point(number)}":${number}}`,
  point: (number) => (number % 50 === 49 ? `new/${number}` : `turn/${number % POINTS}`),
  time: () => null,
};

export const timed: Shape = {
  payload: (number) => `{"ts":${TIMED_FROM + number},"values":{"timed":${number}}}`,
  point: () => 'timed',
  time: (number) => TIMED_FROM + number,
};

/** Every second one with a time. */
export const mixed: Shape = {
  payload: (number) => of(number).payload(number),
  point: (number) => of(number).point(number),
  time: (number) => of(number).time(number),
};

function of(number: number): Shape {
  return number % 2 === 1 ? timed : untimed;
}

export const FORGETFUL_POINT = 'old';

/** Beside each value one of `old`, which the hub is told to keep for a day. */
export const forgetful: Shape = {
  payload: (number) => `{"ts":${TIMED_FROM + number},"values":{"${FORGETFUL_POINT}":${number},"kept":${number}}}`,
  point: () => 'kept',
  time: (number) => TIMED_FROM + number,
};

/** Every second one clears what is retained. */
export const clearing: Shape = { ...untimed, payload: (number) => (clears(number) ? '' : `{"state":${number}}`) };

export function clears(number: number): boolean {
  return number % 2 === 1;
}

/** The number that a payload carries: its last one. */
export function numberIn(payload: string): number {
  return Number(/(\d+)\}+$/.exec(payload)?.[1] ?? Number.NaN);
}
