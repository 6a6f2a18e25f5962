import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { compileExpression, SOURCE_LENGTH_MAX } from '../../../src/lib/expressions/compile-expression.ts';
import type { Expression, ExpressionType } from '../../../src/lib/expressions/expression.ts';
import { FUNCTIONS } from '../../../src/lib/expressions/functions.ts';
import { MACROS } from '../../../src/lib/expressions/macros.ts';

type Bindings = Readonly<Record<string, unknown>>;

function compiled(source: string, variables: Readonly<Record<string, ExpressionType>>): Expression {
  const result = compileExpression(source, { variables });
  if (!result.ok) throw new Error(`${source}: ${result.message} at ${result.line}:${result.column}`);
  return result.expression;
}

function value(source: string, bindings: Bindings = {}, types: Readonly<Record<string, ExpressionType>> = {}): JsonValue {
  const dyn = Object.fromEntries(Object.keys(bindings).map((name) => [name, 'dyn' as const]));
  return compiled(source, { ...dyn, ...types }).evaluate(bindings);
}

function failure(source: string, bindings: Bindings = {}, types: Readonly<Record<string, ExpressionType>> = {}): string {
  try {
    value(source, bindings, types);
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code === 'invalid') return error.message;
    throw error;
  }
  throw new Error(`${source} has a value`);
}

function mistake(source: string, variables: Readonly<Record<string, ExpressionType>> = {}): string {
  const result = compileExpression(source, { variables });
  if (result.ok) throw new Error(`${source} compiles`);
  return `${result.line}:${result.column} ${result.message}`;
}

describe('numbers, texts and truth', () => {
  test.each<[string, Bindings, JsonValue]>([
    ['7 / 2', {}, 3.5],
    ['a * 1.8 + 32 > 100 && b < 3', { a: 40, b: 2.5 }, true],
    ['-a + 2 * 3 - 4 % 3', { a: 1 }, 4],
    ['0x1F + 1 + 2e3', {}, 2032],
    ['!(a == 1) || a != 1', { a: 1 }, false],
    ['a > 3 ? "high" : "low"', { a: 4 }, 'high'],
    ['"b" < "c" && "B" + "x" == \'Bx\'', {}, true],
    ['[1, 2] + [3] == l', { l: [1, 2, 3] }, true],
    ['{"a": [1, {"b": null}]} == m', { m: { a: [1, { b: null }] } }, true],
    ['1 == "1"', {}, false],
    ['2 in [1, 2] && "a" in m && !("constructor" in m)', { m: { a: 1 } }, true],
    ['[1] in [[1], [2]]', {}, true],
    ['m.a.b + m["a"]["b"] + l[1]', { m: { a: { b: 1 } }, l: [5, 7] }, 9],
    ['null == x', { x: null }, true],
    ['[1, 2 // twice\n][1]', {}, 2],
    ['{"n": 3, "t": "x"}', {}, { n: 3, t: 'x' }],
  ])('%s of %j is %j', (source, bindings, expected) => {
    expect(value(source, bindings)).toEqual(expected);
  });

  test('what has no value is an `invalid` error that says why', () => {
    expect(failure('a + 1', { a: 'x' })).toContain('+ takes two numbers, two texts or two lists, not a string and a number');
    expect(failure('a * 2', { a: null })).toContain('* needs a number, and this is null');
    expect(failure('1 / a', { a: 0 })).toContain('division by zero');
    expect(failure('1 % a', { a: 0 })).toContain('division by zero');
    expect(failure('a > "x"', { a: 1 })).toContain('> needs a string, and this is a number');
    expect(failure('a > b', { a: 1, b: 'x' })).toContain('> compares two numbers or two texts, not a number and a string');
    expect(failure('m.b', { m: { a: 1 } })).toContain('there is no b');
    expect(failure('l[2]', { l: [1] })).toContain('there is no [2]');
    expect(failure('l[0.5]', { l: [1] })).toContain('there is no [0.5]');
    expect(failure('x', {}, { x: 'number' })).toContain('x has no value');
    expect(failure('x', { x: 'text' }, { x: 'number' })).toContain('x needs a number, and this is a string');
    expect(failure('1e308 * 10')).toContain('not a finite number');
    expect(failure('[1e308 * 10]')).toContain('not a finite number');
  });

  test('one side of && and || that decides is enough, whatever becomes of the other', () => {
    expect(value('x > 1 || y > 1', { y: 2 }, { x: 'number' })).toBe(true);
    expect(value('y > 1 || x > 1', { y: 2 }, { x: 'number' })).toBe(true);
    expect(value('x > 1 && y > 1', { y: 0 }, { x: 'number' })).toBe(false);
    expect(failure('x > 1 || y > 1', { y: 0 }, { x: 'number' })).toContain('x has no value');
  });
});

