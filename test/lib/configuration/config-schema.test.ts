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

  it('holds for objects when it names properties and no type', () => {
    const check = compileConfigSchema({ properties: { interval: { type: 'integer' } }, required: ['interval'] });
    expect(() => check({ interval: 'often' })).toThrow(/interval/);
    expect(() => check({})).toThrow(/interval/);
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
    ['many things that may be there', { properties: { a: { type: 'string', pattern: `${'a?'.repeat(30)}${'a'.repeat(30)}$` } } }],
    ['many repetitions with an end', { properties: { a: { type: 'string', pattern: 'a{0,200}a{0,200}a{0,200}b' } } }],
    ['a wild name', { patternProperties: { '(x|y)*': { type: 'number' } } }],
  ])('that is %s is refused', (_, schema) => {
    expect(() => compileConfigSchema(schema)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('takes patterns as they are common', () => {
    const pattern = '^([0-9]{1,3}\\.){3}[0-9]{1,3}(:[0-9]+)?$';
    expect(() => compileConfigSchema({ properties: { a: { type: 'string', pattern } } })).toThrow(/repeats a group/);
    for (const each of ['^[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(:[0-9]+)?$', '^https?://.+$', '^(on|off)$', '^(?:a|b)??c$'])
      expect(() => compileConfigSchema({ properties: { a: { type: 'string', pattern: each } } })).not.toThrow();
  });

  it.each([
    ['a pattern that tries each place anew', { properties: { a: { type: 'string', pattern: 'a*a*b' } } }, { a: 'a'.repeat(60_000) }],
    [
      'a schema that refers to itself and nothing else',
      { $defs: { x: { anyOf: [{ $ref: '#/$defs/x' }] } }, properties: { a: { $ref: '#/$defs/x' } } },
      { a: 1 },
    ],
    [
      'alternatives that double with each level',
      {
        $defs: { x: { type: 'object', properties: { a: { anyOf: [{ $ref: '#/$defs/x' }, { $ref: '#/$defs/x' }] } } } },
        properties: { a: { $ref: '#/$defs/x' } },
      },
      JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`) as object,
    ],
  ])('ends the check of %s', (_, schema, document) => {
    const check = compileConfigSchema(schema as Parameters<typeof compileConfigSchema>[0]);
    const began = performance.now();
    expect(() => check(document as Parameters<typeof check>[0])).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
