import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../../src/lib/expressions/condition.ts';
import { reword } from '../../../src/lib/expressions/words.ts';

const FIELDS = { id: 'string', online: 'bool', labels: 'map', groups: 'list', now: 'number' } as const;
const compiled = (source: string) => compileCondition(source, { fields: FIELDS });
const conditionOf = (source: string) => {
  const result = compiled(source);
  if (!result.ok) throw new Error(`${result.message} at ${result.line}:${result.column}`);
  return result.condition;
};

describe('words', () => {
  test.each([
    ['a and b', 'a && b'],
    ['a or b and not c', 'a || b && !( c)'],
    ['not a == b and c', '!( a == b )&& c'],
    ['not (a or b) or c', '!( (a || b) )|| c'],
    ['not not a', '!( !( a))'],
    ['(not a, b)', '(!( a), b)'],
    ['not a ? b : c', '!( a )? b : c'],
    ['"a and b" == \'not c\'', '"a and b" == \'not c\''],
    ['labels.and == labels.or', 'labels.and == labels.or'],
    ['android or orange', 'android || orange'],
    ['a // and b', 'a // and b'],
    ['a / b', 'a / b'],
  ])('%s is %s', (source, text) => {
    expect(reword(source).text).toBe(text);
  });

  test('paths and what stands in backquotes are names', () => {
    const { text, names } = reword('boiler/temperature > 20 and `supply temp` < 3 and boiler/temperature < 90 and line-1/s.2/t > 1');
    expect(text).toBe('name0_ > 20 && name1_ < 3 && name0_ < 90 && name2_ > 1');
    expect([...names.values()]).toEqual(['boiler/temperature', 'supply temp', 'line-1/s.2/t']);
  });

  test('whatever is written is read to its end, and a place in it leads back to where it comes from', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.constantFrom('and', 'or', 'not', ' ', '(', ')', 'a', '`b`', '"x', "'y'", '/', 'c/d', '//', '\n', '?', ':'))
            .map((parts) => parts.join('')),
        ),
        (source) => {
          const { text, originOf } = reword(source);
          for (const position of [0, text.length >> 1, text.length]) {
            expect(originOf(position)).toBeGreaterThanOrEqual(0);
            expect(originOf(position)).toBeLessThanOrEqual(source.length);
          }
          const result = compileCondition(source, { fields: FIELDS });
          if (!result.ok) expect(result.line).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('a condition', () => {
  const named = (name: string, key: string | null = null, quoted = false) => ({ name, key, quoted });
  test.each([
    ['battery < 20', { kind: 'compare', named: named('battery'), op: '<', value: 20 }],
    ['20 >= battery', { kind: 'compare', named: named('battery'), op: '<=', value: 20 }],
    ['battery == -1.5', { kind: 'compare', named: named('battery'), op: '==', value: -1.5 }],
    ['online', { kind: 'compare', named: named('online'), op: '==', value: true }],
    ['labels.site != "paris"', { kind: 'compare', named: named('labels', 'site'), op: '!=', value: 'paris' }],
    ['labels["my site"] == "x"', { kind: 'compare', named: named('labels', 'my site'), op: '==', value: 'x' }],
    ['id in ["a", "b"]', { kind: 'among', named: named('id'), values: ['a', 'b'] }],
    ['has(labels.site)', { kind: 'there', named: named('labels', 'site') }],
    ['has(boiler/temperature)', { kind: 'there', named: named('boiler/temperature', null, true) }],
    ['`online` == 3', { kind: 'compare', named: named('online', null, true), op: '==', value: 3 }],
  ])('%s is simple', (source, condition) => {
    expect(conditionOf(source)).toMatchObject(condition);
  });

  test('keeps what is simple apart from what has to be computed', () => {
    const condition = conditionOf('battery < 20 and not (online or level * 2 > 3) and id.startsWith("x")');
    expect(condition).toMatchObject({
      kind: 'and',
      sides: [{ kind: 'compare' }, { kind: 'not', of: { kind: 'or', sides: [{ kind: 'compare' }, { kind: 'computed' }] } }, { kind: 'computed' }],
    });
  });

  test.each([
    ['battery <', 1, 10, /the end/],
    ['', 1, 1, /no expression/],
    ['now', 1, 1, /needs a bool/],
    ['not id == "x" and\n  id < 3', 2, 3, /string/],
    ['groups.foo(1)', 1, 1, /no function foo/],
  ])('%j is a mistake at line %i, column %i', (source, line, column, message) => {
    expect(compiled(source)).toMatchObject({ ok: false, line, column });
    expect((compiled(source) as { message: string }).message).toMatch(message);
  });

  test('names each point and field once', () => {
    const result = compiled('a/b > 1 and a/b < 3 and online and has(labels.x) and c > now');
    expect(result.ok && result.names.map(({ name, quoted }) => [name, quoted])).toEqual([
      ['a/b', true],
      ['online', false],
      ['labels', false],
      ['c', false],
      ['now', false],
    ]);
  });

  test('that is longer than an expression may be is refused', () => {
    expect(compiled(`id == "${'x'.repeat(4_000)}"`)).toMatchObject({ ok: false });
  });
});
