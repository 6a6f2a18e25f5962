import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * The built file of a worker thread, or of a process (`*-worker.ts`). They run from `dist/`, in tests too, because Node 20 does not
 * run TypeScript.
 */
export function workerFile(name: string): URL {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of muster not found');
    folder = parent;
  }
  return pathToFileURL(join(folder, 'dist', 'workers', `${name}.js`));
}
