import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Condition, type ConditionRun, KEEP, LATER, type ScriptRunner } from '../../../../../src/lib/alarms/conditions/condition.ts';
import { scriptDefinition } from '../../../../../src/lib/alarms/conditions/script/definition.ts';
import { parseRule } from '../../../../../src/lib/alarms/rule-document.ts';
import type { AlarmSubject } from '../../../../../src/lib/domain/alarm.ts';
import type { DeviceId, PointPath } from '../../../../../src/lib/domain/ids.ts';
import { SEVERITIES } from '../../../../../src/lib/domain/severity.ts';
import type { JsonValue } from '../../../../../src/lib/domain/value.ts';
import { createScriptThread, type ScriptThread } from '../../../../../src/lib/scripts/script-thread.ts';
import { createWaitingScripts, type WaitingScripts } from '../../../../../src/lib/scripts/waiting-scripts.ts';
import { repository } from '../../../../helpers/source-graph.ts';

const SUBJECT: AlarmSubject = { device: 'b1' as DeviceId, point: 'boiler/temperature' as PointPath, group: null };
const body = (text: string): string => `function evaluate(input, state) { ${text} }`;

let waiting: WaitingScripts;
let thread: ScriptThread;
beforeAll(async () => {
  waiting = createWaitingScripts();
  thread = createScriptThread();
  await thread.prepare();
});
afterAll(async () => {
  await Promise.all([waiting.stop(), thread.stop()]);
});

function compile(spec: JsonValue, scripts: ScriptRunner | null = waiting): Condition {
  const read = scriptDefinition.schema.parse(spec);
  const severityOf = (level: string) => SEVERITIES.find((severity) => severity === level);
  return scriptDefinition.compile(read, scripts === null ? { severityOf } : { severityOf, scripts });
}

const COUNTING = body(
  'const n = input.value > 80 ? (state ?? 0) + 1 : 0; return { level: n >= 3 ? "major" : n > 0 ? "minor" : null, text: "hot " + n, state: n }',
);

describe('a script of one point', () => {
  test('is given value, last, times, time and subject, and its state', () => {
    const condition = compile({ source: body('return { level: "major", text: JSON.stringify([input, state]), state: input.time }'), last: 2, level: 'major' });
    expect(condition.subject).toBe('point');
    const run = condition.start(SUBJECT);
    run.sample(0, 10, 1, 0);
    run.sample(0, 20, 'x', 0);
    expect(run.sample(0, 30, true, 0)).toBe(1);
    expect(JSON.parse(run.explain())).toEqual([{ device: 'b1', point: 'boiler/temperature', time: 30, value: true, last: ['x', true], times: [20, 30] }, 20]);
  });

  test('finds levels by their names; without one, what was found stands', () => {
    const run = compile({ source: COUNTING, levels: ['minor', 'major'] }).start(SUBJECT);
    expect([90, 90, 90, 20, 90].map((value, index) => run.sample(0, index, value, 0))).toEqual([1, 1, 2, 0, 1]);
    expect(run.explain()).toBe('hot 1');
    expect(run.sample(0, 9, null, 0)).toBe(KEEP);
    const silent = compile({ source: body('return input.value === 1 ? { level: "major" } : input.value === 2 ? { state: 5 } : null'), level: 'major' }).start(
      SUBJECT,
    );
    expect([1, 2, 3].map((value, index) => silent.sample(0, index, value, 0))).toEqual([1, KEEP, 0]);
  });

  test.each([
    ['throws', 'throw new Error("no")', 'Error: no'],
    ['loops', 'for (;;);', 'too many steps'],
    ['gives a level that the rule does not have', 'return { level: "bad" }', 'evaluate returned the level "bad": the rule has major'],
    ['gives no answer', 'return 5', 'evaluate returned 5: it returns null or { level, text, state }'],
    ['keeps too much', 'return { state: "x".repeat(20000) }', 'the state has more than 16384'],
  ])('one that %s raises nothing and is counted', (_, text, reason) => {
    const condition = compile({ source: body(text), level: 'major' });
    expect(condition.start(SUBJECT).sample(0, 5, 90, 0)).toBe(KEEP);
    expect(condition.failures?.count).toBe(1);
    expect(condition.failures?.last).toEqual({ reason: expect.stringContaining(reason), time: 5 });
  });

  test('a restart in the middle is as none', () => {
    const values = [90, 90, 20, 90, 90, 90, 90];
    for (let cut = 0; cut <= values.length; cut += 1) {
      const whole = compile({ source: COUNTING, levels: ['minor', 'major'] }).start(SUBJECT);
      const expected = values.map((value, index) => whole.sample(0, index, value, 0));
      const before = compile({ source: COUNTING, levels: ['minor', 'major'] }).start(SUBJECT);
      const first = values.slice(0, cut).map((value, index) => before.sample(0, index, value, 0));
      const after = compile({ source: COUNTING, levels: ['minor', 'major'] }).start(SUBJECT);
      if (cut > 0) after.sample(0, cut - 1, values[cut - 1] ?? null, 0);
      after.restore(JSON.parse(JSON.stringify(before.save())));
      expect([...first, ...values.slice(cut).map((value, index) => after.sample(0, cut + index, value, 0))]).toEqual(expected);
    }
    const odd = compile({ source: COUNTING, levels: ['minor', 'major'] }).start(SUBJECT);
    for (const saved of [null, 5, 'x', [], {}, { state: 1, level: 'gone', text: 7 }]) expect(() => odd.restore(saved)).not.toThrow();
  });
});

