import { describe, expect, it } from 'vitest';
import { createBodyBudget, SMALL_BODY_BYTES } from '../../../src/lib/api/body-budget.ts';

const LARGE = SMALL_BODY_BYTES * 10;
const ever = new AbortController().signal;
/** Lets everything happen that waits for nothing outside. */
const settled = () => new Promise((done) => setImmediate(done));

describe('the budget of bodies', () => {
  it('lets as many large bodies in as fit, then the next as one ends, in their order', async () => {
    const budget = createBodyBudget(2 * LARGE, 60_000);
    const order: number[] = [];
    const releases = await Promise.all([budget.take(LARGE, ever), budget.take(LARGE, ever)]);
    const rest = [3, 4].map((number) =>
      budget.take(LARGE, ever).then((release) => {
        order.push(number);
        return release;
      }),
    );
    await settled();
    expect(order).toEqual([]);
    releases[0]?.();
    releases[0]?.();
    await settled();
    expect(order).toEqual([3]);
    releases[1]?.();
    for (const release of await Promise.all(rest)) release();
    expect(order).toEqual([3, 4]);
  });

  it('lets a small body pass at any time, and a single one that is larger than all of it', async () => {
    const budget = createBodyBudget(LARGE, 60_000);
    const release = await budget.take(5 * LARGE, ever);
    await budget.take(SMALL_BODY_BYTES, ever);
    release();
  });

  it('refuses who has waited too long, forgets who went away, and lets those behind them pass', async () => {
    const budget = createBodyBudget(2 * LARGE, 50);
    const release = await budget.take(1.5 * LARGE, ever);
    const gone = new AbortController();
    const first = budget.take(LARGE, gone.signal);
    const small = budget.take(LARGE / 2, ever);
    const late = budget.take(LARGE, ever);
    gone.abort();
    await expect(first).rejects.toMatchObject({ code: 'interrupted' });
    (await small)();
    await expect(late).rejects.toMatchObject({ code: 'overloaded' });
    release();
    await budget.take(2 * LARGE, ever);
  });

  it('takes nothing for who has gone already', async () => {
    const budget = createBodyBudget(LARGE, 60_000);
    await expect(budget.take(LARGE, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
    await budget.take(LARGE, ever);
  });
});
