import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { repository, type SourceFile, sourceFiles } from '../helpers/source-graph.ts';

/** Each costs tens of ms to load: they belong behind `await import()` in `run()`. */
const HEAVY = [
  '@duckdb/node-api',
  '@fastify/swagger',
  '@fastify/websocket',
  '@peculiar/x509',
  '@photostructure/sqlite',
  'cli-table3',
  'conf',
  'csv-parse',
  'csv-stringify',
  'fastify',
  'fastify-type-provider-zod',
  'ink',
  'mqtt',
  'pino',
  'react',
  'reflect-metadata',
  'ws',
  'yaml',
  'zod',
];
/** They take their flags or their help from schemas, and have nothing to do without them. */
const WITH_SCHEMAS = ['src/commands/channel/create.ts', 'src/commands/serve.ts', 'src/commands/settings/show.ts', 'src/commands/settings/validate.ts'];

const files = new Map<string, SourceFile>(sourceFiles('src').map((file) => [file.path, file]));
const commands = [...files.keys()].filter((path) => path.startsWith('src/commands/'));

/** The packages that are loaded with a module, each with the way to it. */
function packagesOf(path: string, trail: readonly string[] = [], seen = new Set<string>()): Map<string, string> {
  const found = new Map<string, string>();
  seen.add(path);
  for (const one of files.get(path)?.imports ?? []) {
    if (one.typeOnly || one.dynamic) continue;
    if (one.isPackage) found.set(one.to, [...trail, path, one.to].join(' -> '));
    else if (!seen.has(one.to)) for (const [name, way] of packagesOf(one.to, [...trail, path], seen)) found.set(name, way);
  }
  return found;
}

test('the commands are found, and so is what they load', () => {
  expect(commands.length).toBeGreaterThan(10);
  for (const path of commands) expect([path, packagesOf(path).has('@oclif/core')]).toEqual([path, true]);
});

test('no command loads a heavy package at its start', () => {
  const heavy = commands.flatMap((path) =>
    [...packagesOf(path)].filter(([name]) => HEAVY.includes(name) && !(name === 'zod' && WITH_SCHEMAS.includes(path))).map(([, way]) => way),
  );
  expect(heavy).toEqual([]);
});

test('the start itself loads nothing heavy', () => {
  expect([...packagesOf('src/main.ts').keys()].filter((name) => HEAVY.includes(name))).toEqual([]);
});

/** The files of dist/ that a command line makes Node load, by V8's own account. */
async function loadedFiles(...words: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-start-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = { ...process.env, NODE_V8_COVERAGE: folder, XDG_CONFIG_HOME: folder };
  await promisify(execFile)(process.execPath, [join(repository, 'bin/run.js'), ...words], { env });
  const reports = await Promise.all((await readdir(folder)).filter((name) => name.startsWith('coverage')).map((name) => readFile(join(folder, name), 'utf8')));
  const urls = reports.flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result.map((script) => script.url));
  return urls.flatMap((url) => /\/dist\/(.*\.js)$/.exec(url)?.[1] ?? []);
}

test.each(['--version', '--help', 'device list --help', 'serve --help'])('`muster %s` loads no command: the manifest has the answer', async (line) => {
  expect(existsSync(join(repository, 'oclif.manifest.json'))).toBe(true);
  const loaded = await loadedFiles(...line.split(' '));
  expect(loaded).toContain('main.js');
  expect(loaded.filter((file) => file.startsWith('commands/'))).toEqual([]);
});