describe('a script of several points', () => {
  const spec = {
    points: { t: 'boiler/temperature', p: 'boiler/pressure' },
    last: 2,
    level: 'major',
    source: body('return { level: input.values.t > 80 && input.values.p < 2 ? "major" : null, text: JSON.stringify(input.last) }'),
  };

  test('is called when each point has a value', () => {
    const condition = compile(spec);
    expect(condition).toMatchObject({ subject: 'device', points: ['boiler/temperature', 'boiler/pressure'] });
    const run = condition.start({ ...SUBJECT, point: null });
    expect(run.sample(0, 1, 90, 0)).toBe(KEEP);
    expect(run.sample(1, 2, 1, 0)).toBe(1);
    expect(run.sample(1, 3, 5, 0)).toBe(0);
    expect(run.explain()).toBe('{"t":[90],"p":[1,5]}');
  });
});

describe('in the thread of a hub', () => {
  async function findings(run: ConditionRun, values: readonly (number | null)[]): Promise<number[]> {
    const later = values.map((value, index) => {
      expect(run.sample(0, index, value, 0)).toBe(LATER);
      return run.awaited ?? Promise.resolve(Number.NaN);
    });
    return Promise.all(later);
  }

  test('findings come later, in order, each with the state of the one before', async () => {
    const run = compile({ source: COUNTING, levels: ['minor', 'major'] }, thread).start(SUBJECT);
    expect(await findings(run, [90, 90, null, 90, 20, 90])).toEqual([1, 1, KEEP, 2, 0, 1]);
  });

  test('a failure is a finding that changes nothing, and the next call has the state of before', async () => {
    const condition = compile(
      { source: body('if (input.value === 0) throw new Error("zero"); return { level: "major", text: String(state), state: input.value }'), level: 'major' },
      thread,
    );
    const run = condition.start(SUBJECT);
    expect(await findings(run, [7, 0, 8])).toEqual([1, KEEP, 1]);
    expect(run.explain()).toBe('7');
    expect(condition.failures?.count).toBe(1);
  });

  test('samples that come faster than the script are counted, and those that wait are few', async () => {
    const condition = compile({ source: COUNTING, levels: ['minor', 'major'] }, thread);
    const found = await findings(
      condition.start(SUBJECT),
      Array.from({ length: 100 }, () => 90),
    );
    expect(found.filter((finding) => finding === KEEP).length).toBe(36);
    expect(condition.failures).toMatchObject({ count: 36, last: { reason: 'samples come faster than the script runs' } });
  });

  test('what was under way before a restore does not count', async () => {
    const run = compile({ source: COUNTING, levels: ['minor', 'major'] }, thread).start(SUBJECT);
    run.sample(0, 1, 90, 0);
    const before = run.awaited;
    run.restore({ state: 2, text: 'hot 2', level: 'minor' });
    expect(await before).toBe(KEEP);
    expect(await findings(run, [90])).toEqual([2]);
  });

  test('a hub that stops refuses, and no promise is lost', async () => {
    const own = createScriptThread();
    onTestFinished(() => own.stop());
    const condition = compile({ source: COUNTING, levels: ['minor', 'major'] }, own);
    const found = findings(condition.start(SUBJECT), [90, 90, 90]);
    await own.stop();
    expect(await found).toEqual([KEEP, KEEP, KEEP]);
  });
});

test('what is refused has its place', () => {
  const problems = (spec: JsonValue, scripts: ScriptRunner | null = waiting): unknown => {
    try {
      compile(spec, scripts);
    } catch (error: unknown) {
      return (error as { details?: { problems?: unknown } }).details?.problems;
    }
    return [];
  };
  expect(problems({ source: 'function evaluate() {\n  retrun 1\n}', level: 'major' })).toEqual([
    { path: 'source', message: expect.stringMatching(/SyntaxError.*line 2/) },
  ]);
  expect(problems({ source: 'x', language: 'cobol', level: 'major' })).toEqual([{ path: 'source', message: expect.stringContaining('cobol') }]);
  expect(problems({ source: COUNTING, levels: ['bad'] })).toEqual([{ path: 'levels.0', message: expect.stringContaining('`bad` has no severity') }]);
  expect(problems({ source: COUNTING, level: 'major', points: { a: 'x', b: 'x' } })).toEqual([{ path: 'points.b', message: 'is the same point as a' }]);
  expect(problems({ source: COUNTING, level: 'major' }, null)).toEqual([{ path: 'source', message: 'scripts cannot run here' }]);
  expect(problems(scriptDefinition.example as JsonValue)).toEqual([]);
});

test('the script of the documentation counts the starts of an hour', () => {
  const text = /```yaml\n(.*?)```/s.exec(readFileSync(join(repository, 'docs/operate/rule-scripts.md'), 'utf8'))?.[1] ?? '';
  const rule = parseRule(parse(text) as JsonValue, { version: 1, scripts: waiting });
  if (!rule.ok) throw new Error(JSON.stringify(rule.problems));
  const run = rule.rule.condition.start({ ...SUBJECT, point: null });
  run.sample(1, 0, 60, 0);
  const found = Array.from({ length: 30 }, (_, index) => run.sample(0, index * 60_000, index % 2 === 0, 0));
  expect([found[11], found[12], found[24]]).toEqual([0, 1, 2]);
  expect(run.explain()).toBe('15 starts within an hour');
  expect(run.sample(0, 7_200_000, false, 0)).toBe(0);
});
