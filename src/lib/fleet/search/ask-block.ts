import type { Condition, Named } from '../../expressions/condition.ts';
import { TAG } from '../../storage/sample-columns.ts';
import { NO_VALUE } from '../newest-values.ts';
import { BLOCK_MAX } from '../sorted-devices.ts';
import type { BlockTable } from './block-table.ts';
import { compareNumbers, type NumberComparison } from './compare-numbers.ts';
import type { TextColumn } from './field-columns.ts';
import type { FieldPorts } from './fields.ts';
import { comparator, isAmong, isThere, NO, negate, UNKNOWN, YES } from './truth.ts';
import { newestOf, newestOrField, sourceOf } from './value-source.ts';

/**
 * For each device of a block, whether a condition holds: put into `truths`. Where `wanted` is 0 nobody asks, and anything may be put there. As many devices as `wanted`
 * has places.
 */
export type BlockQuestion = (table: BlockTable, wanted: Uint8Array, truths: Uint8Array) => void;

type Test = (value: unknown) => number;

/** Columns of newest values, and truths of texts by their codes: filled and read within one step. */
const NUMBERS = new Float64Array(BLOCK_MAX);
const TAGS = new Uint8Array(BLOCK_MAX);
const BY_CODE = new Uint8Array(256);

/** What a condition asks, made once and asked of block after block. It has room of its own: not to be asked again before it has answered. */
export function blockQuestion(condition: Condition, ports: FieldPorts): BlockQuestion {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return joined(
        condition.sides.map((side) => blockQuestion(side, ports)),
        condition.kind === 'and' ? NO : YES,
      );
    case 'not': {
      const ask = blockQuestion(condition.of, ports);
      return (table, wanted, truths) => {
        ask(table, wanted, truths);
        negate(truths, wanted.length);
      };
    }
    case 'compare': {
      const { named, op, value } = condition;
      return valueQuestion(named, comparator(op, value), ports, typeof value === 'number' ? compareNumbers(op, value) : null);
    }
    case 'among':
      return valueQuestion(condition.named, isAmong(condition.values), ports, null);
    case 'there':
      return valueQuestion(condition.named, isThere, ports, null);
    case 'computed':
      return computedQuestion(condition, ports);
  }
}

/** `and`, `or`: one side that decides is enough, and the others are not asked for those that are decided. */
function joined(sides: readonly BlockQuestion[], decides: number): BlockQuestion {
  const openRoom = new Uint8Array(BLOCK_MAX);
  const sideRoom = new Uint8Array(BLOCK_MAX);
  return (table, wanted, truths) => {
    const count = wanted.length;
    const open = count === BLOCK_MAX ? openRoom : openRoom.subarray(0, count);
    open.set(wanted);
    truths.fill(decides === NO ? YES : NO, 0, count);
    for (const ask of sides) {
      if (!open.includes(1)) return;
      ask(table, open, sideRoom);
      for (let at = 0; at < count; at++) {
        if (open[at] === 0) continue;
        const truth = sideRoom[at];
        if (truth === decides) {
          truths[at] = decides;
          open[at] = 0;
        } else if (truth === UNKNOWN) {
          truths[at] = UNKNOWN;
        }
      }
    }
  };
}

/** `compare`: null when numbers are tested one by one too. */
function valueQuestion(named: Named, test: Test, ports: FieldPorts, compare: NumberComparison | null): BlockQuestion {
  const source = sourceOf(named, ports);
  switch (source.kind) {
    case 'texts':
      return (table, wanted, truths) => testTexts(table.column(source.column), test, wanted, truths);
    case 'numbers':
      return (table, wanted, truths) => testNumbers(source.read(table), test, compare, wanted, truths);
    case 'newest': {
      const { newest } = ports.directory;
      return (table, wanted, truths) => {
        const series = table.column(source.series);
        if (series.length === 0) {
          truths.fill(test(undefined), 0, wanted.length);
        } else {
          newest.read(series, wanted.length, NUMBERS, TAGS);
          testNewest(table, source.path, test, compare, wanted, truths);
        }
      };
    }
    case 'each':
      return (table, wanted, truths) => {
        const valueAt = source.reader(table);
        for (let at = 0; at < wanted.length; at++) if (wanted[at] === 1) truths[at] = test(valueAt(at));
      };
  }
}

function testTexts({ codes, texts }: TextColumn, test: Test, wanted: Uint8Array, truths: Uint8Array): void {
  if (codes === null) {
    for (let at = 0; at < wanted.length; at++) if (wanted[at] === 1) truths[at] = test(texts[at]);
    return;
  }
  for (let code = 0; code < texts.length; code++) BY_CODE[code] = test(texts[code]);
  for (let at = 0; at < wanted.length; at++) truths[at] = BY_CODE[codes[at] ?? 0] ?? UNKNOWN;
}

function testNumbers(numbers: Float64Array, test: Test, compare: NumberComparison | null, wanted: Uint8Array, truths: Uint8Array): void {
  if (compare === null) {
    for (let at = 0; at < wanted.length; at++) if (wanted[at] === 1) truths[at] = test(numberAt(numbers, at));
    return;
  }
  compare(numbers, wanted.length, truths);
  for (let at = 0; at < wanted.length; at++) if (Number.isNaN(numbers[at])) truths[at] = UNKNOWN;
}

function numberAt(numbers: Float64Array, at: number): number | undefined {
  const number = numbers[at];
  return Number.isNaN(number) ? undefined : number;
}

/** Of what stands in NUMBERS and TAGS. */
function testNewest({ entries }: BlockTable, path: string, test: Test, compare: NumberComparison | null, wanted: Uint8Array, truths: Uint8Array): void {
  const ofNone = test(undefined);
  let others = 0;
  if (compare !== null) compare(NUMBERS, wanted.length, truths);
  for (let at = 0; at < wanted.length; at++) {
    const tag = TAGS[at];
    if (tag === NO_VALUE) truths[at] = ofNone;
    else if (compare === null || tag !== TAG.number) others += 1;
  }
  if (others === 0) return;
  for (let at = 0; at < wanted.length; at++) {
    const tag = TAGS[at];
    if (wanted[at] === 0 || tag === NO_VALUE || (compare !== null && tag === TAG.number)) continue;
    truths[at] = test(tag === TAG.number ? NUMBERS[at] : tag === TAG.boolean ? NUMBERS[at] !== 0 : newestOf(entries[at], path));
  }
}

function computedQuestion({ expression, names }: Extract<Condition, { kind: 'computed' }>, ports: FieldPorts): BlockQuestion {
  return ({ entries }, wanted, truths) => {
    for (let at = 0; at < wanted.length; at++) {
      if (wanted[at] === 0) continue;
      const bindings: Record<string, unknown> = {};
      for (const named of names) bindings[named.variable] = newestOrField(entries[at], named, ports);
      const holds = expression.holds(bindings);
      truths[at] = holds === null ? UNKNOWN : holds ? YES : NO;
    }
  };
}
