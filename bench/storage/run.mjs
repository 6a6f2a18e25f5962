// What the sample store and the exports do in a second: `node bench/storage/run.mjs [--json] [--rows N]`.
// Each figure comes from a process of its own, so that its peak memory is its own.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { buildAll } from '../../scripts/build.mjs';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, rows: { type: 'string', default: '1000000' } } });
const root = fileURLToPath(new URL('../..', import.meta.url));
const PHASES = ['fill', 'apply', 'read', 'compact', 'read-files', 'csv', 'csv-wide', 'csv-stringify', 'ndjson', 'parquet', 'apply-late', 'compact-late'];
// Bytes of a sample depend on what is sampled: real recordings, from this folder.
const recordings = process.env.MUSTER_RECORDINGS ?? join(root, 'assets/recordings');

if (!existsSync(join(root, 'dist/workers/sample-worker.js'))) await buildAll();
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const script = join(root, 'dist/bench', `storage-${process.pid}.mjs`);
const results = [];
try {
  await build({
    entryPoints: [join(root, 'bench/storage/phase.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    packages: 'external',
  });
  for (const phase of PHASES) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, phase, folder, values.rows]);
    results.push({ phase, ...JSON.parse(stdout) });
  }
  for (const name of (await readdir(recordings)).filter((each) => each.endsWith('.csv')).sort()) {
    const own = await mkdtemp(join(folder, 'recording-'));
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'recording', own, '0', join(recordings, name)]);
    results.push({ phase: name.slice(0, -4), ...JSON.parse(stdout) });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
  await rm(script, { force: true });
}

if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else {
  const line = (...cells) => process.stdout.write(`${cells.map((cell, at) => (at === 0 ? cell.padEnd(20) : cell.padStart(14))).join('')}\n`);
  line('phase', 'rows', 'seconds', 'rows/s', 'MB out', 'bytes/row', 'peak MB');
  for (const { phase, rows, ms, bytes, peakBytes } of results) {
    line(
      phase,
      String(rows),
      (ms / 1000).toFixed(2),
      String(Math.round((rows / ms) * 1000)),
      bytes === null ? '-' : (bytes / 1e6).toFixed(1),
      bytes === null ? '-' : (bytes / rows).toFixed(2),
      (peakBytes / 1e6).toFixed(0),
    );
  }
}