describe('lists', () => {
  test.each<[string, JsonValue]>([
    ['l.all(v, v > 0)', true],
    ['l.any(v, v > 4)', false],
    ['l.exists(v, v == 4)', true],
    ['l.exists_one(v, v == 4)', true],
    ['l.count(v, v > 1)', 2],
    ['l.filter(v, v > 1)', [2, 4]],
    ['l.map(v, v * 10)', [10, 20, 40]],
    ['l.map(v, v > 1, v * 10)', [20, 40]],
    ['l.map(v, l.filter(w, w > v))', [[2, 4], [4], []]],
    ['l.map(v, l.map(v, v + 1).size() + v)', [4, 5, 7]],
    ['m.all(name, m[name] > 0)', true],
    ['[].all(v, v > 0) && ![].any(v, v > 0)', true],
    ['size(l) + l.size() + size("abc") + size(m)', 11],
    ['min(l) + max(l) + sum(l) + avg(3, 5) + min(9, 8)', 24],
    ['round(avg(l), 2)', 2.33],
    ['median(l) + median(1, 3)', 4],
    ['stddev(2, 4)', 1],
    ['sum([])', 0],
    ['slope([1, 3, 5])', 2],
    ['slope([1, 2, 3], [1700000000000, 1700000060000, 1700000120000]) * 60', 1],
    ['first(l) + last(l)', 5],
    ['keys(m).join("+")', 'a+b'],
  ])('%s is %j', (source, expected) => {
    const result = value(source, { l: [1, 2, 4], m: { a: 1, b: 2 } });
    if (typeof expected === 'number') expect(result).toBeCloseTo(expected, 9);
    else expect(result).toEqual(expected);
  });

  test('an entry that fails matters only when no other decides', () => {
    expect(value('l.any(v, v > 3)', { l: ['x', 5] })).toBe(true);
    expect(failure('l.any(v, v > 3)', { l: ['x', 1] })).toContain('> needs a number');
    expect(failure('l.count(v, v > 3)', { l: ['x', 5] })).toContain('> needs a number');
  });

  test('the mean, least and greatest of nothing is no value, and a list of texts is none of numbers', () => {
    for (const name of ['avg', 'min', 'max', 'median', 'stddev', 'first', 'last']) expect(failure(`${name}([])`)).toContain('empty');
    expect(failure('sum(["a"])')).toContain('a list of numbers has a string in it');
    expect(failure('slope([1, 2], [5, 5])')).toContain('two different times');
    expect(failure('slope([1, 2], [5])')).toContain('not equally many');
  });
});

