// One phase of the storage benchmark in a process of its own: prints {rows, ms, bytes, peakBytes} as JSON.
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify/sync';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import { csvFormat } from '../../src/lib/exports/csv/encode.ts';
import type { ExportFormat, ExportRow, Layout } from '../../src/lib/exports/export-format.ts';
import { ndjsonFormat } from '../../src/lib/exports/ndjson/encode.ts';
import { createDuckdbStore } from '../../src/lib/storage/duckdb/duckdb-store.ts';
import type { SampleColumns } from '../../src/lib/storage/sample-columns.ts';
import type { SampleStore } from '../../src/lib/storage/sample-store.ts';
import { createCommitLog } from '../../src/lib/storage/system/commit-log.ts';
import { recordedSamples } from '../../test/helpers/recorded-samples.ts';
import { numbers } from '../../test/helpers/sample-columns.ts';

const SERIES = 1000;
const POINTS_OF_DEVICE = 10;
const BATCH = 10_000;
const EVERYTHING = { from: -8e15, to: 8e15 };
const [phase = '', folder = '', rowsText = '', recordingFile = ''] = process.argv.slice(2);
const ROWS = Number(rowsText);
const systemFile = join(folder, 'system.db');
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: (_: object, sentence: string) => void process.stderr.write(`${sentence}\n`) };
const names = Array.from({ length: SERIES }, (_, index) => ({
  series: (index + 1) as SeriesId,
  device: `gateway-${String(Math.floor(index / POINTS_OF_DEVICE)).padStart(4, '0')}`,
  point: `boiler/temperature-${index % POINTS_OF_DEVICE}`,
}));
const series = names.map((name) => name.series);

/** A sample of each series every ten seconds, walking by a tenth; `shift` moves the times between those of another run. */
function batchFrom(start: number, shift: number): SampleColumns {
  const count = Math.min(BATCH, ROWS - start);
  return {
    count,
    series: Float64Array.from({ length: count }, (_, index) => 1 + ((start + index) % SERIES)),
    time: Float64Array.from({ length: count }, (_, index) => 1.7e12 + shift + Math.floor((start + index) / SERIES) * 10_000),
    number: Float64Array.from({ length: count }, (_, index) => Math.round(200 + 100 * Math.sin((start + index) / 1e5) + Math.random() * 10) / 10),
    tag: new Uint8Array(count),
    flags: new Uint8Array(count),
    text: [],
  };
}

