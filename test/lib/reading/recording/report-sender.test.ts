import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailedValue, RecordedValue } from '../../../../src/lib/reading/recording/recorded-value.ts';
import { reportPayload } from '../../../../src/lib/reading/recording/report-payload.ts';
import { createReportSender, type SendReport } from '../../../../src/lib/reading/recording/report-sender.ts';

const value = (line: number, more: Partial<RecordedValue> = {}): RecordedValue => ({
  line,
  device: 'd',
  point: 'p',
  time: 1000 + line,
  value: line,
  quality: 'good',
  ...more,
});

/** A hub that refuses some values and, like the real one, names points and at most 100 of them. */
function hubThat(refuses: (value: RecordedValue) => boolean) {
  const reports: { device: string; values: readonly RecordedValue[] }[] = [];
  const stored: RecordedValue[] = [];
  let inFlight = new Set<string>();
  let most = 0;
  const send: SendReport = async (device, values) => {
    if (inFlight.has(device)) throw new Error('two reports of one device at once');
    inFlight = new Set(inFlight).add(device);
    most = Math.max(most, inFlight.size);
    await new Promise((done) => setImmediate(done));
    inFlight.delete(device);
    reports.push({ device, values });
    const bad = values.filter(refuses);
    stored.push(...values.filter((one) => !refuses(one)));
    const rejected = bad.slice(0, 100).map(({ point }) => ({ code: 'out_of_range', reason: 'too large', point }));
    return { accepted: values.length - bad.length, rejected, rejectedCount: bad.length, time: 0 };
  };
  return { send, reports, stored, most: () => most };
}

async function sendAll(values: readonly RecordedValue[], send: SendReport, batch = 10) {
  const failed: FailedValue[] = [];
  let accepted = 0;
  const sender = createReportSender({
    send,
    signal: new AbortController().signal,
    batch,
    onFailed: (one) => failed.push(one),
    onAccepted: (count) => {
      accepted += count;
    },
  });
  for (const one of values) await sender.add(one);
  await sender.finish();
  return { failed, accepted, waiting: sender.oldestWaitingLine() };
}

describe('reports', () => {
  test('go out in order for each device, in batches, several devices at once but few', async () => {
    const hub = hubThat(() => false);
    const values = Array.from({ length: 600 }, (_, line) => value(line, { device: `d${line % 6}` }));
    const { accepted, waiting } = await sendAll(values, hub.send, 20);
    expect(accepted).toBe(600);
    expect(waiting).toBeNull();
    expect(hub.most()).toBeGreaterThan(1);
    expect(hub.most()).toBeLessThanOrEqual(4);
    expect(Math.max(...hub.reports.map(({ values: sent }) => sent.length))).toBe(20);
    for (let device = 0; device < 6; device += 1) {
      const lines = hub.reports.filter((report) => report.device === `d${device}`).flatMap((report) => report.values.map(({ line }) => line));
      expect(lines).toEqual([...lines].sort((one, other) => one - other));
    }
  });

  test('are cut by bytes too', async () => {
    const hub = hubThat(() => false);
    await sendAll(
      Array.from({ length: 40 }, (_, line) => value(line, { value: 'x'.repeat(20_000) })),
      hub.send,
      10_000,
    );
    for (const { values } of hub.reports) expect(Buffer.byteLength(reportPayload(values))).toBeLessThan(1_048_576);
    expect(hub.reports.length).toBeGreaterThan(1);
  });

  test('every refused value is found, and no other, whatever the answers name', async () => {
    const rows = fc.array(fc.record({ point: fc.constantFrom('a', 'b', 'c'), bad: fc.boolean() }), { minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 500 }), async (all, batch) => {
        const bad = new Set(all.flatMap((row, line) => (row.bad ? [line] : [])));
        const hub = hubThat(({ line }) => bad.has(line));
        const { failed, accepted } = await sendAll(
          all.map((row, line) => value(line, { point: row.point })),
          hub.send,
          batch,
        );
        expect(failed.map(({ line }) => line).sort((one, other) => one - other)).toEqual([...bad]);
        expect(accepted).toBe(all.length - bad.size);
      }),
      { numRuns: 40 },
    );
  });

  test('a point that is refused altogether costs no further report', async () => {
    const hub = hubThat(({ point }) => point === 'unknown');
    const { failed } = await sendAll(
      Array.from({ length: 50 }, (_, line) => value(line, { point: line % 2 === 0 ? 'unknown' : 'p' })),
      hub.send,
      50,
    );
    expect(failed).toHaveLength(25);
    expect(hub.reports).toHaveLength(1);
  });

  test('a failure ends the sending and leaves the line from which on nothing is known', async () => {
    const hub = hubThat(() => false);
    let sent = 0;
    const failing: SendReport = (device, values, signal) => {
      sent += 1;
      return sent === 3 ? Promise.reject(new Error('gone')) : hub.send(device, values, signal);
    };
    const failed: FailedValue[] = [];
    const sender = createReportSender({
      send: failing,
      signal: new AbortController().signal,
      batch: 10,
      onFailed: (one) => failed.push(one),
      onAccepted: () => undefined,
    });
    await expect(
      (async () => {
        for (let line = 0; line < 100; line += 1) await sender.add(value(line));
        await sender.finish();
      })(),
    ).rejects.toThrow('gone');
    expect(sender.oldestWaitingLine()).toBe(20);
    expect(hub.stored).toHaveLength(20);
  });
});

describe('the payload of a report', () => {
  test('puts values of one time together, keeps the order of doubles, and says a quality that is not good', () => {
    const values = [
      value(1, { point: 'a', time: 1 }),
      value(2, { point: 'b', time: 1 }),
      value(3, { point: 'a', time: 1 }),
      value(4, { point: 'a', time: 2, quality: 'bad' }),
    ];
    expect(JSON.parse(reportPayload(values))).toEqual([
      { ts: 1, values: { a: 1, b: 2 } },
      { ts: 1, values: { a: 3 } },
      { ts: 2, quality: 'bad', values: { a: 4 } },
    ]);
  });

  test('has every value as it is: minus zero, and a point called __proto__', () => {
    const text = reportPayload([value(1, { point: '__proto__', value: -0 })]);
    expect(text).toBe('[{"ts":1001,"values":{"__proto__":-0}}]');
  });
});