describe('functions', () => {
  test.each<[string, JsonValue]>([
    ['abs(-2.5)', 2.5],
    ['ceil(1.2) + floor(1.8) + sign(-3)', 2],
    ['round(1.005, 2)', 1.01],
    ['round(-2.5)', -2],
    ['round(1e300, 2)', 1e300],
    ['round(1e-7, 3)', 0],
    ['sqrt(16) + pow(2, 10) + ln(exp(2)) + log10(1000)', 1033],
    ['clamp(12, 0, 10)', 10],
    ['int("12") + int(-3.7) + number(" 2.5 ") + double(true)', 12.5],
    ['string(1.5) + string(true) + string([1, "a"]) + string(null)', '1.5true[1,"a"]null'],
    ['bool("true") && !bool(0)', true],
    ['type(1) + type("") + type([]) + type({}) + type(null) + type(true)', 'numberstringlistmapnullbool'],
    ['"abc".startsWith("ab") && "abc".endsWith("c") && "abc".contains("b")', true],
    ['"abc".indexOf("c") + "abc".indexOf("x")', 1],
    ['"abcd".substring(1, 3) + "abcd".substring(2)', 'bccd'],
    ['"aBç".lowerAscii() + "aBç".upperAscii() + " x ".trim()', 'abçABçx'],
    ['"a,b".split(",").join("-")', 'a-b'],
    ['"boiler-12".matches("^boiler-[0-9]+$") && !"x".matches("y")', true],
    ['duration("1h30m")', 5_400_000],
    ['age(90000000)', '1d1h'],
    ['iso(0)', '1970-01-01T00:00:00.000Z'],
    ['startsWith("abc", "a")', true],
  ])('%s is %j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  test('each function refuses arguments that it cannot take when it is compiled, or when it meets them', () => {
    for (const [name, entry] of FUNCTIONS) {
      expect(mistake(`${name}()`), name).toContain('it is ');
      expect(mistake(`${name}(1, 2, 3, "x")`), name).toMatch(/it is |needs a /);
      if (entry.takes[0] !== 'dyn') expect(failure(`${name}(${entry.takes.map(() => 'x').join(', ')})`, { x: null }), name).toContain('this is null');
    }
  });

  test('has() asks for a name or a path of names', () => {
    const types = { device: 'dyn', t: 'number' } as const;
    expect(value('has(device.labels.site)', { device: { labels: { site: 'x' } } }, types)).toBe(true);
    expect(value('has(device.labels["a-b"])', { device: { labels: {} } }, types)).toBe(false);
    expect(value('has(device.labels.site)', { device: null }, types)).toBe(false);
    expect(value('has(device.labels.constructor)', { device: { labels: {} } }, types)).toBe(false);
    expect(value('has(t)', {}, types)).toBe(false);
    expect(value('has(t) && t > 3', { t: 4 }, types)).toBe(true);
    expect(value('[{"a": 1}, {}].count(v, has(v.a))')).toBe(1);
    expect(mistake('has(1)')).toContain('has() takes a name');
    expect(mistake('has(nothing)')).toContain('nothing is called nothing');
  });
});

describe('mistakes are found when an expression is compiled, with their place', () => {
  test.each([
    ['', '1:1 there is no expression'],
    ['t >', '1:4 unexpected token: the end'],
    ['t > 1 )', "1:7 unexpected character: ')'"],
    ['t > 1\n&& u', '2:4 nothing is called u here; there is t'],
    ['t > "x"', '1:1 > needs a number, and this is a string'],
    ['t + "x"', '1:1 + takes two of a kind, not a number and a string; string(x) makes a text of a number'],
    ['!t', '1:1 ! needs a bool, and this is a number'],
    ['t && true', '1:1 && needs a bool, and this is a number'],
    ['t.x', '1:1 .x needs a map, and this is a number'],
    ['t ? 1 : 2', '1:1 ? : needs a bool, and this is a number'],
    ['nope(t)', '1:1 there is no function nope()'],
    ['round()', '1:1 it is round(x, digits)'],
    ['[t].all(v)', '1:1 it is list.all(v, condition)'],
    ['"x".matches("(")', '1:13 the pattern is wrong'],
    ['"x".matches(string(t))', '1:1 it is text.matches("pattern"), with the pattern as a text in quotes'],
    ['12345678901234567890', '1:1 this number has too many digits'],
    ['1u', '1:1 only numbers, texts in quotes'],
    ['b"bytes"', '1:1 only numbers, texts in quotes'],
    ['cel.bind(x, 1, x)', '1:1 there is no function bind()'],
  ])('%s', (source, expected) => {
    expect(mistake(source, { t: 'number' })).toContain(expected);
  });

  test('the names that an expression uses are those of its surroundings, without those of its loops', () => {
    expect(compiled('a > 1 && l.all(v, v > b)', { a: 'number', b: 'number', c: 'number', l: 'list' }).variables).toEqual(['a', 'l', 'b']);
  });
});

