import { assert, constantFrom, double, integer, option, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { formatPointSpec, parsePointSpec } from '../../../src/lib/cli/point-spec.ts';
import { isPointPath } from '../../../src/lib/domain/ids.ts';
import { POINT_KINDS } from '../../../src/lib/domain/point.ts';
import { VALUE_TYPES } from '../../../src/lib/domain/value.ts';

test('reads a path, a type, a unit and keys', () => {
  expect(parsePointSpec('boiler/temperature:number:°C:min=0:max=120')).toEqual({
    path: 'boiler/temperature',
    valueType: 'number',
    unit: '°C',
    min: 0,
    max: 120,
  });
  expect(parsePointSpec('a')).toEqual({ path: 'a' });
  expect(parsePointSpec('a:boolean:kind=status')).toEqual({ path: 'a', valueType: 'boolean', kind: 'status' });
  expect(parsePointSpec('a::m/s:decimals=2')).toEqual({ path: 'a', unit: 'm/s', decimals: 2 });
  expect(parsePointSpec('a:unit=%:min=-1.5e3')).toEqual({ path: 'a', unit: '%', min: -1500 });
  expect(parsePointSpec('a\\:b:description=at 12\\:00, in C\\:\\\\x')).toEqual({ path: 'a:b', description: 'at 12:00, in C:\\x' });
});

test('says what is wrong', () => {
  for (const [spec, why] of [
    ['', 'its path'],
    ['a b', 'its path'],
    ['a:float', 'its type `float`'],
    ['a:number:m:x', '`x` is none of'],
    ['a:min=0:number', '`number` is none of'],
    ['a:min=', 'its min `` is not a number'],
    ['a:max=Infinity', 'not a number'],
    ['a:decimals=1.5', 'not a whole number'],
    ['a:kind=virtuel', 'its kind'],
    ['a:number:m:unit=s', 'its unit twice'],
    ['a:min=1:min=2', 'its min twice'],
  ] as const) {
    expect(() => parsePointSpec(spec), spec).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(why) }));
  }
});

test('reads back what it writes', () => {
  const point = record({
    path: string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isPointPath),
    kind: constantFrom(...POINT_KINDS),
    valueType: constantFrom(...VALUE_TYPES),
    unit: option(string({ maxLength: 8 })),
    decimals: option(integer({ min: 0, max: 15 })),
    min: option(double({ noNaN: true, noDefaultInfinity: true })),
    max: option(double({ noNaN: true, noDefaultInfinity: true })),
    description: option(string({ maxLength: 20 })),
    retention: option(constantFrom('90d', '12w', '2y', 'forever')),
  });
  const absent = { kind: 'measure', valueType: 'number', unit: null, decimals: null, min: null, max: null, description: null, retention: null };
  assert(
    property(point, (written) => {
      // -0 is written as 0.
      const expected = { ...written, min: written.min === null ? null : written.min + 0, max: written.max === null ? null : written.max + 0 };
      expect({ ...absent, ...parsePointSpec(formatPointSpec(written)) }).toEqual(expected);
    }),
  );
});
