import { expect, it } from 'vitest';
import type { Job } from '../../../src/lib/api/schema/jobs.ts';
import { CONFIG_PREVIEW_COLUMNS } from '../../../src/lib/cli/config-columns.ts';
import { JOB_COLUMNS } from '../../../src/lib/cli/job-columns.ts';

it('a table does not print documents that are as long as a book', () => {
  const long = 'x'.repeat(100_000);
  const job = { kind: 'config', name: null, value: { document: { long }, comment: null, ifVersion: null } } as unknown as Job;
  const what = JOB_COLUMNS.find(({ name }) => name === 'what')?.text?.(job);
  expect(what).toMatch(/^\{"long":"x+\.\.\.$/);
  const changes = [{ path: 'long', change: 'changed' as const, from: long, to: 'short' }];
  const shown = CONFIG_PREVIEW_COLUMNS.find(({ name }) => name === 'changes')?.text?.({ devices: 1, outcome: 'changed', reason: null, changes, example: 'a' });
  expect(shown).toMatch(/^long "x+\.\.\. to "short"$/);
  expect([what, shown].map((text) => (text ?? long).length < 300)).toEqual([true, true]);
});