describe('an expression from anybody', () => {
  test.each(['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty'])('cannot reach %s', (name) => {
    const bindings = { m: { a: 1 }, l: [1], s: 'x', n: 1 };
    for (const source of [`m["${name}"]`, `l["${name}"]`, `s["${name}"]`, `n["${name}"]`, `${name}`, `m.${name}`, `s.${name}`, `${name}()`, `m.${name}()`]) {
      const result = compileExpression(source, { variables: { m: 'dyn', l: 'dyn', s: 'dyn', n: 'dyn' } });
      if (result.ok) expect(() => result.expression.evaluate(bindings), source).toThrow(MusterError);
    }
    if (name !== '__proto__') expect(value(`{"${name}": 1}["${name}"]`)).toBe(1);
  });

  test('makes no map that sets a prototype', () => {
    expect(failure('{"__proto__": {"admin": true}}')).toContain('the names in a map are texts');
  });

  test('gets nothing of an object with a class, and no bigint or function comes out', () => {
    for (const thing of [new Date(), new Map([['a', 1]]), () => 1, 10n, Symbol('x'), Object.create({ a: 1 }), /x/]) {
      expect(failure('x', { x: thing })).toContain('no value');
      expect(failure('[x]', { x: thing })).toContain('no value');
      expect(failure('x.a', { x: thing })).toContain('x.a');
    }
  });

  test.each([
    ['nested loops', 'l.map(a, l.map(b, l.map(c, l.map(d, a + b + c + d))))'],
    ['many loops', `${'l.all(a, l.all(b, l.all(c, true))) && '.repeat(20)}true`],
    [
      'a text that doubles',
      `${'["x"].map(a, a + a + a + a + a + a + a + a)[0]'.repeat(1)}${'.split("").map(a, a + a).join("").split("").map(a, a + a).join("")'.repeat(8)}`,
    ],
    ['a list that doubles', Array.from({ length: 6 }).reduce<string>((text) => `[${text}].map(a, a + a + a + a + a + a + a + a)[0]`, 'l')],
    ['comparison of nested lists', 'l.map(a, l).map(a, [a, a, a, a, l.map(b, l)]) == l.map(a, l).map(a, [a, a, a, a, l.map(b, l)])'],
    ['membership', 'l.all(a, l.all(b, !([a, b] in l.map(c, [c, c + 0.5]))))'],
    ['patterns', 'l.all(a, l.all(b, !s.matches("(a*)*(b|a+)*c{1,50}$")))'],
    ['one long text many times', 'string(l.map(a, l.map(b, s)))'],
    ['one long text many times, as a result', 'l.map(a, l.map(b, s))'],
    ['comparison of long texts', 'l.all(a, l.all(b, l.all(c, s == s + "") && s <= s + ""))'],
    ['search', 'l.all(a, l.all(b, !s.contains(s.substring(0, 2500) + "b" + s.substring(0, 2400))))'],
    ['splitting', 'l.all(a, l.all(b, s.split("aaaaaaab").size() == 1))'],
    ['joining', 'l.all(a, l.all(b, l.map(c, s).join(s) != ""))'],
    ['sorting', 'l.all(a, l.all(b, median(l) > 0))'],
  ])('ends in time: %s', (_, source) => {
    const bindings = { l: Array.from({ length: 300 }, (_unused, index) => index + 1), s: 'a'.repeat(5000) };
    const before = performance.now();
    expect(failure(source, bindings)).toMatch(/too many steps|would be|too long/);
    // Far above what it takes (some 20 ms), far below what it would take without limits.
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('is refused when it is too long or too deep', () => {
    expect(mistake(`1${' '.repeat(SOURCE_LENGTH_MAX)}`)).toContain('longer than');
    expect(mistake(`${'('.repeat(1000)}1${')'.repeat(1000)}`)).toMatch(/exceeded|deep/);
    expect(mistake(`${'!'.repeat(3000)}true`)).toMatch(/nested too deeply|exceeded/);
    expect(mistake(`${'!'.repeat(500)}true`)).toContain('nested too deeply');
    expect(mistake(`1${'+1'.repeat(1500)}`)).toMatch(/nested too deeply|exceeded/);
    expect(mistake(`${'[1].map(a, '.repeat(6)}1${')'.repeat(6)}`)).toContain('loops stand inside each other');
    expect(mistake(`"${'x'.repeat(50)}".matches("${'(a*)*'.repeat(50)}")`)).toContain('at most 200 characters');
  });

  test('a failure in the middle of a loop leaves nothing behind for the next evaluation', () => {
    const expression = compiled('l.map(v, 1 / v).size()', { l: 'list' });
    expect(() => expression.evaluate({ l: [1, 0] })).toThrow('division by zero');
    expect(expression.evaluate({ l: [1, 2] })).toBe(2);
    for (let round = 0; round < 100; round += 1) expect(expression.evaluate({ l: Array.from({ length: 50_000 }, () => 1) })).toBe(50_000);
  });
});

const names = fc.constantFrom('a', 'b', 'l', 'm', 'nothing', 'constructor', '__proto__');
const literal = fc.oneof(
  fc.constantFrom('0', '1', '2.5', '1e308', '"x"', "'y'", 'true', 'false', 'null', '[]', '{}', '[1, "a"]', '{"k": 1}'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => `(${number})`),
);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    literal,
    names,
    fc
      .tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/', '%', '<', '<=', '==', '!=', '&&', '||', 'in', '>'), tie('tree'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('!', '-'), tie('tree')).map(([op, a]) => `${op}${a}`),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('tree'), fc.constantFrom('k', 'length', 'constructor')).map(([a, name]) => `${a}.${name}`),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(fc.constantFrom(...FUNCTIONS.keys()), fc.array(tie('tree'), { maxLength: 4 })).map(([name, list]) => `${name}(${list.join(', ')})`),
    fc.tuple(tie('tree'), fc.constantFrom(...MACROS.keys()), tie('tree')).map(([a, name, b]) => `${a}.${name}(v, ${b} == v)`),
  ),
}));
const bindings = fc.record({
  a: fc.jsonValue(),
  b: fc.anything(),
  l: fc.array(fc.oneof(fc.double(), fc.jsonValue())),
  m: fc.dictionary(fc.string(), fc.jsonValue()),
});
const VARIABLES = { a: 'dyn', b: 'dyn', l: 'list', m: 'map', nothing: 'number' } as const;

