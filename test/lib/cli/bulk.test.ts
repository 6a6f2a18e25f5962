import { expect, test } from 'vitest';
import { failUnlessAll, runBulk } from '../../../src/lib/cli/bulk.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';

const missing = (id: string): never => {
  throw new MusterError('not_found', `There is no ${id}.`);
};
const work = (act: (id: string) => unknown) => ({ done: 'deleted', dryRun: false, act: async (id: string) => act(id), check: async () => missing('check') });

test('a failure does not stop the others, and some failed is exit code 7', async () => {
  const rows = await runBulk(
    ['a', 'b', 'c'],
    work((id) => id === 'b' && missing(id)),
  );
  expect(rows.map((row) => [row.id, row.status, row.code])).toEqual([
    ['a', 'deleted', null],
    ['b', 'failed', 'not_found'],
    ['c', 'deleted', null],
  ]);
  expect(() => failUnlessAll(rows)).toThrow(expect.objectContaining({ code: 'partly_failed', exitCode: 7, details: { failed: ['b'] } }));
});

test('a single one fails with its own error', async () => {
  await expect(runBulk(['a'], work(missing))).rejects.toMatchObject({ code: 'not_found' });
});

test('the rest is skipped once the hub is gone', async () => {
  let tried = 0;
  const gone = (id: string): void => {
    tried += 1;
    if (id !== 'a') throw new MusterError('unreachable', 'Gone.');
  };
  const rows = await runBulk(['a', 'b', 'c', 'd'], work(gone));
  expect(rows.map((row) => row.status)).toEqual(['deleted', 'failed', 'skipped', 'skipped']);
  expect(tried).toBe(2);
});

test('a hub that is gone from the start is told as that, not as a part that failed', async () => {
  const gone = (): never => {
    throw new MusterError('unreachable', 'Gone.');
  };
  await expect(runBulk(['a', 'b'], work(gone))).rejects.toMatchObject({ code: 'unreachable', exitCode: 6 });
});

test('a dry run checks and does nothing', async () => {
  let acted = 0;
  const rows = await runBulk(['a', 'a', 'b'], { done: 'deleted', dryRun: true, act: async () => acted++, check: async () => undefined });
  expect(rows.map((row) => [row.id, row.status])).toEqual([
    ['a', 'would be deleted'],
    ['b', 'would be deleted'],
  ]);
  expect(acted).toBe(0);
  expect(() => failUnlessAll(rows)).not.toThrow();
});
