import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSelector, selectorMatcher } from '../../../src/lib/domain/selector.ts';
import { aDevice } from '../../helpers/fleet.ts';

function fits(
  text: string,
  device = aDevice('m1', { type: 'meter', labels: { site: 'paris', floor: '2' }, aliases: { imei: '490154203237518' } }),
  groups: string[] = [],
): boolean {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return selectorMatcher(parsed.selector, () => groups)(device);
}

describe('a selector', () => {
  test.each([
    ['', true],
    ['site=paris,type=meter', true],
    ['site=paris,type=boiler', false],
    ['site=london|paris', true],
    ['site!=paris', false],
    ['zone!=a', true],
    ['floor', true],
    ['!floor', false],
    ['!zone', true],
    ['id=m*', true],
    ['imei=49*', true],
    ['iccid', false],
    ['label.site=paris', true],
    ['label.type=meter', false],
    ['state=active', true],
    ['!parent', true],
  ])('%j fits a meter in paris: %s', (text, expected) => expect(fits(text)).toBe(expected));

  test('a group means what is below it too', () => {
    const groups = ['paris', 'paris/hall-2'];
    expect(fits('group=paris', undefined, groups)).toBe(true);
    expect(fits('group=paris/hall-2', undefined, groups)).toBe(true);
    expect(fits('group=par', undefined, groups)).toBe(false);
    expect(fits('group=paris/hall-1', undefined, groups)).toBe(false);
    expect(fits('group!=paris', undefined, groups)).toBe(false);
    expect(fits('!group', undefined, [])).toBe(true);
  });

  test.each(['a=b,', ',', '=x', 'a b=c', '!a=b', 'a==b', 'a!==b', 'label.=x'])('%j is refused with a reason', (text) => {
    expect(parseSelector(text)).toMatchObject({ ok: false, reason: expect.any(String) });
  });

  test('any text is read or refused, never thrown at', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseSelector(text)));
  });
});
