import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextStep, stageEnds } from '../../../src/lib/control/job-stages.ts';
import type { JobId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { emptySummary, failuresOf, type Job } from '../../../src/lib/domain/job.ts';

function aJob(more: Partial<Job>): Job {
  return {
    ...{ id: 'j' as JobId, project: 'default' as ProjectId, kind: 'call', name: 'x', value: null, selector: '', state: 'running', reason: null },
    ...{ concurrency: 10, stages: [100], failuresMaxPercent: null, forgiven: 0, expiryMs: 1000, devices: 100 },
    ...{ createdAt: 0, createdBy: 'user:anna', startedAt: 0, endedAt: null },
    ...more,
  };
}

test('stages end at their share of the devices, rounded up', () => {
  expect(stageEnds(aJob({ stages: [1, 10, 100], devices: 100_000 }))).toEqual([1_000, 10_000, 100_000]);
  expect(stageEnds(aJob({ stages: [1, 10, 100], devices: 5 }))).toEqual([1, 1, 5]);
});

test('whatever devices answer, and in whatever order: no more are asked at a time than may be, no stage begins before the last one is answered, and it ends', () => {
  const scenario = fc.record({
    devices: fc.integer({ min: 1, max: 120 }),
    concurrency: fc.integer({ min: 1, max: 40 }),
    stages: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 }).map((some) => [...some.sort((a, b) => a - b), 100]),
    failuresMaxPercent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
    answers: fc.array(fc.constantFrom('applied' as const, 'applied' as const, 'rejected' as const, 'expired' as const), { minLength: 1, maxLength: 50 }),
  });
  fc.assert(
    fc.property(scenario, ({ answers, ...more }) => {
      const job = aJob(more);
      const ends = stageEnds(job);
      const summary = { ...emptySummary(), waiting: job.devices };
      let turn = 0;
      for (let rounds = 0; rounds < 2_000; rounds += 1) {
        const step = nextStep(job, summary);
        const asked = job.devices - summary.waiting;
        const underWay = summary.queued + summary.sent + summary.delivered;
        if (step.kind === 'done') {
          expect([summary.waiting, underWay]).toEqual([0, 0]);
          return;
        }
        if (step.kind === 'stop') {
          const end = ends.find((each) => each >= asked) ?? job.devices;
          expect(failuresOf(summary) * 100).toBeGreaterThan((job.failuresMaxPercent ?? 100) * end);
          return;
        }
        if (step.kind === 'ask') {
          expect(underWay + step.devices).toBeLessThanOrEqual(job.concurrency);
          // Nothing is under way of the stage before.
          const crossed = ends.find((end) => end >= asked && end < asked + step.devices);
          expect(crossed === undefined || (crossed === asked && underWay === 0)).toBe(true);
          summary.waiting -= step.devices;
          summary.queued += step.devices;
          continue;
        }
        expect(underWay).toBeGreaterThan(0);
        summary.queued -= 1;
        summary[answers[turn++ % answers.length] ?? 'applied'] += 1;
      }
      throw new Error('it does not end');
    }),
    { numRuns: 500 },
  );
});
