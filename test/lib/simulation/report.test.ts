import { describe, expect, it } from 'vitest';
import { concludeRun } from '../../../src/lib/simulation/conclude.ts';
import { createReport, problemsOf, type ReportFacts } from '../../../src/lib/simulation/report.ts';
import { summaryLines } from '../../../src/lib/simulation/summary.ts';
import { add, createTally } from '../../../src/lib/simulation/tally.ts';

function report(facts: Partial<ReportFacts> = {}, change: (tally: ReturnType<typeof createTally>) => void = () => undefined) {
  const tally = createTally();
  tally.connectTime.record(5);
  for (let count = 0; count < 10; count += 1) {
    add(tally.sent, 3);
    add(tally.acknowledged, 3);
    tally.acknowledgeTime.record(8);
  }
  change(tally);
  return createReport(tally, {
    run: 'r1',
    mqttUrl: 'mqtt://127.0.0.1:1883',
    protocol: 'mqtt5',
    qos: 1,
    gateways: 1,
    devices: 1,
    startedAt: 0,
    elapsedMs: 2000,
    stored: 30,
    storedBefore: 0,
    repeated: 0,
    generator: null,
    stages: [],
    interrupted: false,
    removed: null,
    error: null,
    ...facts,
  });
}

describe('the report of a simulation', () => {
  it('counts samples and messages apart and gives the rate of what was acknowledged', () => {
    expect(report()).toMatchObject({
      sent: 30,
      acknowledged: 30,
      stored: 30,
      messages: { sent: 10, acknowledged: 10 },
      rate: { samplesPerSecond: 15, messagesPerSecond: 5 },
    });
    expect(problemsOf(report())).toEqual([]);
  });

  it('says nothing of acknowledgements with QoS 0, which knows none', () => {
    expect(report({ qos: 0 })).toMatchObject({ acknowledged: null, messages: { acknowledged: null } });
  });

  it.each([
    ['acknowledged samples are not stored', report({ stored: 27 }), /3 samples are not stored though they were acknowledged/],
    ['a gateway could not connect', report({ gateways: 3 }), /2 of 3 gateways could not connect/],
    ['samples were dropped', report({}, (tally) => add(tally.dropped, 3)), /3 samples were dropped/],
    ['samples were not acknowledged', report({}, (tally) => add(tally.failed, 3)), /3 samples were not acknowledged/],
  ])('ends with exit code 7 when %s', (_, failed, problem) => {
    expect(() => concludeRun(failed, 'hint')).toThrow(expect.objectContaining({ code: 'partly_failed', message: expect.stringMatching(problem), exitCode: 7 }));
    expect(summaryLines(failed).join('\n')).toMatch(problem);
  });

  it('takes samples with a repeated time for stored: the hub keeps the last of them', () => {
    const repeated = report({ stored: 28, repeated: 2 });
    expect(problemsOf(repeated)).toEqual([]);
    expect(summaryLines(repeated).join('\n')).toContain('2 had the time of another');
  });

  it('ends with what the hub failed with when it did not say what it stored', () => {
    const error = { code: 'unreachable' as const, message: 'No connection.', hint: 'Look.' };
    const gone = report({ stored: null, error });
    expect(() => concludeRun(gone, 'hint')).toThrow(expect.objectContaining({ code: 'unreachable', hint: 'Look.', exitCode: 6 }));
    expect(problemsOf(gone)).toEqual(['the hub did not say what it stored']);
    expect(summaryLines(gone)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^stored +not known$/), expect.stringMatching(/^error +No connection\.$/)]),
    );
  });

  it('leaves the exit code of an interrupted run alone', () => {
    expect(() => concludeRun(report({ stored: 3, interrupted: true }), 'hint')).not.toThrow();
  });

  it('says when the generator was the limit', () => {
    const lagMs = { count: 1, p50: 1, p95: 400, p99: 500, max: 600, mean: 20 };
    const text = summaryLines(report({ generator: { lagMs, missed: 12, eventLoopDelayMs: 300, limited: true } })).join('\n');
    expect(text).toContain('this machine was the limit');
  });
});
