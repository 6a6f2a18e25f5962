import { expect, test } from 'vitest';
import { z } from 'zod';
import { issueText } from '../../../src/lib/api/issue-text.ts';

const SCHEMA = z.strictObject({
  name: z.string().min(1),
  password: z.string().min(10).max(20),
  count: z.number().int().min(1).max(5),
  kind: z.enum(['gateway', 'device']),
  tags: z.array(z.string()).max(1),
  open: z.boolean(),
  id: z.string().regex(/^a/, 'must begin with a'),
});
const RIGHT = { name: 'n', password: '0123456789', count: 1, kind: 'device', tags: [], open: true, id: 'a' };

function said(wrong: Record<string, unknown>): string[] {
  const { error } = SCHEMA.safeParse({ ...RIGHT, ...wrong });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${issueText(message)}`.trim());
}

test('what a schema refuses is said in words of the product', () => {
  expect(said({ name: '', password: 'short', count: 0, kind: 'x', tags: ['a', 'b'], open: 'yes' })).toEqual([
    'name must not be empty',
    'password must have at least 10 characters',
    'count must be 1 or more',
    'kind must be one of gateway, device',
    'tags must have at most 1 items',
    'open must be true or false, not string',
  ]);
  expect(said({ name: 1, password: undefined, count: 1.5, tags: {}, more: 1 })).toEqual([
    'name must be a text, not number',
    'password is missing',
    'count must be a whole number',
    'tags must be a list, not object',
    'holds what is not known here: "more"',
  ]);
});

test('a message of the schema itself stays', () => {
  expect(said({ id: 'b' })).toEqual(['id must begin with a']);
});
