// `npm run proof -- [kill|import|commands|disk-full|corruption|overload|rude|fuzz|all] [--rounds N] [--seconds N] [--rows N] [--seed S] [--json]`: the
// long form of the tests below test/proof, of a real hub.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run, setUp } from './setup.mjs';

await setUp();
// Not before: a fresh clone has none.
const { build } = await import('esbuild');
// Inside the package, so that the bundle finds what it imports.
const bundle = join(root, 'dist', 'test-bundles', `proof-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, 'test/proof/main.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.15',
  packages: 'external',
  logLevel: 'error',
});
try {
  process.exitCode = await run(bundle, process.argv.slice(2));
} finally {
  await rm(bundle, { force: true });
}
