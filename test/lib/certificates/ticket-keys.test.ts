import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TicketKeys } from '../../../src/lib/certificates/ticket-keys.ts';

const DAY_MS = 86_400_000;

/** A file in memory, and a clock that is set. */
function place(text: string | null = null) {
  const state = { text, now: 1_000 * DAY_MS, failures: 0, canWrite: true };
  const open = async () => {
    const keys = await TicketKeys.open({
      file: {
        read: async () => state.text,
        write: async (written) => {
          if (!state.canWrite) throw new Error('the disk is full');
          state.text = written;
        },
      },
      clock: () => state.now,
      failed: () => (state.failures += 1),
    });
    onTestFinished(() => keys.stop());
    return keys;
  };
  return { state, open };
}

describe('the key of TLS sessions', () => {
  it('is made once, and is the same after a restart', async () => {
    const { state, open } = place();
    const first = await open();
    expect(first.current).toHaveLength(48);
    state.now += 6 * DAY_MS;
    expect((await open()).current).toEqual(first.current);
    expect(state.failures).toBe(0);
  });

  it('is renewed after a week, for the servers that run and for the next start', async () => {
    const { state, open } = place();
    const keys = await open();
    const old = keys.current;
    const given: Buffer[] = [];
    keys.serve({ setTicketKeys: (key) => given.push(key) });
    state.now += 7 * DAY_MS - 1;
    await keys.look();
    expect(given).toEqual([old]);
    state.now += 1;
    await keys.look();
    expect(keys.current).not.toEqual(old);
    expect(given).toEqual([old, keys.current]);
    expect((await open()).current).toEqual(keys.current);
  });

  it('is made anew when its time is in the future', async () => {
    const { state, open } = place();
    const { current } = await open();
    state.now -= DAY_MS;
    expect((await open()).current).not.toEqual(current);
  });

  it.each([
    ['no JSON', 'x'],
    ['too short', JSON.stringify({ key: randomBytes(16).toString('base64'), madeAt: 1_000 * DAY_MS })],
    ['without a time', JSON.stringify({ key: randomBytes(48).toString('base64') })],
  ])('that is %s is told, and another takes its place', async (_what, text) => {
    const { state, open } = place(text);
    const { current } = await open();
    expect(state.failures).toBe(1);
    expect((await open()).current).toEqual(current);
    expect(state.failures).toBe(1);
  });

  it('serves from memory when it cannot be written', async () => {
    const { state, open } = place();
    state.canWrite = false;
    expect((await open()).current).toHaveLength(48);
    expect(state.failures).toBe(1);
  });
});
