import { expect, test } from 'vitest';
import type { Check, Surroundings } from '../../../src/lib/doctor/check.ts';
import { CHECKS } from '../../../src/lib/doctor/checks.ts';
import { type CheckResult, exitCodeOf, runChecks } from '../../../src/lib/doctor/run-checks.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';

const NOWHERE: Surroundings = {
  version: '1.0.0',
  dataDirectory: '/nowhere',
  contextFile: '/nowhere/contexts.json',
  contextFileMode: null,
  target: new MusterError('no_context', 'No hub is chosen.'),
};
const never = new AbortController().signal;

function check(name: string, run: Check['run']): Check {
  return { name, run };
}

test('a check that throws or hangs leaves the others alone, and the order stays', async () => {
  const results = await runChecks(
    [
      check('hangs', () => new Promise(() => {})),
      check('throws', () => Promise.reject(new Error('broken'))),
      check('names its code', () => Promise.reject(new MusterError('not_logged_in', 'Who are you?'))),
      check('works', async () => ({ level: 'ok', text: 'fine', hint: null })),
    ],
    NOWHERE,
    50,
    never,
  );
  expect(results.map(({ check, level, text }) => [check, level, text])).toEqual([
    ['hangs', 'fail', 'No answer within 50 ms'],
    ['throws', 'fail', 'broken'],
    ['names its code', 'fail', 'Who are you?'],
    ['works', 'ok', 'fine'],
  ]);
  expect(results[2]?.code).toBe('not_logged_in');
});

test('an interruption ends all checks', async () => {
  const stop = new AbortController();
  const running = runChecks([check('hangs', () => new Promise(() => {}))], NOWHERE, 60_000, stop.signal);
  stop.abort();
  const results = await running;
  expect(exitCodeOf(results)).toBe(130);
});

test('without a hub, its checks are skipped and the log-in is what fails', async () => {
  const results = await runChecks(CHECKS, NOWHERE, 20_000, never);
  const levels = Object.fromEntries(results.map(({ check, level }) => [check, level]));
  expect(levels).toMatchObject({ node: 'ok', 'native packages': 'ok', context: 'fail', hub: 'skipped', token: 'skipped', mqtt: 'skipped' });
  expect(exitCodeOf(results)).toBe(4);
});

test('what follows from another failure is no finding of its own, whatever it says', async () => {
  const results = await runChecks(
    [
      check('hub', () => Promise.reject(new MusterError('unreachable', 'Nothing listens.'))),
      { ...check('token', () => Promise.reject(new MusterError('unreachable', 'Nothing listens.'))), after: 'hub' },
      { ...check('mqtt', () => new Promise(() => {})), after: 'hub' },
      { ...check('clock', async () => ({ level: 'ok', text: 'right', hint: null })), after: 'hub' },
      { ...check('version', () => Promise.reject(new Error('broken'))), after: 'clock' },
    ],
    NOWHERE,
    50,
    never,
  );
  expect(results.map(({ check, level }) => [check, level])).toEqual([
    ['hub', 'fail'],
    ['token', 'skipped'],
    ['mqtt', 'skipped'],
    ['clock', 'ok'],
    ['version', 'fail'],
  ]);
  expect(results[1]).toMatchObject({ text: 'Not checked: `hub` fails', hint: null });
  expect(results[1]).not.toHaveProperty('code');
  expect(exitCodeOf(results)).toBe(6);
});

test('the exit code follows the worst finding', () => {
  const result = (level: CheckResult['level'], code?: CheckResult['code']): CheckResult => ({
    check: 'x',
    level,
    text: '',
    hint: null,
    durationMs: 0,
    ...(code === undefined ? {} : { code }),
  });
  expect(exitCodeOf([])).toBe(0);
  expect(exitCodeOf([result('ok'), result('warn'), result('skipped')])).toBe(0);
  expect(exitCodeOf([result('fail')])).toBe(1);
  expect(exitCodeOf([result('fail'), result('fail', 'not_logged_in')])).toBe(4);
  expect(exitCodeOf([result('fail', 'no_context'), result('fail', 'unreachable')])).toBe(6);
  expect(exitCodeOf([result('fail', 'timed_out')])).toBe(6);
});
