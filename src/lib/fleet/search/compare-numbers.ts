import type { Comparison } from '../../expressions/condition.ts';

/** Puts 1 for each number that compares as wanted, and 0 for the others. */
export type NumberComparison = (numbers: Float64Array, count: number, truths: Uint8Array) => void;

/** A loop for each comparison: a call for each of a million numbers takes several times as long. */
export function compareNumbers(op: Comparison, literal: number): NumberComparison {
  switch (op) {
    case '==':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = numbers[at] === literal ? 1 : 0;
      };
    case '!=':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = numbers[at] !== literal ? 1 : 0;
      };
    case '<':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = (numbers[at] ?? 0) < literal ? 1 : 0;
      };
    case '<=':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = (numbers[at] ?? 0) <= literal ? 1 : 0;
      };
    case '>':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = (numbers[at] ?? 0) > literal ? 1 : 0;
      };
    case '>=':
      return (numbers, count, truths) => {
        for (let at = 0; at < count; at++) truths[at] = (numbers[at] ?? 0) >= literal ? 1 : 0;
      };
  }
}
