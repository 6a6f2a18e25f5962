// Bundles src/ into dist/: one file per command, one per worker thread, shared chunks between them.
// Why a bundle: a command starts in about three quarters of the time (bench/startup).
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

async function files(folder, accept) {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && accept(entry.name)).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** The types of the device library, which is the one part that programs of others import. */
async function declare(folder) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', join(root, 'tsconfig.device.json'), '--outDir', folder]);
  } catch (error) {
    throw new Error(`the types of the device library cannot be made:\n${error.stdout}${error.stderr}`);
  }
}

/** @returns {Promise<void>} */
export async function buildAll() {
  const commands = await files('src/commands', (name) => /\.tsx?$/.test(name));
  const workers = await files('src/lib', (name) => name.endsWith('-worker.ts'));
  const shared = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    jsx: 'automatic',
    minifySyntax: true,
    minifyWhitespace: true,
    // Its build for Node is CommonJS, and `await import()` of a bundled CommonJS package gives no named exports.
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    // For profiles that name the files of src (bench/ingest/profile.mjs).
    sourcemap: process.env.MUSTER_SOURCE_MAPS === '1' ? 'linked' : false,
    legalComments: 'none',
    // Node prints the line where a program ended: of a whole chunk in one line that is a hundred kilobytes.
    lineLimit: 160,
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Native packages stay outside; the others are never reached (typescript, ts-node: oclif's development mode).
    external: ['@duckdb/node-api', '@photostructure/sqlite', 'typescript', 'ts-node', 'tsx', 'react-devtools-core', 'bufferutil', 'utf-8-validate'],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';import{fileURLToPath as __toPath}from'node:url';const require=__createRequire(import.meta.url);const __filename=__toPath(import.meta.url);const __dirname=__toPath(new URL('.',import.meta.url));",
    },
    absWorkingDir: root,
  };
  // Elsewhere first: a build that fails leaves what was there, and nobody sees half of one.
  const next = await mkdtemp(join(root, 'node_modules', '.muster-build-'));
  try {
    const types = declare(join(next, 'dist/types'));
    // Its failure is told below; until then it is nobody's.
    types.catch(() => undefined);
    await build({
      ...shared,
      entryPoints: [
        { in: join(root, 'src/main.ts'), out: 'main' },
        { in: join(root, 'src/generate.ts'), out: 'generate' },
        { in: join(root, 'src/lib/device/index.ts'), out: 'device' },
        ...commands.map((file) => ({ in: file, out: file.slice(join(root, 'src').length + 1).replace(/\.tsx?$/, '') })),
        ...workers.map((file) => ({ in: file, out: `workers/${file.split(/[\\/]/).at(-1).replace(/\.ts$/, '')}` })),
      ],
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      outdir: join(next, 'dist'),
    });
    await types;
    await rename(join(root, 'dist'), join(next, 'old')).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(join(next, 'dist'), join(root, 'dist'));
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
