import { expect, test } from 'vitest';
import { CONDITION_NAMES } from '../../../src/lib/alarms/conditions/condition-names.ts';
import { CONDITION_KINDS } from '../../../src/lib/alarms/conditions/registry.ts';
import { describeRule } from '../../../src/lib/alarms/describe-rule.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { compiledRule } from '../../helpers/rules.ts';

function words(when: { readonly [kind: string]: JsonValue }): string | undefined {
  const document = { id: 'r', scope: 'noData' in when && JSON.stringify(when).includes('device') ? {} : { points: 'p' }, when };
  return describeRule(compiledRule(document as never), document)[1];
}

test.each([
  [
    {
      bands: [
        { level: 'minor', high: 80, deadband: 2 },
        { level: 'major', high: 90, low: 5 },
      ],
    },
    'The value makes it minor at or above 80 (left with a deadband of 2), major at or above 90 or below 5.',
  ],
  [{ rate: { over: '10m', per: '1h', levels: [{ level: 'major', low: -2 }] } }, 'The change of the value over 10m, per 1h, makes it major below -2.'],
  [{ noData: { after: '5m', level: 'major' } }, 'Silence of the point makes it major after 5m.'],
  [
    {
      noData: {
        of: 'device',
        levels: [
          { level: 'warning', after: '15m' },
          { level: 'major', after: '4h' },
        ],
      },
    },
    'Silence of the device makes it warning after 15m, major after 4h.',
  ],
  [
    {
      trend: {
        window: '7d',
        limit: 3.2,
        direction: 'below',
        levels: [
          { level: 'warning', within: '10d' },
          { level: 'major', within: '2d' },
        ],
      },
    },
    'The line through the last 7d goes below 3.2: warning within 10d, major within 2d.',
  ],
  [
    { trend: { method: 'holt', window: '7d', limit: 3.2, direction: 'above', within: '1d', level: 'major' } },
    'The Holt forecast from the last 7d goes above 3.2: major within 1d.',
  ],
])('%j reads: %s', (when, sentence) => {
  expect(words(when as never)).toBe(sentence);
});

test('the names of conditions are those of the registry', () => {
  expect(CONDITION_NAMES).toEqual(CONDITION_KINDS.map(({ name }) => name));
});
