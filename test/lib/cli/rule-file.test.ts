import { describe, expect, test } from 'vitest';
import { parseRuleText, placeInFile, ruleYaml } from '../../../src/lib/cli/rule-file.ts';
import { ruleFromFlags } from '../../../src/lib/cli/rule-from-flags.ts';
import { placed, problemLine, wrongRule } from '../../../src/lib/cli/rule-problems.ts';
import { differenceOf } from '../../../src/lib/cli/text-difference.ts';
import { readRule } from '../../helpers/rules.ts';

describe('a file of rules', () => {
  test('holds one, several between ---, or a list, as YAML or JSON', async () => {
    expect(await parseRuleText('id: a\nwhen: {}\n', 'f')).toEqual([{ id: 'a', when: {} }]);
    expect(await parseRuleText('---\nid: a\n---\nid: b\n---\n', 'f')).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(await parseRuleText('[{"id":"a"},{"id":"b"}]', 'f')).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(await parseRuleText('# nothing\n', 'f')).toEqual([]);
  });

  test('may be what the hub answered', async () => {
    expect(await parseRuleText('[{"id":"a","version":3,"document":{"id":"a","when":{}}}]', 'f')).toEqual([{ id: 'a', when: {} }]);
  });

  test('that is no YAML, or holds something else, is refused with its name', async () => {
    await expect(parseRuleText('id: [', 'rules.yaml')).rejects.toMatchObject({ code: 'usage', message: 'rules.yaml is neither YAML nor JSON.' });
    await expect(parseRuleText('id: a\n---\nhello\n', 'rules.yaml')).rejects.toMatchObject({ code: 'usage', message: 'Rule 2 of rules.yaml is no object.' });
  });

  test('is written so that it reads as the same document', async () => {
    const document = { when: { bands: [{ level: 'major', high: 80 }] }, message: 'a: "b" # c', id: 'a', own: null, scope: { points: ['x', '*'] } };
    const text = await ruleYaml(document);
    expect(
      text
        .split('\n')
        .map((line) => line.split(':')[0])
        .filter((line) => /^\w/.test(line ?? '')),
    ).toEqual(['id', 'scope', 'when', 'message', 'own']);
    expect(await parseRuleText(text, 'f')).toEqual([document]);
  });
});

describe('what is wrong with a rule', () => {
  const TEXT = `id: a
scop: {}
when:
  bands:
    - { level: hi, high: 80 }
    - level: lo
      lo: 5
actions:
  - on: raised
    set: { point: x }
---
- id: b
  when: {}
- id: c
  onDelay: soon
`;
  const lines = async (index: number, ...paths: readonly string[]) => {
    const document = (await parseRuleText(TEXT, 'rules.yaml'))[index];
    return paths.map((path) => (document === undefined ? null : placeInFile(document, path)?.line));
  };

  test('stands in a line of its file: of the key, of the entry of a list, or where it is missing', async () => {
    expect(await lines(0, 'scop', 'when', 'when.bands.0', 'when.bands.1.lo', 'actions.0.set.value', 'scope', '')).toEqual([2, 3, 5, 7, 10, 1, 1]);
    expect(await lines(1, 'when')).toEqual([13]);
    expect(await lines(2, 'id', 'onDelay')).toEqual([14, 15]);
  });

  test('is listed in the order of the lines, as compilers do, and none for a rule that is from no file', async () => {
    const [document = {}] = await parseRuleText(TEXT, 'rules.yaml');
    const problems = [
      { path: 'when.bands.1.lo', message: 'is not known here' },
      { path: 'scop', message: 'is not known here' },
    ];
    expect(placed(problems, document).map(problemLine)).toEqual(['rules.yaml:2: scop: is not known here', 'rules.yaml:7: when.bands.1.lo: is not known here']);
    expect(placed(problems, {}).map(problemLine)).toEqual(['when.bands.1.lo: is not known here', 'scop: is not known here']);
    expect(wrongRule(placed(problems, document), true)).toMatchObject({ code: 'invalid', message: 'The rule is wrong in 2 places' });
    expect(wrongRule(placed(problems.slice(1), document), false).message).toBe('The rule is wrong: rules.yaml:2: scop: is not known here');
  });
});

describe('the flags of `rule create`', () => {
  test('make limits, sorted from the least to the most, with delays', () => {
    const document = ruleFromFlags('hot', {
      type: ['boiler'],
      point: ['t'],
      high: ['90:critical', '80:minor'],
      low: ['5'],
      deadband: '5%',
      'on-delay': 30_000,
    });
    expect(document).toEqual({
      id: 'hot',
      scope: { type: 'boiler', points: 't' },
      when: {
        bands: [
          { level: 'minor', high: 80, deadband: '5%' },
          { level: 'critical', high: 90, deadband: '5%' },
          { level: 'major', low: 5, deadband: '5%' },
        ],
      },
      onDelay: '30s',
    });
    // The hub has the last word over what they mean.
    expect(readRule(document as never, 1)).toHaveProperty('rule');
  });

  test('make a silence of devices, or of the points that are named', () => {
    expect(ruleFromFlags('silent', { 'no-data': '5m:minor' }).when).toEqual({ noData: { after: '5m', level: 'minor', of: 'device' } });
    expect(ruleFromFlags('silent', { 'no-data': '5m', point: ['t'] }).when).toEqual({ noData: { after: '5m', level: 'major' } });
    for (const point of [undefined, ['t']]) expect(readRule(ruleFromFlags('silent', { 'no-data': '5m', point }) as never, 1)).toHaveProperty('rule');
  });

  test('of no condition, of two, or of an unknown severity are refused', () => {
    for (const choice of [{}, { high: ['1'], 'no-data': '5m' }, { high: ['1:bad'] }, { high: ['x'] }, { 'no-data': '5m', deadband: '2' }]) {
      expect(() => ruleFromFlags('x', { point: ['t'], ...choice })).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });
});

describe('the difference of two texts', () => {
  test('marks lines that are gone and new ones, and keeps the others', () => {
    expect(differenceOf('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual(['  a', '- b', '+ x', '  c', '+ d']);
    expect(differenceOf('', 'a\n')).toEqual(['+ a']);
    expect(differenceOf('a\n', 'a\n')).toEqual([]);
  });
});
