import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { repository } from '../helpers/source-graph.ts';

async function generatedFiles(folder: string): Promise<Map<string, string>> {
  const pages = (await readdir(join(folder, 'docs/reference'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const entries = ['oclif.manifest.json', ...pages].sort().map(async (path) => [path, await readFile(join(folder, path), 'utf8')] as const);
  return new Map(await Promise.all(entries));
}

test('all generated files are as the code would make them now (if not: npm run build)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-generated-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await promisify(execFile)(process.execPath, [join(repository, 'scripts/generate.mjs'), '--out', folder]);
  const [fresh, kept] = [await generatedFiles(folder), await generatedFiles(repository)];
  expect([...kept.keys()]).toEqual([...fresh.keys()]);
  expect([...fresh].filter(([path, text]) => kept.get(path) !== text).map(([path]) => path)).toEqual([]);
});
