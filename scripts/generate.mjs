// Writes what is derived from the code: oclif.manifest.json and docs/reference/. `--out DIR` writes elsewhere, for the test that
// compares them.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: root } } });
const { writeGenerated } = await import('../dist/generate.js');
await writeGenerated(root, resolve(values.out));
