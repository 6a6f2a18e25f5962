// The source files and what they import, for the tests of the architecture. Type imports count: they bind just as much.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

export interface Import {
  /** A path below the repository, or the name of a package. */
  readonly to: string;
  readonly isPackage: boolean;
  /** `import type`, or a list with nothing but types. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when that line runs. */
  readonly dynamic: boolean;
}

export interface SourceFile {
  /** Below the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** All TypeScript files below a folder of the repository. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => toPath(join(entry.parentPath, entry.name)))
    .sort()
    .map((path) => {
      const text = readFileSync(join(repository, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

const STATIC = /^(?:import|export)\s+(?<type>type\s+)?(?<names>[^'";]*?from\s*)?'(?<to>[^']+)'/gm;
// Not in a comment or a text: what stands before it on the line holds no quote, slash or star.
const DYNAMIC = /^[^'"`/*\n]*\bimport\(\s*'(?<to>[^']+)'/gm;
/** `let x: import('yaml').Document` is a type, not a load. */
const TYPE_QUERY = /(?:typeof\s+|[:<|&]\s*)import\('(?<to>[^']+)'\)/g;

function importsOf(path: string, text: string): Import[] {
  const queries = new Set([...text.matchAll(TYPE_QUERY)].map((match) => match.groups?.to));
  const found: Import[] = [];
  for (const { groups = {} } of text.matchAll(STATIC)) {
    const names = /\{(?<list>[^}]*)\}/.exec(groups.names ?? '')?.groups?.list;
    const onlyTypes = names !== undefined && names.trim() !== '' && !/^\s*\w+\s*,/.test(groups.names ?? '') && names.split(',').every(isTypeName);
    found.push(importOf(path, groups.to ?? '', groups.type !== undefined || onlyTypes, false));
  }
  for (const { groups = {} } of text.matchAll(DYNAMIC)) found.push(importOf(path, groups.to ?? '', queries.has(groups.to), true));
  return found;
}

function isTypeName(name: string): boolean {
  return name.trim() === '' || name.trim().startsWith('type ');
}

function importOf(path: string, to: string, typeOnly: boolean, dynamic: boolean): Import {
  const isPackage = !to.startsWith('.');
  return { to: isPackage ? packageName(to) : toPath(resolve(repository, dirname(path), to)), isPackage, typeOnly, dynamic };
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

function toPath(absolute: string): string {
  return relative(repository, absolute).split(sep).join('/');
}
