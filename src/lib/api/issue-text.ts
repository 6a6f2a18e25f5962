/** What zod says by itself, and how we say it, to follow the name of a field. A message that a schema gives is left as it is. */
const WORDINGS: readonly (readonly [RegExp, string])[] = [
  [/^Invalid input: expected .+, received undefined$/, 'is missing'],
  [/^Invalid input: expected (?:int|integer), received .+$/, 'must be a whole number'],
  [/^Invalid input: expected (?:object|record), received (\w+)$/, 'must be an object, not $1'],
  [/^Invalid input: expected array, received (\w+)$/, 'must be a list, not $1'],
  [/^Invalid input: expected string, received (\w+)$/, 'must be a text, not $1'],
  [/^Invalid input: expected boolean, received (\w+)$/, 'must be true or false, not $1'],
  [/^Invalid input: expected (\w+), received (\w+)$/, 'must be a $1, not $2'],
  [/^Too small: expected string to have >=1 characters?$/, 'must not be empty'],
  [/^Too small: expected \w+ to have >=(\d+) (\w+)$/, 'must have at least $1 $2'],
  [/^Too big: expected \w+ to have <=(\d+) (\w+)$/, 'must have at most $1 $2'],
  [/^Too small: expected \w+ to be >=(\S+)$/, 'must be $1 or more'],
  [/^Too big: expected \w+ to be <=(\S+)$/, 'must be $1 or less'],
  [/^Too small: expected \w+ to be >(\S+)$/, 'must be more than $1'],
  [/^Too big: expected \w+ to be <(\S+)$/, 'must be less than $1'],
  [/^Invalid string: must match pattern (.+)$/s, 'must match $1'],
  [/^Unrecognized keys?: (.+)$/s, 'holds what is not known here: $1'],
];
const CHOICE = /^Invalid option: expected one of (.+)$/s;

export function issueText(message: string): string {
  const choices = CHOICE.exec(message)?.[1];
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', '').replaceAll('|', ', ')}`;
  const wording = WORDINGS.find(([pattern]) => pattern.test(message));
  return wording === undefined ? message : message.replace(wording[0], wording[1]);
}
