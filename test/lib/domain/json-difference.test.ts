import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDifference, mergePatch } from '../../../src/lib/domain/json-difference.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';

describe('the difference of two documents', () => {
  it('names each value that came, went, or is another', () => {
    const from = { a: 1, gone: true, inside: { same: 'x', list: [1, 2] } };
    const to = { a: 2, inside: { same: 'x', list: [1], fresh: null } };
    expect(jsonDifference(from, to)).toEqual([
      { path: 'a', change: 'changed', from: 1, to: 2 },
      { path: 'gone', change: 'removed', from: true },
      { path: 'inside.fresh', change: 'added', to: null },
      { path: 'inside.list', change: 'changed', from: [1, 2], to: [1] },
    ]);
    expect(jsonDifference([1], {})).toEqual([{ path: '$', change: 'changed', from: [1], to: {} }]);
  });

  it('is none for the same, and some for another', () => {
    const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
    fc.assert(
      fc.property(json, json, (one, other) => {
        expect(jsonDifference(one, structuredClone(one))).toEqual([]);
        expect(jsonDifference(one, other).length === 0).toBe(JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)));
      }),
    );
  });
});

/** The order of members says nothing. */
function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => sorted(each as JsonValue));
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}

// The examples of RFC 7396, appendix A.
describe('a merge patch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as [JsonValue, JsonValue, JsonValue][])('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
});
