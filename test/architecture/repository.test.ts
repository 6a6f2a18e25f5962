import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../helpers/source-graph.ts';

const TEXT = /(?:\.(?:ts|tsx|mjs|js|json|md|yaml|yml|cmd)|\/run|LICENSE|\.editorconfig|\.gitattributes|\.nvmrc)$/;

/** What git has or would take. */
const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: repository, encoding: 'utf8' })
  .split('\n')
  .filter((path) => TEXT.test(path) && path !== 'package-lock.json' && existsSync(join(repository, path)));

interface Manifest {
  readonly version: string;
  readonly commands: Readonly<Record<string, { summary?: string; description?: string; examples?: unknown[]; hidden?: boolean; strict?: boolean }>>;
}

test('no file holds a path of the machine it was written on', () => {
  expect(paths.length).toBeGreaterThan(100);
  const machine = [repository, homedir(), `${dirname(repository)}/`].filter((path) => path.length > 3);
  const found = paths.flatMap((path) => {
    const text = readFileSync(join(repository, path), 'utf8');
    return machine.filter((place) => text.includes(`${place.replace(/\/$/, '')}/`)).map((place) => `${path}: ${place}`);
  });
  expect(found).toEqual([]);
});

test('every command has a summary, a description and examples', () => {
  const { commands } = JSON.parse(readFileSync(join(repository, 'oclif.manifest.json'), 'utf8')) as Manifest;
  expect(Object.keys(commands).length).toBeGreaterThan(10);
  const poor = Object.entries(commands).filter(([, command]) => !command.hidden && !(command.summary && command.description && command.examples?.length));
  expect(poor.map(([id]) => id)).toEqual([]);
});

test('every link between pages of the documentation leads somewhere', () => {
  const broken = paths
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) => {
      const text = readFileSync(join(repository, path), 'utf8').replaceAll(/```.*?```/gs, '');
      const targets = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map((match) => match[1] ?? '');
      return targets.filter((target) => !existsSync(join(repository, dirname(path), target))).map((target) => `${path} -> ${target}`);
    });
  expect(broken).toEqual([]);
});

test('the manifest is of this version', () => {
  const read = (path: string): Manifest => JSON.parse(readFileSync(join(repository, path), 'utf8')) as Manifest;
  expect(read('oclif.manifest.json').version).toBe(read('package.json').version);
});

test('the lock file names the packages of every platform, or `npm ci` would refuse it', () => {
  // npm leaves out those that its registry does not give at that moment: put them back by hand, with version, os and cpu.
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages)),
  );
  expect(missing).toEqual([]);
});
