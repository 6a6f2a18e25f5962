import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository: a bundle of this file lies elsewhere than its source. */
export const ROOT = upFrom(dirname(fileURLToPath(import.meta.url)));

function upFrom(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : upFrom(dirname(folder));
}