/** Whatever it is: a mistake with a place, a MusterError `invalid`, or a value that JSON can write. */
function holds(source: string, values: Bindings): void {
  const result = compileExpression(source, { variables: VARIABLES });
  if (!result.ok) {
    expect(result.message).not.toBe('');
    expect(result.line).toBeGreaterThanOrEqual(1);
    expect(result.column).toBeGreaterThanOrEqual(1);
    return;
  }
  try {
    const json = result.expression.evaluate(values);
    // JSON has one zero.
    expect(JSON.parse(JSON.stringify(json), (_, one) => (Object.is(one, -0) ? 0 : one))).toEqual(JSON.parse(JSON.stringify(json)));
    expect(JSON.stringify(json)).toBeTypeOf('string');
    if (typeof json === 'number') expect(Number.isFinite(json)).toBe(true);
  } catch (error: unknown) {
    if (!(error instanceof MusterError)) throw error;
    expect(error.code).toBe('invalid');
  }
}

describe('property', () => {
  test('any expression has a place of its mistake, a reason, or a JSON value', () => {
    fc.assert(fc.property(tree, bindings, holds), { numRuns: 2000 });
  });

  test('any text at all is read or refused', () => {
    const alphabet = fc.constantFrom(...'ab1.+-*/%<>=!&|?:()[]{}"\'\\ ,\n'.split(''), 'has(', '.all(', 'matches', '""" ', '0x', 'r"', '//', '\u{1f600}', '$');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(alphabet, { maxLength: 40 }).map((list) => list.join('')),
        ),
        bindings,
        holds,
      ),
      { numRuns: 3000 },
    );
  });

  test('arithmetic and comparisons are those of doubles', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(value('[a < b, a <= b, a > b, a >= b, a == b, a != b]', { a, b })).toEqual([a < b, a <= b, a > b, a >= b, a === b, a !== b]);
        for (const [op, expected] of [
          ['+', a + b],
          ['-', a - b],
          ['*', a * b],
          ['/', a / b],
        ] as const) {
          if (Number.isFinite(expected) && !(op === '/' && b === 0)) expect(value(`a ${op} b`, { a, b })).toBe(expected);
        }
      }),
    );
  });
});
