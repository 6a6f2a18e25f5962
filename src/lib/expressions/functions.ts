import { formatAge, readDuration } from '../domain/duration.ts';
import type { JsonValue } from '../domain/value.ts';
import { boundedList, boundedText, Failure, type Frame, spend } from './evaluation-frame.ts';
import type { ExpressionType } from './expression.ts';
import { isList, isMap, kindOf, toJson } from './expression-value.ts';

/** A function of the language. `f(a, b)` and `a.f(b)` are the same call. */
export interface FunctionEntry {
  /** As the reference shows it. */
  readonly usage: string;
  readonly summary: string;
  readonly takes: readonly ExpressionType[];
  /** So many of the last may be left out. */
  readonly optional?: number;
  /** Any number of numbers, or one list of them, comes as one list. */
  readonly variadic?: boolean;
  readonly gives: ExpressionType;
  /** The arguments have the types in `takes`. */
  call(frame: Frame, first: never, second: never, third: never): unknown;
}

function numbers(frame: Frame, list: readonly unknown[]): readonly number[] {
  spend(frame, list.length);
  for (const one of list) if (typeof one !== 'number') throw new Failure(`a list of numbers has a ${kindOf(one)} in it`);
  return list as readonly number[];
}

function filled(frame: Frame, list: readonly unknown[]): readonly number[] {
  if (list.length === 0) throw new Failure('the list is empty');
  return numbers(frame, list);
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

function extreme(values: readonly number[], isBetter: (one: number, best: number) => boolean): number {
  let best = values[0] ?? Number.NaN;
  for (const value of values) if (isBetter(value, best)) best = value;
  return best;
}

function medianOf(frame: Frame, values: readonly number[]): number {
  spend(frame, values.length * 8);
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / values.length);
}

/** Least squares. Around the means, because the square of a time in ms leaves no digits for the difference. */
function slopeOf(values: readonly number[], positions: readonly number[]): number {
  if (values.length !== positions.length) throw new Failure('the values and their times are not equally many');
  if (values.length < 2) throw new Failure('a slope needs two values');
  const middle = meanOf(positions);
  const mean = meanOf(values);
  let above = 0;
  let below = 0;
  for (let index = 0; index < values.length; index += 1) {
    const distance = (positions[index] ?? 0) - middle;
    above += distance * ((values[index] ?? 0) - mean);
    below += distance * distance;
  }
  if (below === 0) throw new Failure('a slope needs two different times');
  return above / below;
}

