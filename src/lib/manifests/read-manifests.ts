import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { firstLine, nameOfSource, readDefinitionText } from '../cli/definition-file.ts';
import { MANIFEST_KINDS } from '../domain/manifest.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Body, Manifest, ManifestKind } from './manifest-kind.ts';
import { findKind, KINDS } from './registry.ts';

const OBJECTS_MAX = 1_000_000;
const ENDINGS = /\.(?:ya?ml|json)$/i;

/** All objects of files, of directories (their .yaml, .yml and .json files, by name), or of stdin (-). Throws `usage` for what is no manifest, and where it stands. */
export async function readManifests(sources: readonly string[], signal: AbortSignal): Promise<readonly Manifest[]> {
  const files = (await Promise.all(sources.map(filesOf))).flat();
  const found = new Map<string, Manifest>();
  for (const file of files) {
    for (const manifest of await parseManifests(await readDefinitionText(file, signal), file)) {
      const key = `${manifest.kind} ${manifest.name}`;
      const twin = found.get(key);
      if (twin) throw wrong(manifest, `the ${key} stands there twice: at ${placeOf(twin)} too`);
      found.set(key, manifest);
      if (found.size > OBJECTS_MAX) throw new MusterError('usage', `There are more than ${OBJECTS_MAX} objects in the files.`);
    }
  }
  if (found.size === 0) throw new MusterError('usage', `${sources.map(nameOfSource).join(', ')}: there is no object in it.`, { hint: HINT });
  return [...found.values()];
}

async function filesOf(source: string): Promise<string[]> {
  if (source === '-' || !(await stat(source)).isDirectory()) return [source];
  const names = (await readdir(source)).filter((name) => ENDINGS.test(name)).sort();
  return names.map((name) => join(source, name));
}

const HINT = 'An object is written as `kind: group` with its fields; or several of a kind as a list under `groups:`.';

/** One document or several, each an object with a `kind`, a list of those, or an object with lists under `types`, `groups`, ... */
async function parseManifests(text: string, file: string): Promise<readonly Manifest[]> {
  const { isMap, isNode, isSeq, LineCounter, parseAllDocuments } = await import('yaml');
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines });
  const manifests: Manifest[] = [];
  for (const document of 'empty' in parsed ? [] : parsed) {
    const [error] = document.errors;
    if (error) throw new MusterError('usage', `${nameOfSource(file)} is neither YAML nor JSON.`, { cause: error, hint: firstLine(error), details: { file } });
    // Aliases could blow a small file up; a fleet has no need of many.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null) continue;
    const lineOf = (node: unknown): number => (isNode(node) ? lines.linePos(node.range?.[0] ?? 0).line : 1);
    const node = document.contents;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) manifests.push(manifestOf(item, null, file, lineOf(isSeq(node) ? node.items[index] : node)));
      continue;
    }
    if (!isObject(value)) throw wrong({ file, line: lineOf(node) }, 'is no object', HINT);
    if ('kind' in value) {
      manifests.push(manifestOf(value, null, file, lineOf(node)));
      continue;
    }
    for (const [key, items] of Object.entries(value)) {
      const pair = isMap(node) ? node.items.find((each) => String(each.key) === key) : undefined;
      const kind = KINDS.find(({ plural }) => plural === key);
      if (kind === undefined || !Array.isArray(items)) throw wrong({ file, line: lineOf(pair?.key) }, `\`${key}\` is no list of a kind of object`, HINT);
      for (const [index, item] of items.entries())
        manifests.push(manifestOf(item, kind, file, lineOf(isSeq(pair?.value) ? pair.value.items[index] : pair?.value)));
    }
  }
  return manifests;
}

function manifestOf(value: unknown, listed: ManifestKind | null, file: string, line: number): Manifest {
  const place = { file, line };
  if (!isObject(value)) throw wrong(place, 'is no object', HINT);
  // A device and a channel have a kind of their own: in a list of devices it is that one.
  const { kind: written, ...rest } = value;
  const kind = listed ?? (typeof written === 'string' ? findKind(written) : undefined);
  if (kind === undefined) throw wrong(place, `\`kind\` must be one of ${MANIFEST_KINDS.join(', ')}`, HINT);
  const body: Body = listed === null ? withOwnKind(rest, kind) : value;
  const name = body[kind.key];
  if (typeof name !== 'string' || name === '') throw wrong(place, `the ${kind.name} has no \`${kind.key}\``);
  const unknown = kind.fields === null ? undefined : Object.keys(body).find((key) => key !== kind.key && !kind.fields?.includes(key));
  if (unknown !== undefined)
    throw wrong(place, `the ${kind.name} ${name} has an unknown field \`${unknown}\``, `Its fields are: ${[kind.key, ...(kind.fields ?? [])].join(', ')}.`);
  return { kind: kind.name, name, body, file, line };
}

/** In an object with a `kind` of its own, what the hub calls `kind` is `deviceKind` or `channelKind`. */
function withOwnKind(body: Body, kind: ManifestKind): Body {
  const { [ownKindField(kind)]: own, ...rest } = body;
  return own === undefined ? rest : { ...rest, kind: own };
}

/** How the field `kind` of an object is called beside the `kind` of the manifest. */
export function ownKindField({ name, ownKind }: ManifestKind): string {
  return ownKind ?? `${name}Kind`;
}

export function placeOf({ file, line }: Pick<Manifest, 'file' | 'line'>): string {
  return `${file === '-' ? 'stdin' : file}:${line}`;
}

function wrong(place: Pick<Manifest, 'file' | 'line'>, what: string, hint?: string): MusterError {
  return new MusterError('usage', `${placeOf(place)}: ${what}.`, { ...(hint === undefined ? {} : { hint }), details: { file: place.file, line: place.line } });
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
