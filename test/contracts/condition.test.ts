import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Condition, type ConditionKind, KEEP, LATER } from '../../src/lib/alarms/conditions/condition.ts';
import { CONDITION_KINDS } from '../../src/lib/alarms/conditions/registry.ts';
import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import { SEVERITIES, severityRank } from '../../src/lib/domain/severity.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import { createWaitingScripts, type WaitingScripts } from '../../src/lib/scripts/waiting-scripts.ts';

const severityOf = (level: string): (typeof SEVERITIES)[number] | undefined => SEVERITIES.find((severity) => severity === level);

let scripts: WaitingScripts;
beforeAll(() => {
  scripts = createWaitingScripts();
});
afterAll(() => scripts.stop());

function compile(kind: ConditionKind): Condition {
  return kind.compile(kind.schema.parse(kind.example), { severityOf, scripts });
}

const anyValue: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, 0, -0, 1, true, false, '', 'on', Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, [], {}, [[[]]], { __proto__x: 1 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -10, max: 100 }),
  fc.string(),
  fc.jsonValue() as fc.Arbitrary<JsonValue>,
);
const steps = fc.array(
  fc.record({ gap: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 100_000_000 })), value: anyValue, clock: fc.boolean() }),
  { maxLength: 60 },
);

describe.each(CONDITION_KINDS.map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  test('its example makes a rule', () => {
    const { subject } = compile(kind);
    const scope: Record<string, JsonValue> = subject === 'point' ? { points: ['boiler/temperature'] } : {};
    const parsed = parseRule({ id: 'example', scope, when: { [name]: kind.example } }, { version: 1, scripts });
    expect(parsed).toMatchObject({ ok: true, rule: { condition: { kind: name } } });
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
  });

  test('its levels are named, and stand in the order of their severities, the least bad first', () => {
    const { levels } = compile(kind);
    expect(levels.length).toBeGreaterThan(0);
    expect(new Set(levels.map((level) => level.name)).size).toBe(levels.length);
    const ranks = levels.map(({ severity }) => severityRank(severity));
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
  });

  test('a point has no points of its own, and others name theirs', () => {
    const { subject, points, history } = compile(kind);
    expect(points.length === 0).toBe(subject === 'point');
    expect(history.samples).toBeGreaterThanOrEqual(0);
    expect(history.durationMs).toBeGreaterThanOrEqual(0);
  });

  test('it takes any value at any time: it finds a level or nothing, says why in one line, moves on when its time has come, and can be saved', () => {
    const condition = compile(kind);
    fc.assert(
      fc.property(steps, (taken) => {
        const run = condition.start();
        const member = condition.subject === 'group' ? (run.join?.('b1') ?? 0) : 0;
        let now = 1_700_000_000_000;
        const check = (finding: number): void => {
          expect(Number.isInteger(finding)).toBe(true);
          if (finding !== KEEP && finding !== LATER) {
            expect(finding).toBeGreaterThanOrEqual(0);
            expect(finding).toBeLessThanOrEqual(condition.levels.length);
          }
          expect(run.explain()).toMatch(/^[^\n]+$/);
          expect(Number.isNaN(run.quietLow)).toBe(Number.isNaN(run.quietHigh));
          const saved = run.save();
          expect(JSON.parse(JSON.stringify(saved))).toEqual(saved);
        };
        for (const { gap, value, clock } of taken) {
          now += gap;
          for (let asked = 0; clock && run.dueAt <= now; asked += 1) {
            const { dueAt } = run;
            check(run.elapsed(dueAt, Number.NEGATIVE_INFINITY));
            expect(run.dueAt).toBeGreaterThan(dueAt);
            if (asked > 50) now = dueAt;
          }
          check(run.sample(0, now, value, member));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('it ignores what it did not save itself', () => {
    const condition = compile(kind);
    fc.assert(
      fc.property(anyValue, fc.array(anyValue), (saved, values) => {
        const run = condition.start();
        run.restore(saved);
        run.restore({ newest: saved, passed: saved, endsAt: saved, last: saved, before: saved });
        run.restore([saved, [saved, saved]]);
        for (const [index, value] of values.entries()) run.sample(0, index, value, 0);
        expect(run.explain()).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});
