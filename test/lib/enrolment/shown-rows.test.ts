import { expect, test } from 'vitest';
import type { RowResult } from '../../../src/lib/enrolment/row-result.ts';
import { createShownRows } from '../../../src/lib/enrolment/shown-rows.ts';

function row(line: number, status: RowResult['status'], warnings: string[] = []): RowResult {
  return { line, id: `d-${line}`, status, code: null, reason: null, warnings, difference: {}, credential: null, expiresAt: null };
}

test('a dry run of many rows shows those that fail before those that do not, in the order of the file', () => {
  const shown = createShownRows(3);
  shown.add([row(2, 'created'), row(3, 'created'), row(4, 'created'), row(5, 'unchanged')]);
  shown.add([row(6, 'failed'), row(7, 'created', ['odd']), row(8, 'created')]);
  expect(shown.rows.map(({ line }) => line)).toEqual([2, 6, 7]);
  expect(shown.more).toBe(3);
  shown.add([row(9, 'failed'), row(10, 'failed')]);
  expect(shown.rows.map(({ line }) => line)).toEqual([6, 7, 9]);
  expect(shown.more).toBe(5);
});

test('without a limit all are shown that change something', () => {
  const shown = createShownRows(null);
  shown.add([row(2, 'created'), row(3, 'unchanged'), row(4, 'failed')]);
  expect(shown.rows.map(({ line }) => line)).toEqual([2, 4]);
  expect(shown.more).toBe(0);
});
