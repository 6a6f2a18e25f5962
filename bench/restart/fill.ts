// Fills the data directory of a stopped hub with points and samples; prints {seconds, bytes} as JSON. See README.md.
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import { createDuckdbStore } from '../../src/lib/storage/duckdb/duckdb-store.ts';
import { openDatabase } from '../../src/lib/storage/system/driver.ts';

const [folder = '', pointsText = '', samplesText = '', hotText = ''] = process.argv.slice(2);
const POINTS = Number(pointsText);
const SAMPLES = Number(samplesText);
const HOT = Number(hotText);
const POINTS_OF_DEVICE = 100;
/** Of each point, one sample in so many ms. */
const EVERY_MS = 900_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const systemFile = join(folder, 'system.db');
const samplesFolder = join(folder, 'samples');
const began = performance.now();
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: (_: object, sentence: string) => void process.stderr.write(`${sentence}\n`) };

const deviceOf = (series: number) => `gateway-${String(Math.floor((series - 1) / POINTS_OF_DEVICE)).padStart(6, '0')}`;
const pointOf = (series: number) => `plant/line-${Math.floor(((series - 1) % POINTS_OF_DEVICE) / 10)}/sensor-${(series - 1) % 10}/temperature`;

fillSystem();
const files = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const rounds = Math.ceil((SAMPLES - HOT) / POINTS);
const hotRounds = Math.ceil(HOT / POINTS);
// What lies in files ends with the day before yesterday; what is hot, within the last hour.
await insertSamples(files - DAY_MS - rounds * EVERY_MS, 0, SAMPLES - HOT);
await withStore(async (store) => {
  await store.compact({ now: Date.now(), scope: 'all' });
});
await insertSamples(Math.max(files, Date.now() - HOUR_MS - hotRounds * EVERY_MS), rounds * POINTS, HOT);
const bytes = await withStore(async (store) => (await store.stats()).bytes);
process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000, bytes }));

function fillSystem(): void {
  const database = openDatabase(systemFile, { readOnly: false });
  const devices = Math.ceil(POINTS / POINTS_OF_DEVICE);
  const now = Date.now();
  database.exec('pragma journal_mode = wal; begin immediate');
  const insertDevice = database.prepare(
    "insert into devices (id, project, name, kind, state, labels, aliases, created_at, updated_at) values (?, 'default', ?, 'gateway', 'active', '{}', '{}', ?, ?) on conflict (id) do nothing",
  );
  for (let at = 0; at < devices; at++) {
    const id = deviceOf(at * POINTS_OF_DEVICE + 1);
    insertDevice.run(id, id, now, now);
  }
  const insertPoint = database.prepare(
    "insert into points (series, device, path, kind, value_type, unit, created_at) values (?, ?, ?, 'measure', 'number', '°C', ?)",
  );
  for (let series = 1; series <= POINTS; series++) insertPoint.run(series, deviceOf(series), pointOf(series), now);
  database.exec('commit; pragma wal_checkpoint(truncate)');
  database.close();
}

/** Round after round, a sample of every point. */
async function insertSamples(from: number, skipped: number, rows: number): Promise<void> {
  if (rows <= 0) return;
  // Makes the tables, if this is the first time.
  await withStore(async () => undefined);
  const instance = await DuckDBInstance.create(join(samplesFolder, 'samples.duckdb'), { memory_limit: '2GB' });
  const connection = await instance.connect();
  await connection.run(`
    insert into samples
    select 1 + i % ${POINTS}, ${from} + (i // ${POINTS}) * ${EVERY_MS}, round(20 + 10 * sin(i / 1e6) + (hash(i + ${skipped}) % 100) / 50, 1), null, 0, 0
    from range(${rows}) t(i)`);
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
