// Fills the data directory of a stopped hub with a year of minutes; prints {seconds, bytes, from, to} as JSON. See README.md.
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import { createDuckdbStore } from '../../src/lib/storage/duckdb/duckdb-store.ts';
import { openDatabase } from '../../src/lib/storage/system/driver.ts';

const [folder = '', pointsText = '', daysText = ''] = process.argv.slice(2);
const POINTS = Number(pointsText);
const DAYS = Number(daysText);
const POINTS_OF_DEVICE = 10;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const systemFile = join(folder, 'system.db');
const samplesFolder = join(folder, 'samples');
const began = performance.now();
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: (_: object, sentence: string) => void process.stderr.write(`${sentence}\n`) };

const deviceOf = (series: number) => `boiler-${String(Math.floor((series - 1) / POINTS_OF_DEVICE)).padStart(3, '0')}`;
const pointOf = (series: number) => `line-${(series - 1) % POINTS_OF_DEVICE}/temperature`;

fillSystem();
const to = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const from = to - DAYS * DAY_MS;
await withStore(async () => undefined);
await insertSamples();
const bytes = await withStore(async (store) => {
  await store.compact({ now: Date.now(), scope: 'all' });
  return (await store.stats()).bytes;
});
process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000, bytes, from, to }));

function fillSystem(): void {
  const database = openDatabase(systemFile, { readOnly: false });
  const now = Date.now();
  database.exec('pragma journal_mode = wal; begin immediate');
  const insertDevice = database.prepare(
    "insert into devices (id, project, name, kind, state, labels, aliases, created_at, updated_at) values (?, 'default', ?, 'gateway', 'active', '{}', '{}', ?, ?) on conflict (id) do nothing",
  );
  const insertPoint = database.prepare(
    "insert into points (series, device, path, kind, value_type, unit, created_at) values (?, ?, ?, 'measure', 'number', '°C', ?)",
  );
  for (let series = 1; series <= POINTS; series++) {
    insertDevice.run(deviceOf(series), deviceOf(series), now, now);
    insertPoint.run(series, deviceOf(series), pointOf(series), now);
  }
  database.exec('commit; pragma wal_checkpoint(truncate)');
  database.close();
}

/** A daily swing with noise in one decimal, and for an hour now and then ten degrees more: what the rules of the bench look for. */
async function insertSamples(): Promise<void> {
  const instance = await DuckDBInstance.create(join(samplesFolder, 'samples.duckdb'), { memory_limit: '4GB' });
  const connection = await instance.connect();
  await connection.run(`
    insert into samples
    select 1 + i % ${POINTS} as series, ${from} + (i // ${POINTS}) * ${MINUTE_MS} as time,
      round(70 + 5 * sin(2 * pi() * (i // ${POINTS}) / 1440) + (hash(i) % 100) / 50
        + case when hash((1 + i % ${POINTS}) * 100000 + i // ${POINTS * 60}) % 500 = 0 then 10 else 0 end, 1),
      null, 0, 0
    from range(${POINTS * DAYS * 1440}) t(i)`);
  await connection.run('checkpoint');
  connection.closeSync();
  instance.closeSync();
}

async function withStore<Value>(work: (store: ReturnType<typeof createDuckdbStore>) => Promise<Value>): Promise<Value> {
  const store = createDuckdbStore({
    folder: samplesFolder,
    systemFile,
    applyIntervalMs: 60_000,
    memoryBytes: 4 * 2 ** 30,
    hotHours: 26,
    hotSamplesMax: 1e9,
    describe: (series: SeriesId) => ({ series, project: 'default', device: deviceOf(series), point: pointOf(series) }),
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
