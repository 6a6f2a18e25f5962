import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../helpers/source-graph.ts';

/** Where one folder is one extension. */
const HOMES = ['formats', 'exports', 'protocols', 'scripts', 'channels'] as const;
const lib = join(repository, 'src/lib');

const extensions = [...HOMES.flatMap((home) => folders(home).map((name) => `${home}/${name}`)), 'storage/duckdb'];

function folders(home: string): string[] {
  return readdirSync(join(lib, home), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

test('there are extensions to look at', () => {
  expect(extensions.length).toBeGreaterThan(HOMES.length);
});

describe.each(extensions)('%s', (extension) => {
  const home = extension.split('/')[0] ?? '';

  test('has a definition', () => {
    expect(existsSync(join(lib, extension, 'definition.ts'))).toBe(true);
  });

  test('has a mirrored test folder with tests', () => {
    const mirror = join(repository, 'test/lib', extension);
    expect(existsSync(mirror) ? readdirSync(mirror, { recursive: true }).filter((name) => String(name).endsWith('.test.ts')) : []).not.toEqual([]);
  });

  test('stands in the registry beside it', () => {
    expect(readFileSync(join(lib, home, 'registry.ts'), 'utf8')).toContain(`./${extension.split('/')[1]}/definition.ts`);
  });
});
