import { describe, expect, it } from 'vitest';
import { closedBefore, folderOf, periodOf, stampOf } from '../../../../src/lib/storage/duckdb/archive/periods.ts';
import { type FiledPeriod, type HotHour, planCompaction } from '../../../../src/lib/storage/duckdb/archive/plan-compaction.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const hot = (text: string, rows = 10, project = 'p'): HotHour => ({ project, from: at(text), rows });
const filed = (level: 'year' | 'month' | 'day' | 'hour', text: string, rows = 10): FiledPeriod => {
  const { from, to } = periodOf(level, at(text));
  return { project: 'p', from, to, rows, written: 0, hasRemoved: false };
};
const planned = (hours: readonly HotHour[], files: readonly FiledPeriod[], before: string, rowsMax = 1000) =>
  planCompaction(hours, files, { closedBefore: at(before), rowsMax }).map(({ project, period, hotRows, filed: of }) => [
    project,
    folderOf(period),
    hotRows,
    of.length,
  ]);

describe('the plan of a compaction', () => {
  it('takes the widest period that is over', () => {
    expect(planned([hot('2014-05-01T05:00'), hot('2019-01-01T00:00')], [], '2026-11-20T00:00')).toEqual([['p', 'years=2010-2019', 20, 0]]);
    expect(planned([hot('2025-05-01T05:00'), hot('2026-10-31T23:00'), hot('2026-11-19T07:00')], [], '2026-11-20T00:00')).toEqual([
      ['p', 'year=2025', 10, 0],
      ['p', 'month=2026-10', 10, 0],
      ['p', 'day=2026-11-19', 10, 0],
    ]);
  });

  it('leaves what is not over, hour by hour', () => {
    expect(planned([hot('2026-11-20T11:00'), hot('2026-11-20T12:00')], [], '2026-11-20T12:00')).toEqual([['p', 'day=2026-11-20', 10, 0]]);
    expect(planned([hot('2026-11-20T12:00')], [], '2026-11-20T12:00')).toEqual([]);
  });

  it('takes narrower periods when there is too much for one, and an hour whatever it holds', () => {
    expect(planned([hot('2025-05-01T05:00', 600), hot('2025-05-02T05:00', 600), hot('2025-05-02T06:00', 3000)], [], '2026-11-20T00:00')).toEqual([
      ['p', 'day=2025-05-01', 600, 0],
      ['p', 'day=2025-05-02', 600, 0],
      ['p', 'day=2025-05-02', 3000, 0],
    ]);
  });

  it('joins small files of a period that is over, late samples with the file of their period, and never two projects', () => {
    expect(planned([hot('2026-10-02T01:00')], [filed('day', '2026-10-01'), filed('day', '2026-10-03')], '2026-11-20T00:00')).toEqual([
      ['p', 'month=2026-10', 10, 2],
    ]);
    expect(planned([hot('2025-10-02T01:00', 5000)], [filed('year', '2025-01-01')], '2026-11-20T00:00')).toEqual([['p', 'year=2025', 5000, 1]]);
    expect(planned([hot('2026-11-19T01:00'), hot('2026-11-19T01:00', 1, 'q')], [], '2026-11-20T00:00')).toEqual([
      ['p', 'day=2026-11-19', 10, 0],
      ['q', 'day=2026-11-19', 1, 0],
    ]);
  });
});

describe('periods', () => {
  it('lie within the next wider one, far from 1970 too', () => {
    for (const time of [-8.64e15, -6.3e13, -1, 0, at('2000-02-29T23:59:59.999'), 8.64e15]) {
      let outer = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
      for (const level of ['decade', 'year', 'month', 'day', 'hour'] as const) {
        const period = periodOf(level, time);
        expect(period.from <= time && time < period.to, `${level} ${time}`).toBe(true);
        expect(Math.abs(time) === 8.64e15 || (period.from >= outer.from && period.to <= outer.to), `${level} ${time}`).toBe(true);
        outer = period;
      }
    }
  });

  it('name folders and files', () => {
    expect(stampOf(periodOf('hour', at('2026-11-20T07:31')))).toBe('20261120T070000Z');
    expect(closedBefore(at('2026-11-20T01:59'), 26)).toBe(at('2026-11-19'));
    expect(closedBefore(at('2026-11-20T02:00'), 26)).toBe(at('2026-11-20'));
  });
});
