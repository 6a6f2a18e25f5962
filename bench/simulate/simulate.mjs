// What the simulation can generate on this machine before it is the limit itself. See README.md.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    gateways: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '3' },
    rates: { type: 'string', default: '1000,5000,10000,20000' },
    json: { type: 'boolean', default: false },
  },
});
const folder = join(here, '../../node_modules/.cache/muster-bench');
const bundle = join(folder, `drive-${process.pid}.mjs`);
await mkdir(folder, { recursive: true });
await build({
  entryPoints: [join(here, 'drive.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.15',
  packages: 'external',
  logLevel: 'error',
});
const server = fork(join(here, '../ingest/targets/bare-server-process.mjs'));
try {
  const [{ port }] = await once(server, 'message');
  const { drive } = await import(pathToFileURL(bundle).href);
  const rows = await drive({
    url: `mqtt://127.0.0.1:${port}`,
    gateways: Number(values.gateways),
    seconds: Number(values.seconds),
    rates: values.rates.split(',').map(Number),
  });
  if (values.json) process.stdout.write(`${JSON.stringify({ node: process.version, processors: cpus().length, rows }, null, 2)}\n`);
  else {
    const names = Object.keys(rows[0]);
    const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
    const line = (cells) => `${cells.map((cell, index) => String(cell).padStart(widths[index])).join('  ')}\n`;
    process.stdout.write(line(names) + rows.map((row) => line(names.map((name) => row[name]))).join(''));
  }
} finally {
  server.disconnect();
  await rm(bundle, { force: true });
}
