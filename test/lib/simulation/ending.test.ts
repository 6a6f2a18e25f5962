import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import type { Removed } from '../../../src/lib/simulation/clean-up.ts';
import { endRun } from '../../../src/lib/simulation/ending.ts';

const REMOVED: Removed = { devices: 2, types: 1, credentials: 0, failed: [] };

function end(count: number | Error, remove: Removed | Error | null) {
  const warnings: string[] = [];
  let removals = 0;
  const answer = async <Value>(value: Value | Error): Promise<Value> => {
    if (value instanceof Error) throw value;
    return value;
  };
  const ended = endRun({
    run: 'r1',
    monitor: { onWarning: (sentence) => void warnings.push(sentence) },
    count: () => answer(count),
    remove:
      remove === null
        ? null
        : () => {
            removals += 1;
            return answer(remove);
          },
  });
  return ended.then((ending) => ({ ...ending, warnings, removals }));
}

describe('the end of a run', () => {
  it('asks what is stored, then removes', async () => {
    expect(await end(10, REMOVED)).toEqual({ stored: 10, removed: REMOVED, error: null, warnings: [], removals: 1 });
    expect(await end(10, null)).toEqual({ stored: 10, removed: null, error: null, warnings: [], removals: 0 });
  });

  it.each(['unreachable', 'timed_out'] as const)('does not ask a hub again that is gone (%s), and says how to tidy up later', async (code) => {
    const ended = await end(new MusterError(code, 'No answer.', { hint: 'Look.' }), REMOVED);
    expect(ended).toMatchObject({ stored: null, removed: null, removals: 0, error: { code, message: 'No answer.', hint: 'Look.' } });
    expect(ended.warnings).toEqual([expect.stringContaining('muster simulate clean --run r1')]);
  });

  it('removes also when the hub would not say what it stored', async () => {
    const ended = await end(new MusterError('not_allowed', 'No.'), REMOVED);
    expect(ended).toMatchObject({ stored: null, removed: REMOVED, error: { code: 'not_allowed' }, warnings: [] });
  });

  it('keeps the figure when removing fails', async () => {
    const ended = await end(10, new TypeError('a bug'));
    expect(ended).toMatchObject({ stored: 10, removed: null, error: { code: 'internal', message: 'a bug' } });
    expect(ended.warnings).toHaveLength(1);
  });
});
