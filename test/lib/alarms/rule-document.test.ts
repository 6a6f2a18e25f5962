import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRule } from '../../../src/lib/alarms/rule-document.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { type Document, problemsOf } from './evaluations.ts';

const BANDS = { bands: [{ level: 'minor', high: 80 }] };
const valid = { id: 'r', scope: { points: 'x' }, when: BANDS };
const withPart = (part: Document): Document => ({ ...valid, ...part });

test('a rule says all of it', () => {
  const parsed = parseRule(
    {
      id: 'boiler-hot',
      description: 'Boiler above its limits',
      enabled: false,
      scope: { type: 'boiler', group: 'paris', labels: ['site=paris', 'critical'], device: 'b*', points: ['boiler/temperature'] },
      when: { bands: [{ level: 'hi', high: 80, deadband: 2 }] },
      onDelay: '30s',
      offDelay: '1m',
      repeat: { times: 3, within: '10m' },
      severities: { hi: 'minor' },
      message: '$'.concat('{device.name}'),
      labels: { team: 'heating' },
      latch: true,
      requiresAck: false,
      reAlarm: '1h',
      calendar: { timezone: 'Europe/Paris', active: 'mon-fri 08:00-18:00', except: ['2026-12-25'] },
      suppressedBy: [{ rule: 'gateway-silent' }, { rule: 'off', of: 'device' }],
      actions: [
        { on: 'raised', set: { point: 'boiler/enabled', value: false } },
        { on: 'cleared', device: 'horn', call: { name: 'beep', args: { times: 2 } } },
      ],
      runsAt: 'edge',
      late: 'ignore',
    },
    { version: 7 },
  );
  expect(parsed).toMatchObject({
    ok: true,
    enabled: false,
    rule: {
      id: 'boiler-hot',
      version: 7,
      scope: { types: ['boiler'], groups: ['paris'], labels: ['site=paris', 'critical'], devices: ['b*'], points: ['boiler/temperature'] },
      condition: { kind: 'bands', levels: [{ name: 'hi', severity: 'minor' }] },
      onDelayMs: 30_000,
      offDelayMs: 60_000,
      repeat: { times: 3, withinMs: 600_000 },
      labels: { team: 'heating' },
      latch: true,
      requiresAck: false,
      reAlarmMs: 3_600_000,
      calendar: { timezone: 'Europe/Paris', except: ['2026-12-25'] },
      suppressedBy: [
        { rule: 'gateway-silent', of: 'parent' },
        { rule: 'off', of: 'device' },
      ],
      actions: [
        { on: 'raised', kind: 'set', device: null, name: 'boiler/enabled', value: false },
        { on: 'cleared', kind: 'call', device: 'horn', name: 'beep', value: { times: 2 } },
      ],
      runsAt: 'edge',
      late: 'ignore',
    },
  });
});

test('what it does not say has a usual value', () => {
  expect(parseRule(valid, { version: 1 })).toMatchObject({
    ok: true,
    enabled: null,
    rule: {
      description: null,
      onDelayMs: 0,
      offDelayMs: 0,
      repeat: null,
      message: null,
      labels: {},
      latch: false,
      requiresAck: true,
      reAlarmMs: null,
      calendar: null,
      runsAt: 'hub',
      late: 'historical',
    },
  });
});

describe('problems', () => {
  test('are found all at once, each with its place', () => {
    const problems = problemsOf({
      id: 'no name',
      scop: {},
      scope: { typ: 'x', points: 7 },
      when: { bands: [{ level: 'a', high: 'x' }] },
      onDelay: 'soon',
      calendar: { timezone: 'Europe/Pari' },
      message: '$'.concat('{1 +}'),
      severities: { a: 'awful' },
      latch: 'yes',
      runsAt: 'moon',
      actions: [{ on: 'raised' }],
      suppressedBy: [{}],
    });
    const places = problems.map((problem) => problem.split(': ')[0]);
    expect(new Set(places)).toEqual(
      new Set([
        'id',
        'scop',
        'scope.typ',
        'scope.points',
        'when.bands.0.high',
        'onDelay',
        'calendar.timezone',
        'message',
        'severities.a',
        'latch',
        'runsAt',
        'actions.0',
        'suppressedBy.0.rule',
      ]),
    );
    expect(problems).toContain('scop: is not known here; is `scope` meant?');
    expect(problems).toContain('scope.typ: is not known here; is `type` meant?');
    expect(problems).toContain('latch: must be true or false');
    expect(problems).toContain('runsAt: must be hub or edge');
    expect(problems).toContain('suppressedBy.0.rule: is missing');
    expect(problems).toContain('actions.0: needs one of `set` and `call`');
  });

  test.each([
    ['no document', null, ': must be an object'],
    ['no condition', { id: 'r' }, 'when: is missing: it has one of '],
    ['two conditions', { ...valid, when: { ...BANDS, noData: { after: '1m', level: 'minor' } } }, 'when: must have exactly one of '],
    ['none', { ...valid, when: {} }, 'when: must have exactly one of '],
    ['an unknown one', { ...valid, when: { band: [] } }, 'when.band: is no kind of condition; is `bands` meant?'],
    ['no points for a condition on points', { id: 'r', when: BANDS }, 'scope.points: is missing: which points does bands watch? * stands for all'],
    [
      'points for one on devices',
      { ...valid, when: { noData: { of: 'device', after: '1m', level: 'minor' } } },
      'scope.points: has no meaning here: noData is evaluated for each device',
    ],
    ['a severity of a level that there is not', { ...valid, severities: { hihi: 'major' } }, 'severities.hihi: is no level of this rule; it has minor'],
    ['a pattern that matches no device', withPart({ scope: { points: 'x', device: ['b*', 'b 7'] } }), 'scope.device.1: is no id of a device: '],
    ['a path that is none', { ...valid, scope: { points: '/x' } }, 'scope.points: is no path of a point: '],
    ['a duration of nothing for a window', withPart({ repeat: { times: 3, within: '0s' } }), 'repeat.within: is too short'],
    ['too many repeats', withPart({ repeat: { times: 101, within: '1h' } }), 'repeat.times: must be at most 100'],
    [
      'two actions in one',
      withPart({ actions: [{ on: 'raised', set: { point: 'a', value: 1 }, call: { name: 'b' } }] }),
      'actions.0: needs one of `set` and `call`',
    ],
  ])('%s', (_, document, problem) => {
    expect(problemsOf(document as JsonValue)[0]).toContain(problem);
  });
});

