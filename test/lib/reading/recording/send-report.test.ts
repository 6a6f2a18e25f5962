import { expect, it } from 'vitest';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import type { RecordedValue } from '../../../../src/lib/reading/recording/recorded-value.ts';
import { createSendReport } from '../../../../src/lib/reading/recording/send-report.ts';

const VALUES = [{ line: 1, device: 'a', point: 'x', time: 1, value: 1 }] as unknown as readonly RecordedValue[];
const STORED = { accepted: 1, rejected: [], rejectedCount: 0, time: 0 };

function hubThat(answers: readonly (MusterError | 'stored')[]) {
  const keys: (string | undefined)[] = [];
  const said: string[] = [];
  const send = createSendReport(
    {
      async report(_device, _payload, options) {
        const answer = answers[keys.length] ?? 'stored';
        keys.push(options?.idempotencyKey);
        if (answer !== 'stored') throw answer;
        return STORED;
      },
    },
    (text) => void said.push(text),
  );
  return { send: () => send('a', VALUES, new AbortController().signal), keys, said };
}

it('sends a report again under the same key, and another one under its own', async () => {
  const { send, keys } = hubThat([new MusterError('unreachable', 'cut')]);
  expect(await send()).toEqual(STORED);
  await send();
  expect(keys).toHaveLength(3);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
});

it('waits as long as a hub says that limits the rate, more often than for one that is away, and says so once', async () => {
  const limited = new MusterError('rate_limited', 'Too fast.', { details: { retryAfterMs: 700 } });
  const { send, keys, said } = hubThat([limited, limited, limited]);
  const before = performance.now();
  expect(await send()).toEqual(STORED);
  expect(performance.now() - before).toBeGreaterThanOrEqual(2_090);
  expect(keys).toHaveLength(4);
  expect(said).toEqual(['Too fast. The rest is sent as fast as the hub takes it.']);
});

it('does not try again what will not pass', async () => {
  const { send, keys } = hubThat([new MusterError('idempotency_key_reused', 'no')]);
  await expect(send()).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  expect(keys).toHaveLength(1);
});
