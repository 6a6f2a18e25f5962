import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import type { MusterError } from '../../src/lib/errors/muster-error.ts';
import { flagsOf, LATE_FLAG, qualityOf, type SampleColumns, sampleValueOf, TAG, tagOf } from '../../src/lib/storage/sample-columns.ts';
import type { AggregateRow, DownsampledRow, SampleRow, SampleStore } from '../../src/lib/storage/sample-store.ts';
import type { SampleStoreEngine, SampleStoreOptions } from '../../src/lib/storage/sample-store-engine.ts';
import { createCommitLog, type RunningCommitLog } from '../../src/lib/storage/system/commit-log.ts';
import { SILENT_LOG } from './silent-log.ts';

/**
 * A real commit log and a real sample store behind it, in one folder; both are stopped after the test. `keepJournal`: entries stay
 * in the journal although they are applied.
 */
export interface SampleStoreFixture {
  readonly folder: string;
  readonly systemFile: string;
  readonly commits: RunningCommitLog;
  store: SampleStore;
  /** In force from the next restart on. */
  options: Partial<SampleStoreOptions>;
  readonly applied: number[];
  readonly failures: MusterError[];
  /** Commits rows to the journal and tells the store. */
  put(rows: readonly SampleRow[]): Promise<number>;
  /** `put`, then waits until they can be read. */
  settle(rows: readonly SampleRow[]): Promise<void>;
  /** Stops the store and starts another on the same folder. */
  restart(): Promise<void>;
}

export async function sampleStoreFixture(engine: SampleStoreEngine, folder: string, applyIntervalMs = 20, keepJournal = false): Promise<SampleStoreFixture> {
  const systemFile = join(folder, 'system.db');
  const commits = createCommitLog({ file: systemFile, queueMax: 10_000, journalBytesMax: 2 ** 30, repeatWindowMs: 600_000, log: SILENT_LOG });
  await commits.start();
  const create = await engine.load();
  const applied: number[] = [];
  const failures: MusterError[] = [];
  const make = (more: Partial<SampleStoreOptions> = {}): SampleStore =>
    create({
      folder: join(folder, 'samples'),
      systemFile,
      applyIntervalMs,
      memoryBytes: 256 * 2 ** 20,
      hotHours: 26,
      hotSamplesMax: 1e9,
      describe: (series) => ({ series, project: series % 2 === 0 ? 'even' : 'odd', device: `device-${series}`, point: 'value' }),
      log: SILENT_LOG,
      onApplied(journalId) {
        applied.push(journalId);
        if (!keepJournal) commits.applied(journalId);
      },
      onFailed: (error) => failures.push(error),
      ...more,
    });
  const fixture: SampleStoreFixture = {
    folder,
    systemFile,
    commits,
    store: make(),
    options: {},
    applied,
    failures,
    async put(rows) {
      const { journalId } = await commits.commit({ samples: columnsOf(rows) });
      if (journalId === null) return commits.lastJournalId;
      fixture.store.committed(journalId);
      return journalId;
    },
    async settle(rows) {
      await fixture.store.flush(await fixture.put(rows));
    },
    async restart() {
      await fixture.store.stop();
      fixture.store = make(fixture.options);
      await fixture.store.start();
    },
  };
  onTestFinished(async () => {
    await fixture.store.stop();
    await commits.stop();
  });
  await fixture.store.start();
  return fixture;
}

export function sample(series: number, time: number, value: SampleRow['value'], more: Partial<Pick<SampleRow, 'quality' | 'late'>> = {}): SampleRow {
  return { series: series as SeriesId, time, value, quality: 'good', late: false, ...more };
}

export function columnsOf(rows: readonly SampleRow[]): SampleColumns {
  const text: [number, string][] = [];
  rows.forEach(({ value }, index) => {
    const tag = tagOf(value);
    if (tag === TAG.string) text.push([index, String(value)]);
    if (tag === TAG.json) text.push([index, JSON.stringify(value)]);
  });
  return {
    count: rows.length,
    series: Float64Array.from(rows, (row) => row.series),
    time: Float64Array.from(rows, (row) => row.time),
    number: Float64Array.from(rows, ({ value }) => (typeof value === 'number' || typeof value === 'boolean' ? Number(value) : 0)),
    tag: Uint8Array.from(rows, (row) => tagOf(row.value)),
    flags: Uint8Array.from(rows, (row) => flagsOf(row.quality, row.late)),
    text,
  };
}

/** The inverse of `columnsOf`. */
export function rowsOf({ count, series, time, number, tag, flags, text }: SampleColumns): SampleRow[] {
  const texts = new Map(text);
  return Array.from({ length: count }, (_, index) => ({
    series: (series[index] ?? 0) as SeriesId,
    time: time[index] ?? 0,
    value: sampleValueOf(tag[index] ?? 0, number[index] ?? 0, texts.get(index) ?? null),
    quality: qualityOf(flags[index] ?? 0),
    late: ((flags[index] ?? 0) & LATE_FLAG) !== 0,
  }));
}

export const ALWAYS = { from: -8.64e15, to: 8.64e15 } as const;
export const ids = (...series: number[]): SeriesId[] => series.map((id) => id as SeriesId);

export async function gathered<Row extends SampleRow | AggregateRow | DownsampledRow>(chunks: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return rows;
}
