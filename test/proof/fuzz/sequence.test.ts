import { describe, expect, it } from 'vitest';
import { minimise } from './minimise.ts';
import { sequenceOf } from './sequence.ts';

describe('the fuzzer', () => {
  const room = { credentials: [null], devices: ['a'] };
  it('plays the same again for the same seed, and something else for another', () => {
    const bytes = (seed: number) => Array.from({ length: 50 }, (_, number) => Buffer.concat(sequenceOf(seed, number, room).writes).toString('hex'));
    expect(bytes(1)).toEqual(bytes(1));
    expect(bytes(1)).not.toEqual(bytes(2));
  });

  it('leaves out what a failure does not need', async () => {
    const fails = async (some: readonly number[]) => some.includes(17) && some.includes(60);
    expect(
      await minimise(
        Array.from({ length: 64 }, (_, index) => index),
        fails,
        200,
      ),
    ).toEqual([17, 60]);
  });
});
