import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../src/lib/simulation/random.ts';

export const TARGETS = ['system database', 'system log', 'sample database', 'sample log', 'Parquet file'] as const;
export type Target = (typeof TARGETS)[number];

/** The file of that kind; null when there is none (an empty log is removed). */
export function fileOf(target: Target, data: string, random: Random): string | null {
  switch (target) {
    case 'system database':
      return present(join(data, 'system.db'));
    case 'system log':
      return present(join(data, 'system.db-wal'));
    case 'sample database':
      return present(join(data, 'samples', 'samples.duckdb'));
    case 'sample log':
      return present(join(data, 'samples', 'samples.duckdb.wal'));
    case 'Parquet file': {
      const folder = join(data, 'samples', 'parquet');
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.parquet'))
        .sort();
      const name = files[Math.floor(random() * files.length)];
      return name === undefined ? null : join(folder, name);
    }
  }
}

function present(file: string): string | null {
  return statSync(file, { throwIfNoEntry: false })?.size ? file : null;
}

/** Cuts 1 to 4,096 bytes off. Says what was done. */
export function cut(file: string, random: Random): string {
  const { size } = statSync(file);
  const bytes = Math.min(size, 1 + Math.floor(random() * 4096));
  truncateSync(file, size - bytes);
  return `${bytes} bytes cut off`;
}

/** Turns one bit over. Says where. */
export function flip(file: string, random: Random): string {
  const bytes = readFileSync(file);
  const at = Math.floor(random() * bytes.length);
  const bit = Math.floor(random() * 8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(file, bytes);
  return `bit ${bit} of byte ${at} of ${bytes.length} flipped`;
}
