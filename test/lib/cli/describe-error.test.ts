import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeError, type Vocabulary } from '../../../src/lib/cli/describe-error.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';

const vocabulary: Vocabulary = {
  commands: ['device list', 'device delete', 'whoami', 'serve'],
  command: 'device list',
  flags: ['--limit', '--label', '--all'],
};
const parseFailure = (message: string): Error => Object.assign(new Error(`${message}\nSee more help with --help`), { oclif: { exit: 2 } });

test('an error of ours keeps its code, hint and details', () => {
  const error = new MusterError('conflict', 'It exists.', { hint: 'Rename it.', details: { id: 'a' } });
  expect(describeError(error, vocabulary)).toEqual({ code: 'conflict', message: 'It exists.', hint: 'Rename it.', details: { id: 'a' } });
});

test('suggests the command that was meant', () => {
  for (const [typed, meant] of [
    ['device:lsit', 'device list'],
    ['devcie:list', 'device list'],
    ['device:delte', 'device delete'],
    ['whoam', 'whoami'],
    ['sevre', 'serve'],
  ]) {
    const described = describeError(new Error(`command ${typed} not found`), vocabulary);
    expect(described).toMatchObject({ code: 'usage', details: { suggestion: meant } });
    expect(described.hint).toContain(`Did you mean \`muster ${meant}\``);
  }
});

test('suggests nothing when nothing is near', () => {
  const { hint, details } = describeError(new Error('command xylophone not found'), vocabulary);
  expect(details).toEqual({ command: 'xylophone' });
  expect(hint).not.toContain('Did you mean');
});

test('says of a flag before the command where it belongs', () => {
  expect(describeError(new Error('command --context not found'), vocabulary)).toEqual({
    code: 'usage',
    message: '`--context` stands before the command: flags come after it.',
    hint: 'Write `muster COMMAND --context ...`. Run `muster --help` for what there is.',
    details: { flag: '--context' },
  });
});

test('suggests the flag that was meant', () => {
  expect(describeError(parseFailure('Nonexistent flag: --lable'), vocabulary)).toEqual({
    code: 'usage',
    message: 'There is no flag --lable.',
    hint: 'Did you mean --label? Run `muster device list --help`.',
    details: { flag: '--lable', suggestion: '--label' },
  });
});

test('suggests no other verb for one that is like none', () => {
  const described = describeError(new Error('command device:frob not found'), vocabulary);
  expect(described.details).toEqual({ command: 'device frob' });
  expect(described.hint).toContain('muster device --help');
});

test('names the arguments that are missing', () => {
  const error = Object.assign(parseFailure('Missing 1 required arg:\ndevice  Id of\n        the device'), {
    args: [{ name: 'device', description: 'Id of the device' }],
  });
  expect(describeError(error, vocabulary)).toMatchObject({ code: 'usage', message: 'Missing: device (Id of the device).', details: { arguments: ['device'] } });
});

test('what oclif says on several lines becomes one sentence without colours', () => {
  const described = describeError(
    parseFailure('The following error occurred:\n  \x1b[2m--all=true cannot also be provided\n  when using --limit\x1b[22m'),
    vocabulary,
  );
  expect(described).toMatchObject({ code: 'usage', message: '--all and --limit do not go together.' });
  expect(describeError(parseFailure('Parsing --limit: \n\tExpected an integer but received: x'), vocabulary).message).toBe(
    '--limit must be a whole number, not `x`.',
  );
});

test('a file that is not there is said as such', () => {
  let failure: unknown;
  try {
    readFileSync('/no/such/file');
  } catch (error: unknown) {
    failure = error;
  }
  expect(describeError(failure, vocabulary)).toMatchObject({ code: 'not_found', message: 'There is no directory /no/such.' });
});

test('takes off what oclif puts around an error of a flag of ours', () => {
  const error = new MusterError('usage', '--timeout `5` is not a duration.');
  error.message = `Parsing --timeout \n\t${error.message}\nSee more help with --help`;
  expect(describeError(error, vocabulary).message).toBe('--timeout `5` is not a duration.');
});

test('anything else is internal, in one sentence', () => {
  expect(describeError(new TypeError('x is not a function\n  at y'), vocabulary)).toMatchObject({ code: 'internal', message: 'x is not a function.' });
  expect(describeError('thrown text', vocabulary)).toMatchObject({ code: 'internal', message: 'thrown text.' });
  expect(describeError(undefined, vocabulary).code).toBe('internal');
});

test('says of values and of flags that do not go together what oclif says on many lines', () => {
  for (const [said, message] of [
    ['Parsing --limit \n\tExpected an integer greater than or equal to 1 but received: 0', '--limit must be a whole number of 1 or more, not `0`.'],
    ['Parsing --limit \n\tExpected an integer but received: ', '--limit must be a whole number, not ``.'],
    [
      'The following errors occurred:\n  --all=true cannot also be provided when using --limit\n  --limit=5 cannot also be provided when using --all',
      '--all and --limit do not go together.',
    ],
  ] as const) {
    expect(describeError(parseFailure(said), vocabulary)).toMatchObject({ code: 'usage', message });
  }
  const parsed = new MusterError('usage', 'Parsing --every \n\t"1x" is not a duration.\nSee more help with --help');
  expect(describeError(parsed, vocabulary).message).toBe('--every: "1x" is not a duration.');
});

test('what the hub says becomes a sentence, and a name at its beginning stays', () => {
  expect(describeError(new MusterError('not_found', 'there is no device a'), vocabulary).message).toBe('There is no device a.');
  expect(describeError(new MusterError('in_use', 'boiler is the gateway of 2 devices'), vocabulary).message).toBe('boiler is the gateway of 2 devices.');
});
