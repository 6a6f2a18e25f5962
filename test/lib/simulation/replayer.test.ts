import { describe, expect, it } from 'vitest';
import { inspectRecording, type RecordedRow, readRecording } from '../../../src/lib/simulation/recording.ts';
import { type ReplayOptions, replay, type TimedReport } from '../../../src/lib/simulation/replayer.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2014, 0, 7);
const forever = new AbortController().signal;

interface Sent {
  readonly at: number;
  readonly reports: readonly TimedReport[];
}

async function play(rows: readonly RecordedRow[], options: Partial<ReplayOptions> = {}) {
  const sent: Sent[] = [];
  const begin = performance.now();
  const times = rows.map(({ time }) => time);
  const result = await replay({
    open: async function* () {
      yield* rows;
    },
    span: { first: times[0] ?? 0, latest: Math.max(...times), rows: rows.length },
    speed: 600,
    times: 'original',
    durationMs: null,
    loop: false,
    startedAt: Date.now(),
    emit: async (reports) => void sent.push({ at: performance.now() - begin, reports }),
    signal: forever,
    ...options,
  });
  return { result, sent, reports: sent.flatMap(({ reports }) => reports) };
}

const everyMinute = (count: number): RecordedRow[] => Array.from({ length: count }, (_, index) => ({ time: T0 + index * MINUTE, values: { value: index } }));

describe('the replayer', () => {
  it('sends every row once, in its order and with its own time, no earlier than it is due', async () => {
    const rows = everyMinute(5);
    const { result, sent, reports } = await play(rows); // a minute each 100 ms
    expect(reports).toEqual(rows);
    expect(result).toEqual({ rows: 5, passes: 1, complete: true });
    for (const { at, reports: batch } of sent) expect(at).toBeGreaterThanOrEqual(((batch.at(-1)?.time ?? 0) - T0) / 600 - 1);
  });

  it('puts rows that are due together into one message', async () => {
    const { sent } = await play(everyMinute(100), { speed: 600_000 });
    expect(sent.length).toBeLessThan(10);
  });

  it('does not stop at repeated times and a step back: they keep their place', async () => {
    const file = 'test/fixtures/recordings/machine-step-back.csv';
    const columns = { time: null, points: null };
    const span = await inspectRecording(file, columns, forever);
    const expected = [];
    for await (const row of readRecording(file, columns)) expected.push(row);
    const reports: TimedReport[] = [];
    await replay({
      open: () => readRecording(file, columns),
      span,
      speed: 72_000,
      times: 'original',
      durationMs: null,
      loop: false,
      startedAt: Date.now(),
      emit: async (batch) => void reports.push(...batch),
      signal: forever,
    });
    expect(reports).toEqual(expected);
    expect(reports).toHaveLength(61);
  });

  it('shifts a recording as a whole, so that its last row is now when it is sent', async () => {
    const before = Date.now();
    const { reports } = await play(everyMinute(4), { times: 'shifted' });
    const after = Date.now();
    const times = reports.map(({ time }) => time);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE]);
    expect(times.at(-1)).toBeGreaterThanOrEqual(before + 300);
    expect(times.at(-1)).toBeLessThanOrEqual(after + 1);
  });

  it('gives every row the moment it is sent, and no two the same', async () => {
    const before = Date.now();
    const { reports } = await play(everyMinute(200), { times: 'now', speed: 600_000 });
    const times = reports.map(({ time }) => time);
    expect(new Set(times).size).toBe(200);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now() + 200);
  });

  it('ends with the duration, in the middle of the recording', async () => {
    const { result, reports } = await play(everyMinute(1000), { durationMs: 250 });
    expect(reports.map(({ values }) => values.value)).toEqual([0, 1, 2]);
    expect(result.complete).toBe(false);
  });

  it('begins again with --loop, its passes one after the other in time', async () => {
    const { result, reports } = await play(everyMinute(3), { loop: true, times: 'shifted', speed: 1200, durationMs: 400 });
    const times = reports.map(({ time }) => time);
    expect(result.passes).toBeGreaterThanOrEqual(2);
    expect(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) === MINUTE)).toBe(true);
    expect(reports.slice(0, 4).map(({ values }) => values.value)).toEqual([0, 1, 2, 0]);
  });

  it('waits for a slow receiver instead of dropping', async () => {
    const received: number[] = [];
    let busy = false;
    await play(everyMinute(20), {
      speed: 60_000,
      emit: async (batch) => {
        expect(busy).toBe(false);
        busy = true;
        await new Promise((resolve) => setTimeout(resolve, 5));
        busy = false;
        received.push(...batch.map(({ values }) => Number(values.value)));
      },
    });
    expect(received).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('stops at once when it is interrupted', async () => {
    const abort = new AbortController();
    const { result } = await play(everyMinute(100), {
      signal: abort.signal,
      speed: 1,
      emit: async () => setImmediate(() => abort.abort()) as unknown as undefined,
    });
    expect(result).toMatchObject({ rows: 1, complete: false });
  });

  it.each([
    ['original times', { times: 'original', durationMs: 1000 }],
    ['shifted times without an end', { times: 'shifted', durationMs: null }],
  ] as const)('refuses a loop with %s', async (_, options) => {
    await expect(play(everyMinute(2), { loop: true, ...options })).rejects.toMatchObject({ code: 'usage' });
  });
});
