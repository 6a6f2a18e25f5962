// A hub's storage in a process of its own, to be killed: commits samples, lets the store apply them, and prints what is on disk.
// Arguments: folder, then `write` (commit until killed), `compact` (the same, and move all to files again and again) or `apply` (take what
// the journal holds; ends when it cannot start).
import { join } from 'node:path';
import type { SeriesId } from '../../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import { createDuckdbStore } from '../../../../src/lib/storage/duckdb/duckdb-store.ts';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';

const [folder = '', mode] = process.argv.slice(2);
const systemFile = join(folder, 'system.db');
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const commits = createCommitLog({ file: systemFile, queueMax: 1000, journalBytesMax: 2 ** 30, repeatWindowMs: 600_000, log: SILENT_LOG });
await commits.start();
const store = createDuckdbStore({
  folder: join(folder, 'samples'),
  systemFile,
  applyIntervalMs: 1,
  memoryBytes: 128 * 2 ** 20,
  hotHours: 26,
  hotSamplesMax: 1e9,
  describe: (series) => ({ series, project: 'one', device: 'device', point: `point-${series}` }),
  log: SILENT_LOG,
  onApplied(journalId) {
    print({ applied: journalId });
    commits.applied(journalId);
  },
  onFailed: (error) => print({ failed: error.code, message: error.message }),
});
try {
  await store.start();
  print({ started: true });
} catch (error: unknown) {
  print({ failed: error instanceof MusterError ? error.code : String(error) });
  await commits.stop();
}

if (mode === 'compact') {
  // Always over: the hours of the last days, of the year 2020.
  const hour = 3_600_000;
  const begin = Date.UTC(2020, 0, 1);
  await store.flush(commits.lastJournalId);
  let next = await store.count({ series: [1 as SeriesId], from: 0, to: 8e15 });
  for (;;) {
    const rows = 200;
    // Series 1 goes on in order; series 2 is written over and over, in files that exist already.
    const { journalId } = await commits.commit({
      samples: {
        count: 2 * rows,
        series: Float64Array.from({ length: 2 * rows }, (_, index) => 1 + (index % 2)),
        time: Float64Array.from({ length: 2 * rows }, (_, index) => begin + (index % 2 === 0 ? next + index / 2 : (index - 1) / 2) * hour),
        number: new Float64Array(2 * rows).fill(next + 0.5),
        tag: new Uint8Array(2 * rows),
        flags: new Uint8Array(2 * rows),
        text: [],
      },
    });
    store.committed(journalId ?? 0);
    next += rows;
    print({ committed: next });
    await store.flush(journalId ?? 0);
    const { filesWritten } = await store.compact({ now: begin + next * hour, scope: 'all' });
    print({ compacted: filesWritten });
  }
}

if (mode === 'write') {
  const rows = 400;
  await store.flush(commits.lastJournalId);
  let next = await store.count({ series: [1 as SeriesId], from: 0, to: 8e15 });
  for (;;) {
    // Series 1 goes on in order; series 2 is written at the same time again and again.
    const last = rows;
    const { journalId } = await commits.commit({
      samples: {
        count: rows + 1,
        series: Float64Array.from({ length: rows + 1 }, (_, index) => (index === last ? 2 : 1)),
        time: Float64Array.from({ length: rows + 1 }, (_, index) => (index === last ? 0 : next + index)),
        number: new Float64Array(rows + 1).fill(next),
        tag: new Uint8Array(rows + 1),
        flags: new Uint8Array(rows + 1),
        text: [],
      },
    });
    store.committed(journalId ?? 0);
    next += rows;
    print({ committed: next });
  }
}
