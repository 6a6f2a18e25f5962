import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { Occurrence } from '../../../src/lib/backtest/backtest.ts';
import { recordingBacktests, recordingFile } from '../../helpers/recorded-backtests.ts';

interface Limit {
  readonly high?: number;
  readonly low?: number;
  readonly deadband: number;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
}

interface Recording {
  readonly name: string;
  readonly timeColumn: string;
  /** All columns of values, and the one that is watched. */
  readonly columns: readonly string[];
  readonly column: string;
}

/**
 * One band, its deadband and delays in SQL: runs of beyond and not beyond, of which each that is long enough says that the alarm is on or off. The recording is
 * read by the engine, not by our reader. Of rows with one time the last one counts.
 */
async function intervalsBySql({ name, timeColumn, column }: Recording, limit: Limit): Promise<[raised: number, cleared: number | null][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const edge = limit.high ?? limit.low ?? 0;
  const [beyond, back] = limit.high === undefined ? [`v < ${edge}`, `v >= ${edge + limit.deadband}`] : [`v >= ${edge}`, `v < ${edge - limit.deadband}`];
  const result = await connection.run(`
    with lines as (select row_number() over () as line, * from read_csv('${recordingFile(name)}')),
    rows as (
      select epoch_ms(${timeColumn}::timestamp) as t, ${column}::double as v from lines
      where ${column} is not null qualify row_number() over (partition by ${timeColumn} order by line desc) = 1
    ),
    found as (
      select t, last_value(case when ${beyond} then 1 when ${back} then 0 end ignore nulls) over (order by t) as state from rows
    ),
    edges as (select t, coalesce(state, 0) as state from found qualify coalesce(state, 0) <> coalesce(lag(state) over (order by t), 0)),
    runs as (select t, state, coalesce(lead(t) over (order by t), (select max(t) from rows)) - t as lasts from edges),
    verdicts as (
      select t + case state when 1 then ${limit.onDelayMs} else ${limit.offDelayMs} end as t, state from runs
      where lasts >= case state when 1 then ${limit.onDelayMs} else ${limit.offDelayMs} end
    ),
    changes as (select t, state from verdicts qualify state <> coalesce(lag(state) over (order by t), 0)),
    intervals as (select t as raised, lead(t) over (order by t) as cleared, state from changes)
    select raised::double, cleared::double from intervals where state = 1 order by raised`);
  const rows = await result.getRows();
  connection.closeSync();
  instance.closeSync();
  return rows.map(([raised, cleared]) => [Number(raised), cleared === null ? null : Number(cleared)]);
}

const CASES: readonly (Recording & { readonly limits: readonly Limit[] })[] = [
  {
    name: 'machine-temperature',
    timeColumn: 'timestamp',
    columns: ['value'],
    column: 'value',
    limits: [
      { high: 100, deadband: 0, onDelayMs: 0, offDelayMs: 0 },
      { high: 95, deadband: 5, onDelayMs: 0, offDelayMs: 0 },
      { high: 95, deadband: 2, onDelayMs: 1_800_000, offDelayMs: 900_000 },
      { low: 60, deadband: 3, onDelayMs: 600_000, offDelayMs: 3_600_000 },
      { low: 75, deadband: 0, onDelayMs: 0, offDelayMs: 7_200_000 },
      // Between two samples: the delays run out by the clock.
      { high: 90, deadband: 1, onDelayMs: 420_000, offDelayMs: 130_001 },
    ],
  },
  {
    name: 'ambient-temperature',
    timeColumn: 'timestamp',
    columns: ['value'],
    column: 'value',
    limits: [
      { high: 70, deadband: 1, onDelayMs: 7_200_000, offDelayMs: 3_600_000 },
      { low: 69, deadband: 0.5, onDelayMs: 0, offDelayMs: 10_800_000 },
    ],
  },
  {
    name: 'weather-hourly',
    timeColumn: 'date',
    columns: ['pressure', 'temperature', 'wind'],
    column: 'temperature',
    limits: [
      { high: 11, deadband: 1, onDelayMs: 3_600_000, offDelayMs: 3_600_000 },
      { low: 7, deadband: 0.3, onDelayMs: 0, offDelayMs: 0 },
    ],
  },
];

describe.each(CASES)('alarms of $name in a back-test and in SQL', ({ limits, ...recording }) => {
  it('are the same, to the millisecond', async () => {
    const fixture = await recordingBacktests(recording.name, recording.columns);
    for (const limit of limits) {
      const { high, low, deadband, onDelayMs, offDelayMs } = limit;
      const edge = high === undefined ? { low } : { high };
      const document = {
        id: 'checked',
        scope: { points: recording.column },
        when: { bands: [{ level: 'major', ...edge, deadband }] },
        onDelay: `${onDelayMs}ms`,
        offDelay: `${offDelayMs}ms`,
      };
      const { rules } = await fixture.run([document as never]);
      const found = rules[0]?.occurrences.map(({ raisedAt, clearedAt }: Occurrence) => [raisedAt, clearedAt]);
      const wanted = await intervalsBySql(recording, limit);
      expect(found, JSON.stringify(limit)).toEqual(wanted);
      expect(wanted.length, JSON.stringify(limit)).toBeGreaterThan(2);
    }
  });
});
