import { expect, test } from 'vitest';
import { createEvaluations } from '../../../../src/lib/alarms/create-evaluation.ts';
import { parseRule } from '../../../../src/lib/alarms/rule-document.ts';
import type { AlarmSubject } from '../../../../src/lib/domain/alarm.ts';

const SUBJECT = { device: 'boiler', point: 'level', group: null } as AlarmSubject;

test('what a delay confirms after a restart has the value that was shown last, not the one that was saved', () => {
  const parsed = parseRule(
    { id: 'delayed', scope: { points: 'level' }, when: { bands: [{ level: 'minor', high: 60, deadband: 10 }] }, onDelay: '150ms', message: 'too high' },
    { version: 1 },
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const start = createEvaluations(parsed.rule);
  const before = start(SUBJECT);
  before.sample(0, 1_000, 69.4);
  const saved = before.save();
  // Nothing is saved for this one: it is no change.
  before.sample(0, 1_040, 54.3);
  const after = start(SUBJECT);
  after.warm(0, 1_040, 54.3);
  after.restore(saved);
  expect(after.advance(2_000)).toEqual(before.advance(2_000));
  expect(after.save()).toMatchObject({ value: 54.3, level: 'minor' });
});
