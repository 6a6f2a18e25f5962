import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Evaluation, LevelChange } from '../../../../src/lib/alarms/evaluation.ts';
import { evaluationOf, type TimedValue } from '../evaluations.ts';
import { anyCaseArbitrary, caseArbitrary } from './cases.ts';
import { modelChanges, type PlainChange } from './reference-model.ts';

const RUNS = { numRuns: 1500 };
/** After the newest sample, so that what is pending comes to its end. */
const AFTERWARDS_MS = 60;

const endOf = (samples: readonly TimedValue[]): number => (samples.at(-1)?.[0] ?? 0) + AFTERWARDS_MS;
const plain = ({ time, from, to }: LevelChange): PlainChange => ({ time, from, to });

function run(evaluation: Evaluation, samples: readonly TimedValue[]): readonly LevelChange[] {
  return [...samples.flatMap(([time, value]) => evaluation.sample(0, time, value) ?? []), ...(evaluation.advance(endOf(samples)) ?? [])];
}

test('an evaluation finds what the plain model finds', () => {
  fc.assert(
    fc.property(caseArbitrary, ({ rule, find, samples }) => {
      expect(run(evaluationOf(rule), samples).map(plain)).toEqual(modelChanges(rule, find, samples, endOf(samples)));
    }),
    RUNS,
  );
});

test('each change begins where the one before ended, none says nothing, and their times do not fall', () => {
  fc.assert(
    fc.property(anyCaseArbitrary, ({ rule, samples }) => {
      const evaluation = evaluationOf(rule);
      const changes = run(evaluation, samples);
      let level = 0;
      let time = Number.NEGATIVE_INFINITY;
      for (const change of changes) {
        expect(change.from).toBe(level);
        expect(change.to).not.toBe(level);
        expect(change.time).toBeGreaterThanOrEqual(time);
        expect(change.explanation).not.toBe('');
        ({ to: level, time } = change);
      }
      expect(evaluation.level).toBe(level);
    }),
    RUNS,
  );
});

test('a clock that is asked at any time, or never, changes nothing', () => {
  fc.assert(
    fc.property(anyCaseArbitrary, fc.array(fc.nat(400), { maxLength: 40 }), ({ rule, samples }, asked) => {
      const evaluation = evaluationOf(rule);
      const clock = asked.map((offset) => 1000 + offset).sort((a, b) => a - b);
      const changes = samples.flatMap(([time, value]) => {
        const before: LevelChange[] = [];
        while ((clock[0] ?? Number.POSITIVE_INFINITY) <= time) before.push(...(evaluation.advance(clock.shift() ?? 0) ?? []));
        return [...before, ...(evaluation.sample(0, time, value) ?? [])];
      });
      for (const now of [...clock, endOf(samples)].sort((a, b) => a - b)) if (now <= endOf(samples)) changes.push(...(evaluation.advance(now) ?? []));
      expect(changes).toEqual(run(evaluationOf(rule), samples));
    }),
    RUNS,
  );
});

test('a clock that is asked exactly when the evaluation wants it finds nothing later', () => {
  fc.assert(
    fc.property(anyCaseArbitrary, ({ rule, samples }) => {
      const evaluation = evaluationOf(rule);
      const changes: LevelChange[] = [];
      const elapse = (until: number): void => {
        for (let steps = 0; evaluation.dueAt <= until; steps += 1) {
          expect(steps).toBeLessThan(100);
          const { dueAt } = evaluation;
          for (const change of evaluation.advance(dueAt) ?? []) {
            expect(change.time).toBe(dueAt);
            changes.push(change);
          }
        }
      };
      for (const [time, value] of samples) {
        elapse(time);
        changes.push(...(evaluation.sample(0, time, value) ?? []));
      }
      elapse(endOf(samples));
      expect(changes).toEqual(run(evaluationOf(rule), samples));
    }),
    RUNS,
  );
});

test('samples that are older than the newest change nothing', () => {
  fc.assert(
    fc.property(
      anyCaseArbitrary,
      fc.array(fc.tuple(fc.nat(39), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 10 }))),
      ({ rule, samples }, late) => {
        const evaluation = evaluationOf(rule);
        const changes = samples.flatMap(([time, value], index) => {
          const now = evaluation.sample(0, time, value) ?? [];
          for (const [after, age, old] of late) if (after === index) expect(evaluation.sample(0, time - age, old)).toBeNull();
          return now;
        });
        changes.push(...(evaluation.advance(endOf(samples)) ?? []));
        expect(changes).toEqual(run(evaluationOf(rule), samples));
      },
    ),
    RUNS,
  );
});

test('an evaluation that is saved and restored between any two samples goes on as if it had not been', () => {
  fc.assert(
    fc.property(anyCaseArbitrary, fc.uniqueArray(fc.nat(39), { maxLength: 4 }), ({ rule, samples }, restarts) => {
      const { history } = rule.condition;
      let evaluation = evaluationOf(rule);
      const changes = samples.flatMap(([time, value], index) => {
        if (restarts.includes(index)) {
          const saved = JSON.parse(JSON.stringify(evaluation.save()));
          evaluation = evaluationOf(rule);
          // What a store has: of samples of the same time the last one; and of those of good quality, what the condition asks for.
          const before = samples.slice(0, index);
          const stored = before.filter(
            ([each, given], place) => given !== null && before.slice(place + 1).every(([later, other]) => later !== each || typeof other !== typeof given),
          );
          const newest = before.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
          for (const [each, given] of stored.slice(-history.samples)) if (each >= newest - history.durationMs) evaluation.warm(0, each, given);
          evaluation.restore(saved);
          expect(evaluation.advance(newest, newest)).toBeNull();
        }
        return evaluation.sample(0, time, value) ?? [];
      });
      changes.push(...(evaluation.advance(endOf(samples)) ?? []));
      expect(changes.map(plain)).toEqual(run(evaluationOf(rule), samples).map(plain));
    }),
    RUNS,
  );
});

test('who passes over the samples of the quiet range misses nothing', () => {
  let passedInAll = 0;
  fc.assert(
    fc.property(anyCaseArbitrary, ({ rule, samples }) => {
      const evaluation = evaluationOf(rule);
      let passed = Number.NEGATIVE_INFINITY;
      const changes = samples.flatMap(([time, value]) => {
        const before = time >= evaluation.dueAt ? (evaluation.advance(Math.min(time, Math.max(passed, evaluation.dueAt)), passed) ?? []) : [];
        if (typeof value === 'number' && value >= evaluation.quietLow && value < evaluation.quietHigh && time < evaluation.dueAt) {
          passed = time;
          passedInAll += 1;
          return before;
        }
        const told = passed > evaluation.lastTime ? (evaluation.advance(passed, passed) ?? []) : [];
        return [...before, ...told, ...(evaluation.sample(0, time, value) ?? [])];
      });
      changes.push(...(evaluation.advance(endOf(samples), passed) ?? []));
      expect(changes).toEqual(run(evaluationOf(rule), samples));
    }),
    RUNS,
  );
  expect(passedInAll).toBeGreaterThan(RUNS.numRuns / 2);
});

test('nothing is saved of what is normal, so that a restart costs nothing for the many that are', () => {
  fc.assert(
    fc.property(anyCaseArbitrary, ({ rule, samples }) => {
      const evaluation = evaluationOf(rule);
      run(evaluation, samples);
      if (evaluation.level === 0 && evaluation.pending === null && rule.repeat === null && rule.condition.kind !== 'noData')
        expect(evaluation.save()).toBeNull();
    }),
    RUNS,
  );
});
