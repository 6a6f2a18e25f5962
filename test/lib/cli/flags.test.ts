import { array, assert, constantFrom, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { aliasesOf, withRemoved } from '../../../src/lib/cli/device-flags.ts';
import { pairsOf } from '../../../src/lib/cli/flags.ts';
import { hiddenToken } from '../../../src/lib/cli/hidden-token.ts';
import { requestedFormat } from '../../../src/lib/cli/output-format.ts';
import { textWidth } from '../../../src/lib/cli/text-width.ts';

test('reads NAME=VALUE, where the value may hold anything', () => {
  expect(pairsOf('label', ['site=paris', 'query=a=b', 'empty='])).toEqual({ site: 'paris', query: 'a=b', empty: '' });
  for (const pair of ['site', '=paris', '']) expect(() => pairsOf('label', [pair]), pair).toThrow(expect.objectContaining({ code: 'usage' }));
  assert(
    property(array(string()), (names) => {
      expect(
        Object.keys(
          pairsOf(
            'label',
            names.map((name) => `x${name.replaceAll('=', '')}=1`),
          ),
        ),
      ).toHaveLength(new Set(names.map((name) => name.replaceAll('=', ''))).size);
    }),
  );
});

test('knows the kinds of aliases', () => {
  expect(aliasesOf(['imei=49', 'serial=a=b'])).toEqual({ imei: '49', serial: 'a=b' });
  expect(() => aliasesOf(['imsi=1'])).toThrow(expect.objectContaining({ code: 'usage', hint: 'The kinds are: serial, imei, iccid, mac.' }));
  expect(withRemoved<string>({ a: '1' }, ['b'])).toEqual({ a: '1', b: null });
});

test('shows of a token no more than its id', () => {
  expect(hiddenToken('mst_01f3_verysecret')).toBe('mst_01f3_…');
  expect(hiddenToken('something else')).toBe('…');
  expect(hiddenToken(null)).toBeNull();
});

test('finds the format in words that could not be parsed', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['device list --json --wrong', 'json'],
    ['device list -o ndjson', 'ndjson'],
    ['device list -oyaml', 'yaml'],
    ['device list --output=csv', 'csv'],
    ['device list --output wrong', 'table'],
    ['device list -- --json', 'table'],
    ['device list -o', 'table'],
  ];
  for (const [line, format] of cases) expect(requestedFormat(line.split(' ')), line).toBe(format);
});

test('measures text in cells of the terminal', () => {
  assert(
    property(string({ unit: constantFrom('a', '°', 'é', '-') }), (text) => {
      expect(textWidth(text)).toBe(text.length);
    }),
  );
  expect(textWidth('温度')).toBe(4);
  expect(textWidth('e\u0301')).toBe(1);
  expect(textWidth('👍🏽')).toBe(2);
});