async function fillJournal(shift: number): Promise<void> {
  const commits = createCommitLog({ file: systemFile, queueMax: 1000, journalBytesMax: 2 ** 32, repeatWindowMs: 600_000, log });
  await commits.start();
  const pending: Promise<unknown>[] = [];
  for (let start = 0; start < ROWS; start += BATCH) {
    pending.push(commits.commit({ samples: batchFrom(start, shift) }));
    if (pending.length === 8) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
  await commits.stop();
}

async function withStore<Value>(work: (store: SampleStore) => Promise<Value>): Promise<Value> {
  const store = createDuckdbStore({
    folder: join(folder, 'samples'),
    systemFile,
    applyIntervalMs: 60_000,
    memoryBytes: 2 ** 30,
    hotHours: 26,
    hotSamplesMax: 1e9,
    describe: (each) => ({ project: 'bench', ...(names[each - 1] ?? { series: each, device: '', point: '' }) }),
    log,
    onApplied: quiet,
    onFailed: quiet,
  });
  await store.start();
  try {
    return await work(store);
  } finally {
    await store.stop();
  }
}

async function timed(work: () => Promise<number | null>): Promise<{ ms: number; bytes: number | null }> {
  const start = performance.now();
  const bytes = await work();
  return { ms: performance.now() - start, bytes };
}

/** Rows as an export gets them: read from the store, with the names of their points. */
async function* exportRows(store: SampleStore, layout: Layout): AsyncGenerator<readonly ExportRow[]> {
  for (let at = 0; at < names.length; at += layout === 'wide' ? POINTS_OF_DEVICE : names.length) {
    const part = layout === 'wide' ? series.slice(at, at + POINTS_OF_DEVICE) : series;
    for await (const rows of store.read({ series: part, ...EVERYTHING, order: layout === 'wide' ? 'time' : 'series' })) {
      yield rows.map((row) => {
        const { device, point } = names[row.series - 1] ?? { device: '', point: '' };
        return { time: row.time, device, point, value: row.value, quality: row.quality, late: row.late };
      });
    }
  }
}

const exportTo = (format: ExportFormat, layout: Layout) =>
  withStore((store) =>
    timed(async () => {
      const path = join(folder, 'export');
      const points = names.slice(0, POINTS_OF_DEVICE).map(({ point }) => point);
      const bytes = format.encode(exportRows(store, layout), { layout, time: 'iso', timezone: 'UTC', points, atStart: true });
      await pipeline(Readable.from(bytes), createWriteStream(path));
      return (await stat(path)).size;
    }),
  );

/** The reference: the same rows, every field through csv-stringify. */
const plainCsv: ExportFormat = {
  async *encode(rows) {
    const cast = { boolean: String };
    for await (const chunk of rows) {
      const fields = chunk.map((row) => [new Date(row.time).toISOString(), row.device, row.point, row.value, row.quality, row.late]);
      yield Buffer.from(stringify(fields, { cast }));
    }
  },
};

/** A recording by itself: the bytes of its files, their footers included. */
async function recording(): Promise<{ rows: number; ms: number; bytes: number }> {
  const commits = createCommitLog({ file: systemFile, queueMax: 1000, journalBytesMax: 2 ** 32, repeatWindowMs: 600_000, log });
  await commits.start();
  await commits.commit({ samples: numbers(...recordedSamples(recordingFile, 1).map((row) => [row.series, row.time, Number(row.value)] as const)) });
  await commits.stop();
  return withStore(async (store) => {
    await store.flush(Number.MAX_SAFE_INTEGER);
    const { ms } = await timed(async () => (await store.compact({ now: Date.now(), scope: 'all' })).bytesWritten);
    const { files } = await store.stats();
    return { rows: files.samples, ms, bytes: files.bytes };
  });
}

const PHASES: Readonly<Record<string, () => Promise<{ ms: number; bytes: number | null }>>> = {
  fill: () =>
    timed(async () => {
      await fillJournal(0);
      return (await stat(systemFile)).size;
    }),
  apply: () =>
    withStore((store) =>
      timed(async () => {
        await store.flush(Number.MAX_SAFE_INTEGER);
        return (await store.stats()).bytes;
      }),
    ),
  async 'apply-late'() {
    // Every row is older than the newest of its series and between those that are there.
    await fillJournal(-5_000);
    return withStore(async (store) => {
      const result = await timed(async () => {
        await store.flush(Number.MAX_SAFE_INTEGER);
        return null;
      });
      const { samples } = await store.stats();
      if (samples !== 2 * ROWS) throw new Error(`${samples} samples are in the store`);
      return result;
    });
  },
  read: () =>
    withStore((store) =>
      timed(async () => {
        let rows = 0;
        for await (const chunk of store.read({ series, ...EVERYTHING, order: 'series' })) rows += chunk.length;
        if (rows !== ROWS) throw new Error(`${rows} rows were read`);
        return null;
      }),
    ),
  compact: () =>
    withStore((store) =>
      timed(async () => {
        const { samples, bytesWritten } = await store.compact({ now: Date.now(), scope: 'all' });
        if (samples !== ROWS) throw new Error(`${samples} samples were moved`);
        return bytesWritten;
      }),
    ),
  'read-files': () => PHASES.read?.() ?? Promise.reject(new Error('no phase read')),
  recording,
  'compact-late': () => withStore((store) => timed(async () => (await store.compact({ now: Date.now(), scope: 'all' })).bytesWritten)),
  csv: () => exportTo(csvFormat, 'long'),
  'csv-wide': () => exportTo(csvFormat, 'wide'),
  'csv-stringify': () => exportTo(plainCsv, 'long'),
  ndjson: () => exportTo(ndjsonFormat, 'long'),
  parquet: () =>
    withStore((store) =>
      timed(async () => {
        const path = join(folder, 'export.parquet');
        await store.exportParquet({ names, ...EVERYTHING }, path);
        return (await stat(path)).size;
      }),
    ),
};

const result = await PHASES[phase]?.();
if (result === undefined) throw new Error(`no phase ${phase}`);
process.stdout.write(JSON.stringify({ rows: ROWS, ...result, peakBytes: process.resourceUsage().maxRSS * 1024 }));
