// Rules of each kind with their plain meaning, and samples that come near their limits.
import fc from 'fast-check';
import type { Rule } from '../../../../src/lib/alarms/rule.ts';
import type { JsonValue, SampleValue } from '../../../../src/lib/domain/value.ts';
import { type Document, ruleOf, type TimedValue } from '../evaluations.ts';
import { bandsFinder, changedFinder, noDataFinder, rateFinder, stateFinder } from './finders.ts';
import type { Finder } from './reference-model.ts';

export interface Case {
  readonly rule: Rule;
  readonly find: Finder;
  readonly samples: readonly TimedValue[];
}

interface KindCase {
  readonly when: JsonValue;
  readonly find: Finder;
}

const severityOrder = ['lo', 'hi', 'lolo', 'hihi'];
/** The numbers of the levels that a rule of these has. */
const numbered = (...names: readonly string[]): Map<string, number> =>
  new Map([...names].sort((a, b) => severityOrder.indexOf(a) - severityOrder.indexOf(b)).map((name, index) => [name, index + 1]));

const bandsCase = fc.record({ deadband: fc.integer({ min: 0, max: 3 }), wide: fc.boolean() }).map(({ deadband, wide }): KindCase => {
  const all = [
    { level: 'hi', high: 6, deadband },
    { level: 'hihi', high: 8, deadband: wide ? 3 : deadband },
    { level: 'lo', low: 2, deadband: Math.min(deadband, 3) },
  ];
  const numbers = numbered('hi', 'hihi', 'lo');
  return { when: { bands: all }, find: bandsFinder(all.map(({ level, ...limit }) => ({ ...limit, finding: numbers.get(level) ?? 0 }))) };
});

const rateCase = fc.record({ over: fc.integer({ min: 2, max: 12 }), deadband: fc.integer({ min: 0, max: 1 }) }).map(({ over, deadband }): KindCase => {
  const levels = [
    { level: 'hi', high: 3, deadband },
    { level: 'lo', low: -2, deadband },
  ];
  const numbers = numbered('hi', 'lo');
  return {
    when: { rate: { over: `${over}ms`, per: '4ms', levels } },
    find: rateFinder(
      over,
      4,
      levels.map(({ level, ...limit }) => ({ ...limit, finding: numbers.get(level) ?? 0 })),
    ),
  };
});

const noDataCase = fc.record({ after: fc.integer({ min: 3, max: 20 }), more: fc.integer({ min: 1, max: 20 }) }).map(({ after, more }): KindCase => {
  const levels = [
    { level: 'hi', after: `${after}ms` },
    { level: 'hihi', after: `${after + more}ms` },
  ];
  return {
    when: { noData: { levels } },
    find: noDataFinder([
      { afterMs: after, finding: 1 },
      { afterMs: after + more, finding: 2 },
    ]),
  };
});

const stateCase: fc.Arbitrary<KindCase> = fc.constantFrom<KindCase>(
  { when: { state: { in: [4, 5, 'on'], level: 'hi' } }, find: stateFinder([{ finding: 1, holds: (value) => [4, 5, 'on'].includes(value as number) }]) },
  { when: { state: { notIn: [3], level: 'hi' } }, find: stateFinder([{ finding: 1, holds: (value) => value !== 3 }]) },
  {
    when: {
      state: {
        levels: [
          { level: 'hihi', in: [0] },
          { level: 'hi', in: [7, true] },
        ],
      },
    },
    find: stateFinder([
      { finding: 2, holds: (value) => value === 0 },
      { finding: 1, holds: (value) => value === 7 || value === true },
    ]),
  },
);

const changedCase = fc
  .integer({ min: 1, max: 15 })
  .map((hold): KindCase => ({ when: { state: { changed: true, for: `${hold}ms`, level: 'hi' } }, find: changedFinder(hold) }));

const rest = fc
  .record({
    on: fc.constantFrom(0, 0, 5, 17),
    off: fc.constantFrom(0, 0, 4, 13),
    repeat: fc.option(fc.record({ times: fc.integer({ min: 1, max: 4 }), within: fc.integer({ min: 1, max: 25 }) }), { freq: 2 }),
  })
  .map(({ on, off, repeat }): Document => {
    const delays = { onDelay: `${on}ms`, offDelay: `${off}ms` };
    return repeat === null ? delays : { ...delays, repeat: { times: repeat.times, within: `${repeat.within}ms` } };
  });

const value: fc.Arbitrary<SampleValue> = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 10 }) },
  { weight: 1, arbitrary: fc.constantFrom<SampleValue>(null, 'on', true, 3.5) },
);

/** In the order of their times, some of the same time. */
export const samplesArbitrary: fc.Arbitrary<readonly TimedValue[]> = fc
  .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) }), value), {
    minLength: 1,
    maxLength: 40,
  })
  .map((steps) => {
    let time = 1000;
    return steps.map(([gap, each]): TimedValue => {
      time += gap;
      return [time, each];
    });
  });

export const caseArbitrary: fc.Arbitrary<Case> = fc
  .tuple(fc.oneof(bandsCase, rateCase, noDataCase, stateCase, changedCase), rest, samplesArbitrary)
  .map(([{ when, find }, document, samples]) => ({ rule: ruleOf(when, document), find, samples }));

/** Conditions that look at a window, of which the plain meaning is tested with their kinds. */
const windowed: fc.Arbitrary<JsonValue> = fc.oneof(
  fc
    .record({
      method: fc.constantFrom('line', 'holt'),
      window: fc.integer({ min: 10, max: 60 }),
      direction: fc.constantFrom('above', 'below'),
      within: fc.integer({ min: 5, max: 30 }),
    })
    .map(({ method, window, direction, within }) => ({
      trend: {
        method,
        window: `${window}ms`,
        limit: 5,
        direction,
        levels: [
          { level: 'hi', within: `${within}ms` },
          { level: 'hihi', within: '3ms' },
        ],
      },
    })),
  fc
    .record({ window: fc.integer({ min: 10, max: 60 }), deadband: fc.integer({ min: 0, max: 1 }), minSamples: fc.integer({ min: 3, max: 6 }) })
    .map(({ window, deadband, minSamples }) => ({
      anomaly: { window: `${window}ms`, deviations: 2, level: 'hi', deadband, minSamples },
    })),
);

/** All kinds on one point, without their plain meaning. */
export const anyCaseArbitrary: fc.Arbitrary<Omit<Case, 'find'>> = fc.oneof(
  { weight: 3, arbitrary: caseArbitrary },
  { weight: 1, arbitrary: fc.tuple(windowed, rest, samplesArbitrary).map(([when, document, samples]) => ({ rule: ruleOf(when, document), samples })) },
);