function roundTo(value: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) throw new Failure('digits go from 0 to 15');
  // By the decimal notation: 1.005 * 100 is 100.49999999999999.
  const [mantissa = '', exponent = '0'] = `${value}`.split('e');
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`));
  // Beyond there are no decimals to round.
  return Math.abs(shifted) < Number.MAX_SAFE_INTEGER ? Number(`${shifted}e-${digits}`) : value;
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = typeof value === 'string' ? value.trim() : '';
  const number = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) throw new Failure('this is no number');
  return number;
}

function toText(frame: Frame, value: unknown): string {
  if (typeof value === 'string') return value;
  const json: JsonValue = toJson(value, frame);
  return boundedText(frame, typeof json === 'object' ? JSON.stringify(json) : String(json));
}

function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Failure('this is neither true nor false');
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new Failure(`a ${kindOf(value)} has no size`);
}

function positionIn(text: string, position: number): number {
  if (!Number.isInteger(position) || position < 0 || position > text.length) throw new Failure(`there is no position ${position} in this text`);
  return position;
}

function inReach(value: number): number {
  if (Number.isNaN(value)) throw new Failure('there is no such number');
  return value;
}

/** Before all of a text is looked at. A search for a part of it may take as long as both of them multiplied. */
function scan(frame: Frame, text: string, part = ''): string {
  spend(frame, (text.length >> 4) + Math.floor((text.length * part.length) / 1024));
  return text;
}

const NUMBER_LIST = { takes: ['list'], variadic: true, gives: 'number' } as const;

/** All functions, by name. A Map: a name such as `constructor` finds nothing. */
export const FUNCTIONS: ReadonlyMap<string, FunctionEntry> = new Map<string, FunctionEntry>([
  ['abs', { usage: 'abs(x)', summary: 'without its sign', takes: ['number'], gives: 'number', call: (_, x: number) => Math.abs(x) }],
  ['ceil', { usage: 'ceil(x)', summary: 'the next whole number above', takes: ['number'], gives: 'number', call: (_, x: number) => Math.ceil(x) }],
  ['floor', { usage: 'floor(x)', summary: 'the next whole number below', takes: ['number'], gives: 'number', call: (_, x: number) => Math.floor(x) }],
  [
    'round',
    {
      usage: 'round(x, digits)',
      summary: 'to so many decimals; without digits to a whole number',
      takes: ['number', 'number'],
      optional: 1,
      gives: 'number',
      call: (_, x: number, digits: number | undefined) => roundTo(x, digits ?? 0),
    },
  ],
  ['sqrt', { usage: 'sqrt(x)', summary: 'square root', takes: ['number'], gives: 'number', call: (_, x: number) => inReach(Math.sqrt(x)) }],
  [
    'pow',
    { usage: 'pow(x, y)', summary: 'x to the power of y', takes: ['number', 'number'], gives: 'number', call: (_, x: number, y: number) => inReach(x ** y) },
  ],
  ['exp', { usage: 'exp(x)', summary: 'e to the power of x', takes: ['number'], gives: 'number', call: (_, x: number) => Math.exp(x) }],
  ['ln', { usage: 'ln(x)', summary: 'natural logarithm', takes: ['number'], gives: 'number', call: (_, x: number) => inReach(Math.log(x)) }],
  ['log10', { usage: 'log10(x)', summary: 'decimal logarithm', takes: ['number'], gives: 'number', call: (_, x: number) => inReach(Math.log10(x)) }],
  ['sign', { usage: 'sign(x)', summary: '-1, 0 or 1', takes: ['number'], gives: 'number', call: (_, x: number) => Math.sign(x) }],
  [
    'clamp',
    {
      usage: 'clamp(x, low, high)',
      summary: 'x, but not below low nor above high',
      takes: ['number', 'number', 'number'],
      gives: 'number',
      call: (_, x: number, low: number, high: number) => Math.min(Math.max(x, low), high),
    },
  ],

  [
    'min',
    {
      usage: 'min(list), min(a, b, ...)',
      summary: 'the least',
      ...NUMBER_LIST,
      call: (frame, list: readonly unknown[]) => extreme(filled(frame, list), (one, best) => one < best),
    },
  ],
  [
    'max',
    {
      usage: 'max(list), max(a, b, ...)',
      summary: 'the greatest',
      ...NUMBER_LIST,
      call: (frame, list: readonly unknown[]) => extreme(filled(frame, list), (one, best) => one > best),
    },
  ],
  [
    'sum',
    {
      usage: 'sum(list), sum(a, b, ...)',
      summary: '0 for an empty list',
      ...NUMBER_LIST,
      call: (frame, list: readonly unknown[]) => sumOf(numbers(frame, list)),
    },
  ],
  [
    'avg',
    { usage: 'avg(list), avg(a, b, ...)', summary: 'arithmetic mean', ...NUMBER_LIST, call: (frame, list: readonly unknown[]) => meanOf(filled(frame, list)) },
  ],
  [
    'median',
    {
      usage: 'median(list), median(a, b, ...)',
      summary: 'the middle one',
      ...NUMBER_LIST,
      call: (frame, list: readonly unknown[]) => medianOf(frame, filled(frame, list)),
    },
  ],
  [
    'stddev',
    {
      usage: 'stddev(list), stddev(a, b, ...)',
      summary: 'standard deviation of these values (not of a sample)',
      ...NUMBER_LIST,
      call: (frame, list: readonly unknown[]) => deviationOf(filled(frame, list)),
    },
  ],
  [
    'slope',
    {
      usage: 'slope(values, times)',
      summary: 'of the line through the values by least squares, per second, with times in ms; without times per value',
      takes: ['list', 'list'],
      optional: 1,
      gives: 'number',
      call: (frame, list: readonly unknown[], times: readonly unknown[] | undefined) => {
        const values = numbers(frame, list);
        return times === undefined
          ? slopeOf(
              values,
              values.map((_, index) => index),
            )
          : slopeOf(values, numbers(frame, times)) * 1000;
      },
    },
  ],
  [
    'first',
    {
      usage: 'first(list)',
      summary: 'the first entry: of values the oldest',
      takes: ['list'],
      gives: 'dyn',
      call: (_, list: readonly unknown[]) => {
        if (list.length === 0) throw new Failure('the list is empty');
        return list[0];
      },
    },
  ],
  [
    'last',
    {
      usage: 'last(list)',
      summary: 'the last entry: of values the newest',
      takes: ['list'],
      gives: 'dyn',
      call: (_, list: readonly unknown[]) => {
        if (list.length === 0) throw new Failure('the list is empty');
        return list[list.length - 1];
      },
    },
  ],
  [
    'size',
    { usage: 'size(x)', summary: 'characters of a text, entries of a list or map', takes: ['dyn'], gives: 'number', call: (_, x: unknown) => sizeOf(x) },
  ],
  [
    'keys',
    {
      usage: 'keys(map)',
      summary: 'the names in a map',
      takes: ['map'],
      gives: 'list',
      call: (frame, map: Readonly<Record<string, unknown>>) => boundedList(frame, Object.keys(map)),
    },
  ],

  ['number', { usage: 'number(x)', summary: 'a text or truth value as a number', takes: ['dyn'], gives: 'number', call: (_, x: unknown) => toNumber(x) }],
  ['double', { usage: 'double(x)', summary: 'the same as number', takes: ['dyn'], gives: 'number', call: (_, x: unknown) => toNumber(x) }],
  ['int', { usage: 'int(x)', summary: 'the same without its decimals', takes: ['dyn'], gives: 'number', call: (_, x: unknown) => Math.trunc(toNumber(x)) }],
  [
    'string',
    { usage: 'string(x)', summary: 'as a text; lists and maps as JSON', takes: ['dyn'], gives: 'string', call: (frame, x: unknown) => toText(frame, x) },
  ],
  ['bool', { usage: 'bool(x)', summary: 'of "true", "false" or a number', takes: ['dyn'], gives: 'bool', call: (_, x: unknown) => toBool(x) }],
  ['type', { usage: 'type(x)', summary: 'number, string, bool, list, map or null', takes: ['dyn'], gives: 'string', call: (_, x: unknown) => kindOf(x) }],

  [
    'startsWith',
    {
      usage: 'text.startsWith(part)',
      summary: 'it begins with it',
      takes: ['string', 'string'],
      gives: 'bool',
      call: (_, text: string, part: string) => text.startsWith(part),
    },
  ],
  [
    'endsWith',
    {
      usage: 'text.endsWith(part)',
      summary: 'it ends with it',
      takes: ['string', 'string'],
      gives: 'bool',
      call: (_, text: string, part: string) => text.endsWith(part),
    },
  ],
  [
    'contains',
    {
      usage: 'text.contains(part)',
      summary: 'it is in there',
      takes: ['string', 'string'],
      gives: 'bool',
      call: (frame, text: string, part: string) => scan(frame, text, part).includes(part),
    },
  ],
  [
    'indexOf',
    {
      usage: 'text.indexOf(part)',
      summary: 'from 0; -1: it is not in there',
      takes: ['string', 'string'],
      gives: 'number',
      call: (frame, text: string, part: string) => scan(frame, text, part).indexOf(part),
    },
  ],
  [
    'substring',
    {
      usage: 'text.substring(from, to)',
      summary: 'without to: the rest',
      takes: ['string', 'number', 'number'],
      optional: 1,
      gives: 'string',
      call: (_, text: string, from: number, to: number | undefined) => text.slice(positionIn(text, from), to === undefined ? undefined : positionIn(text, to)),
    },
  ],
  [
    'lowerAscii',
    {
      usage: 'text.lowerAscii()',
      summary: 'A to Z in small letters',
      takes: ['string'],
      gives: 'string',
      call: (frame, text: string) => scan(frame, text).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
    },
  ],
  [
    'upperAscii',
    {
      usage: 'text.upperAscii()',
      summary: 'a to z in capitals',
      takes: ['string'],
      gives: 'string',
      call: (frame, text: string) => scan(frame, text).replace(/[a-z]/g, (letter) => letter.toUpperCase()),
    },
  ],
  [
    'trim',
    { usage: 'text.trim()', summary: 'without spaces around it', takes: ['string'], gives: 'string', call: (frame, text: string) => scan(frame, text).trim() },
  ],
  [
    'split',
    {
      usage: 'text.split(separator)',
      summary: 'its parts, as a list',
      takes: ['string', 'string'],
      gives: 'list',
      call: (frame, text: string, separator: string) => {
        spend(frame, text.length);
        return boundedList(frame, scan(frame, text, separator).split(separator));
      },
    },
  ],
  [
    'join',
    {
      usage: 'list.join(separator)',
      summary: 'texts, put together; without separator with nothing between',
      takes: ['list', 'string'],
      optional: 1,
      gives: 'string',
      call: (frame, list: readonly unknown[], separator: string | undefined) => {
        spend(frame, list.length);
        let length = 0;
        for (const one of list) {
          if (typeof one !== 'string') throw new Failure(`a list of texts has a ${kindOf(one)} in it`);
          length += one.length + (separator?.length ?? 0);
          // Before the text is made, not after.
          if (length > 1_000_000) throw new Failure('a text would be too long', true);
        }
        return boundedText(frame, list.join(separator ?? ''));
      },
    },
  ],

  [
    'duration',
    {
      usage: 'duration("5m")',
      summary: 'a duration in ms',
      takes: ['string'],
      gives: 'number',
      call: (_, text: string) => {
        const ms = text.length > 100 ? null : readDuration(text);
        if (ms === null) throw new Failure('this is no duration');
        return ms;
      },
    },
  ],
  [
    'age',
    {
      usage: 'age(ms)',
      summary: 'a duration for people, such as `3d4h`',
      takes: ['number'],
      gives: 'string',
      call: (_, ms: number) => {
        if (!Number.isFinite(ms)) throw new Failure('this is no duration');
        return formatAge(ms);
      },
    },
  ],
  [
    'iso',
    {
      usage: 'iso(time)',
      summary: 'a time in ms since 1970 as `2026-01-31T08:00:00.000Z`',
      takes: ['number'],
      gives: 'string',
      call: (_, time: number) => {
        if (!(Math.abs(time) <= 8.64e15)) throw new Failure('this is no time');
        return new Date(time).toISOString();
      },
    },
  ],
]);
