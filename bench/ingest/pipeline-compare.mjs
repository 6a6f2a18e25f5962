// The spine of several work trees, in turn: before and after a change, in one run. node bench/ingest/pipeline-compare.mjs [--rounds 5] <folder> <folder>...
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { median, table } from './table.mjs';

const { values, positionals } = parseArgs({ options: { rounds: { type: 'string', default: '5' } }, allowPositionals: true });
const folders = positionals.map((folder) => resolve(folder));
if (folders.length === 0) throw new Error('which work trees? node bench/ingest/pipeline-compare.mjs <folder> <folder>...');

const bundles = [];
for (const folder of folders) {
  // In the tree itself, whose packages it finds from there.
  const outfile = join(folder, 'dist', 'bench-pipeline.js');
  const entry = join(folder, 'bench/ingest/pipeline.ts');
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', packages: 'external', outfile, logLevel: 'error' });
  bundles.push(outfile);
}
const rates = new Map();
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const bundle of round % 2 === 0 ? bundles : bundles.toReversed()) {
    const lines = execFileSync(process.execPath, [bundle, '--json'], { encoding: 'utf8' });
    for (const { points, messagesPerSecond } of JSON.parse(lines)) {
      const key = `${points} ${bundle}`;
      rates.set(key, [...(rates.get(key) ?? []), messagesPerSecond]);
    }
  }
}
for (const bundle of bundles) await rm(bundle);

const sizes = [...new Set([...rates.keys()].map((key) => Number(key.split(' ', 1)[0])))];
const rows = sizes.flatMap((points) =>
  bundles.map((bundle, index) => {
    const rate = median(rates.get(`${points} ${bundle}`));
    const first = median(rates.get(`${points} ${bundles[0]}`));
    return { tree: folders[index], 'points/msg': points, 'messages/s of processor time': Math.round(rate), ratio: Math.round((rate / first) * 100) / 100 };
  }),
);
process.stdout.write(table(rows));
