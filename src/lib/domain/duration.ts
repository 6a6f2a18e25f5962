/** Largest first: a duration is written and printed in this order. */
const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;
const PART = /(\d+(?:\.\d+)?)(ms|[wdhms])/y;
/** A hundred years: longer is a typing error, and a sum of such stays a safe integer. */
const LONGEST_MS = 100 * 366 * 86_400_000;

export const DURATION_RULE = 'such as 500ms, 90s, 5m, 1h30m, 2d or 1w';

/** `1h30m` in ms, or null. Units stand in falling order, each once; a decimal such as `1.5h` must come out as whole ms. */
export function readDuration(text: string): number | null {
  let position = 0;
  let unit = -1;
  let total = 0;
  while (position < text.length) {
    PART.lastIndex = position;
    const match = PART.exec(text);
    if (match === null) return null;
    const index = UNITS.findIndex(([name]) => name === match[2]);
    const scale = UNITS[index]?.[1];
    if (scale === undefined || index <= unit) return null;
    total += Number(match[1]) * scale;
    unit = index;
    position = PART.lastIndex;
  }
  // 1.1 s is 1100.0000000000002 in floating point: an error below a thousandth is the notation's, not the user's.
  const whole = Math.round(total);
  if (position === 0 || Math.abs(total - whole) > 1e-3 || whole > LONGEST_MS) return null;
  return whole;
}

/** The shortest exact text: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = '';
  for (const [name, scale] of UNITS) {
    const count = Math.floor(rest / scale);
    if (count > 0) text += `${count}${name}`;
    rest -= count * scale;
  }
  return text === '' ? '0s' : text;
}

const AGE_UNITS = [
  ['y', 365 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** For people, not to be read back: the two largest units, `3d4h`, in whole seconds. A year has 365 days. */
export function formatAge(ms: number): string {
  if (ms < 0) return `-${formatAge(-ms)}`;
  const index = AGE_UNITS.findIndex(([, scale]) => ms >= scale);
  const first = AGE_UNITS[index];
  if (first === undefined) return '0s';
  const count = Math.floor(ms / first[1]);
  const second = AGE_UNITS[index + 1];
  const rest = second === undefined ? 0 : Math.floor((ms - count * first[1]) / second[1]);
  return `${count}${first[0]}${second === undefined || rest === 0 ? '' : `${rest}${second[0]}`}`;
}
