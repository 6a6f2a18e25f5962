// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what message templates look like
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileTemplate,
  defaultMessage,
  MESSAGE_LENGTH_MAX,
  type MessageBindings,
  type MessageTemplate,
  TEMPLATE_LENGTH_MAX,
} from '../../../src/lib/alarms/message.ts';

const hot: MessageBindings = {
  device: { id: 'b1', name: 'Boiler 1', type: 'boiler', labels: { site: 'paris', 'floor-no': '2' } },
  point: { path: 'boiler/temperature', unit: 'C' },
  group: 'paris/hall-2',
  rule: { id: 'boiler-hot', version: 3, description: null },
  labels: { team: 'heating' },
  level: 'hihi',
  severity: 'critical',
  value: 92.30000000000001,
  time: 1763785200000,
  explanation: '92.3 >= 90',
};

function template(source: string): MessageTemplate {
  const result = compileTemplate(source);
  if (!result.ok) throw new Error(`${result.message} at ${result.line}:${result.column}`);
  return result.template;
}

function rendered(source: string, bindings: Readonly<Record<string, unknown>> = { ...hot }): string {
  return template(source).render(bindings);
}

describe('a message template', () => {
  test.each([
    ['Hello', 'Hello'],
    ['', ''],
    ['${device.name}: ${point.path} is ${value} ${point.unit}', 'Boiler 1: boiler/temperature is 92.3 C'],
    ['${severity} ${level} in ${group}, ${labels.team}, ${rule.id} v${rule.version}', 'critical hihi in paris/hall-2, heating, boiler-hot v3'],
    ['${round(value, 0)} at ${iso(time)}', '92 at 2025-11-22T04:20:00.000Z'],
    ['${device.labels["floor-no"]}', '2'],
    ['${value > 90 ? "hot }" : \'cold {\'}!', 'hot }!'],
    ['${{"a": {"b": 1}}.a.b}${"""x"}"""}${"\\"}"}', '1x"}"}'],
    ['costs $5 and $${value} and $$', 'costs $5 and ${value} and $$'],
    ['$$${value}', '$${value}'],
    ['{not one} $ {neither}', '{not one} $ {neither}'],
    ['${rule.description}', '-'],
    ['${device.labels}', '{"site":"paris","floor-no":"2"}'],
  ])('%s reads %s', (source, expected) => {
    expect(rendered(source)).toBe(expected);
  });

  test('a part that has no value reads ?, and the rest is told', () => {
    expect(rendered('${device.serial} of ${device.name} is ${value * "x".size() / 0}')).toBe('? of Boiler 1 is ?');
    expect(rendered('${device.name}: ${value}', { ...hot, device: null, value: null })).toBe('?: -');
    expect(rendered('${device.name}', {})).toBe('?');
  });

  test('is one line without control characters, and not endless', () => {
    expect(rendered('a\n${value}', { ...hot, value: 'x\r\n\u001b[31my\u0000\u2028z\u202e' })).toBe('a x [31my z');
    const long = rendered('${value}${value}', { ...hot, value: '\u{1f600}'.repeat(MESSAGE_LENGTH_MAX) });
    expect(long.length).toBeLessThanOrEqual(MESSAGE_LENGTH_MAX);
    expect(long.endsWith('…')).toBe(true);
    expect(encodeURIComponent(long)).toBeTypeOf('string');
  });

  test('mistakes have their place in the whole template', () => {
    const place = (source: string): string => {
      const result = compileTemplate(source);
      return result.ok ? 'none' : `${result.line}:${result.column} ${result.message}`;
    };
    expect(place('a ${')).toBe('1:3 this expression has no closing brace');
    expect(place('a ${"}')).toBe('1:3 this expression has no closing brace');
    expect(place('a ${}')).toBe('1:5 there is no expression');
    expect(place('a\nb ${ nothing }')).toContain('2:6 nothing is called nothing here; there is device,');
    expect(place('${value} ${\n nothing}')).toContain('2:2 nothing is called nothing');
    expect(place('x'.repeat(TEMPLATE_LENGTH_MAX + 1))).toContain('longer than');
    expect(place('${1}'.repeat(60))).toContain('more than 50');
  });

  test('any template from anybody compiles or says where it is wrong, and renders to one short line', () => {
    const piece = fc.constantFrom(
      '${',
      '}',
      '$',
      '$${',
      '"',
      "'",
      '\\',
      '{',
      'value',
      'device.name',
      ' + ',
      '\n',
      'x',
      '${value}',
      '${device.labels}',
      '[0]',
      '.map(v, v)',
      '\ud83d',
      'r"',
    );
    const values = fc.record({ value: fc.anything(), device: fc.anything(), labels: fc.jsonValue(), explanation: fc.string() });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 30 }).map((list) => list.join('')),
        ),
        values,
        (source, bindings) => {
          const result = compileTemplate(source);
          if (!result.ok) {
            expect(result.line).toBeLessThanOrEqual(source.split('\n').length);
            return;
          }
          const text = result.template.render(bindings);
          expect(text.length).toBeLessThanOrEqual(MESSAGE_LENGTH_MAX);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
          expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
          expect(() => encodeURIComponent(text)).not.toThrow();
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('text without expressions is what it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab {}$é'.split('')), maxLength: 40 }), (text) => {
        fc.pre(!text.includes('${'));
        expect(rendered(text)).toBe(text.trim());
      }),
    );
  });
});

test('a rule without a template says who, what and why', () => {
  expect(defaultMessage(hot)).toBe('Boiler 1 boiler/temperature: hihi (92.3 >= 90)');
  expect(defaultMessage({ ...hot, explanation: '92.3 >= 90 (hihi), leaves below 88' })).toBe('Boiler 1 boiler/temperature: 92.3 >= 90 (hihi), leaves below 88');
  expect(defaultMessage({ ...hot, point: null, level: null, explanation: '' })).toBe('Boiler 1: normal');
  expect(defaultMessage({ ...hot, device: null, point: null })).toBe('paris/hall-2: hihi (92.3 >= 90)');
});