describe('odd documents', () => {
  test('of any depth, size or shape are answered, quickly', () => {
    let deep: JsonValue = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    const circle: { [name: string]: JsonValue } = { id: 'r' };
    circle.when = circle;
    const documents: JsonValue[] = [
      deep,
      { id: 'r', when: deep },
      { id: 'r', actions: deep },
      circle,
      new Array(200_000).fill(1),
      { id: 'x'.repeat(1_000_000) },
      Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, index])),
    ];
    for (const document of documents) {
      const problems = problemsOf(document);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join('').length).toBeLessThan(2000);
    }
  });

  test('values that JSON has not, as YAML and programs have them, are refused where they stand', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, new Date(), 1n, new Map(), () => 1, Symbol('x')]) {
      expect(problemsOf({ ...valid, labels: { a: value as never } })).toEqual(['labels.a: is no value that JSON has']);
    }
  });

  test('names of the prototype are names like others, or refused', () => {
    expect(problemsOf({ ...valid, when: { constructor: {} } })[0]).toContain('when.constructor: is no kind of condition');
    expect(problemsOf({ ...valid, when: { toString: {} } })[0]).toContain('when.toString: is no kind of condition');
    expect(problemsOf(JSON.parse('{"id":"r","scope":{"points":"x"},"when":{"bands":[{"level":"minor","high":1}]},"__proto__":{"latch":true}}'))).toEqual([
      '__proto__: is no usable name',
    ]);
    expect(problemsOf({ ...valid, when: { bands: [{ level: 'constructor', high: 1 }] } })[0]).toContain('`constructor` has no severity');
    const parsed = parseRule(
      { ...valid, severities: { constructor: 'major' }, when: { bands: [{ level: 'constructor', high: 1 }] }, labels: { constructor: 'x', toString: 'y' } },
      { version: 1 },
    );
    expect(parsed).toMatchObject({ ok: true, rule: { condition: { levels: [{ name: 'constructor', severity: 'major' }] }, labels: { constructor: 'x' } } });
  });

  test('texts of numbers are no numbers, and numbers are no texts', () => {
    expect(problemsOf({ ...valid, when: { bands: [{ level: 'minor', high: '80' }] } })).toEqual(['when.bands.0.high: must be a number']);
    expect(problemsOf({ ...valid, onDelay: 30 })).toEqual(['onDelay: must be a text']);
  });

  test('long lists are cut short', () => {
    const scope = { points: Array.from({ length: 101 }, () => 'x') };
    expect(problemsOf({ ...valid, scope })).toEqual(['scope.points: is neither a text of 1 to 200 characters nor a list of at most 100 of them']);
    expect(problemsOf({ ...valid, when: { bands: Array.from({ length: 17 }, (_, high) => ({ level: `l${high}`, high })) } })).toEqual([
      'when.bands: has more than 16 entries',
    ]);
  });

  test('whatever it is, it is answered and never thrown', () => {
    const piece = fc.oneof(fc.jsonValue(), fc.constantFrom('5m', 'minor', 80, ['x'], { points: 'x' }, BANDS)) as fc.Arbitrary<JsonValue>;
    const keys = fc.constantFrom(
      'id',
      'scope',
      'when',
      'onDelay',
      'repeat',
      'severities',
      'message',
      'labels',
      'calendar',
      'suppressedBy',
      'actions',
      'late',
      'x',
    );
    fc.assert(
      fc.property(fc.dictionary(keys, piece), fc.boolean(), (given, whole) => {
        const parsed = parseRule(whole ? { ...valid, ...given } : given, { version: 1 });
        if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});
