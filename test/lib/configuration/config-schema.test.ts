import { describe, expect, it } from 'vitest';
import { compileConfigSchema } from '../../../src/lib/configuration/config-schema.ts';

const SCHEMA = {
  type: 'object',
  required: ['interval'],
  additionalProperties: false,
  properties: { interval: { type: 'integer', minimum: 1 }, network: { type: 'object', properties: { address: { type: 'string', pattern: '^[0-9.]+$' } } } },
};

describe('the schema of configurations', () => {
  it('takes what fits, and says where something else does not', () => {
    const check = compileConfigSchema(SCHEMA);
    expect(check({ interval: 5, network: { address: '10.0.0.1' } })).toBeUndefined();
    expect(() => check({ interval: 0 })).toThrow(/interval/);
    expect(() => check({ interval: 5, network: { address: 'here' } })).toThrow(/network\.address/);
    expect(() => check({ interval: 5, colour: 'red' })).toThrow(/colour/);
    expect(() => check({})).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('names some of many problems, and counts the others', () => {
    const check = compileConfigSchema({
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, { type: 'number' }])),
    });
    expect(() => check(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, 'x'])))).toThrow(/and 4 more$/);
  });

  it.each([
    ['an unknown type', { type: 'thing' }],
    ['a reference elsewhere', { $ref: 'https://example.org/schema' }],
    ['too large', { description: 'x'.repeat(70_000) }],
    ['a group that repeats', { properties: { a: { type: 'string', pattern: '^(a+)+$' } } }],
    ['a look back', { properties: { a: { type: 'string', pattern: '(?<=a)b' } } }],
    ['many repetitions', { properties: { a: { type: 'string', pattern: '.*.*.*x' } } }],
    ['a wild name', { patternProperties: { '(x|y)*': { type: 'number' } } }],
  ])('that is %s is refused', (_, schema) => {
    expect(() => compileConfigSchema(schema)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
