import { open } from 'node:fs/promises';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { nearestName } from '../domain/nearest-name.ts';
import { messageOf } from '../errors/muster-error.ts';
import { SETTINGS, type SettingName } from './settings.ts';

/** A settings file is written by hand: more than this is a mistake. */
export const FILE_BYTES_MAX = 1_048_576;
/** An alias may repeat a list; a file that unfolds to more than this is an attack or a mistake. */
const ALIASES_MAX = 100;

export interface FileProblem {
  readonly setting: string | null;
  readonly source: string;
  readonly problem: string;
}

export interface FileEntry {
  readonly name: SettingName;
  readonly value: unknown;
  /** `hub.yaml:12` */
  readonly source: string;
}

export interface SettingsFile {
  readonly entries: readonly FileEntry[];
  readonly problems: readonly FileProblem[];
}

/** Reads a YAML file of settings: groups (`mqtt:` with `port:` below it), dotted keys (`mqtt.port:`), or both. */
export async function readSettingsFile(file: string): Promise<SettingsFile> {
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    return { entries: [], problems: [{ setting: null, source: file, problem: `cannot be read: ${messageOf(error)}` }] };
  }
  return parseSettings(text, file);
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const bytes = new Uint8Array(FILE_BYTES_MAX + 1);
    let length = 0;
    // Not `readFile`: the size of a pipe or of a growing file is not known beforehand.
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
    return decodeText(bytes.subarray(0, length));
  } finally {
    await handle.close();
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8 text');
  }
}

/** The settings of a YAML text; `file` names it in sources. Never throws. */
export async function parseSettings(text: string, file: string): Promise<SettingsFile> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number | undefined): string => (offset === undefined ? file : `${file}:${lines.linePos(offset).line}`);
  if (document.errors.length > 0) {
    // After the first error the rest of the tree is a guess.
    const problems = document.errors.slice(0, 10).map((error) => ({
      setting: null,
      source: at(error.pos[0]),
      problem: `is not valid YAML: ${error.message}`,
    }));
    return { entries: [], problems };
  }
  const root = document.contents;
  if (root === null || (yaml.isScalar(root) && root.value === null)) return { entries: [], problems: [] };
  if (!yaml.isMap(root)) return { entries: [], problems: [{ setting: null, source: at(root.range?.[0]), problem: 'must hold settings as `name: value`' }] };
  return walk(yaml, document, root, at);
}

const NAMES = Object.keys(SETTINGS) as SettingName[];

function isGroup(path: string): boolean {
  return NAMES.some((name) => name.startsWith(`${path}.`));
}

function walk(yaml: typeof import('yaml'), document: Document, root: YAMLMap, at: (offset: number | undefined) => string): SettingsFile {
  const entries = new Map<SettingName, FileEntry>();
  const problems: FileProblem[] = [];

  function visit(map: YAMLMap, prefix: string): void {
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = yaml.isScalar(pair.key) ? String(pair.key.value) : '?';
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const source = at(pair.key.range?.[0]);
      const node = yaml.isAlias(pair.value) ? (pair.value.resolve(document) ?? null) : pair.value;
      const empty = node === null || (yaml.isScalar(node) && node.value === null);
      if (Object.hasOwn(SETTINGS, path)) add(path as SettingName, node, source);
      else if (!isGroup(path)) problems.push({ setting: path, source, problem: unknownSetting(path) });
      // Ends, even with an alias to its own parent: every level down must still be the beginning of a name.
      else if (yaml.isMap(node)) visit(node as YAMLMap, path);
      else if (!empty) problems.push({ setting: path, source, problem: 'is a group: write its settings below it' });
    }
  }

  function add(name: SettingName, node: Node | null, source: string): void {
    const before = entries.get(name);
    if (before !== undefined) {
      problems.push({ setting: name, source, problem: `is set twice, first at ${before.source}` });
      return;
    }
    try {
      entries.set(name, { name, value: node === null ? null : node.toJS(document, { maxAliasCount: ALIASES_MAX }), source });
    } catch (error) {
      problems.push({ setting: name, source, problem: `cannot be read: ${messageOf(error)}` });
    }
  }

  visit(root, '');
  return { entries: [...entries.values()], problems };
}

/** `is not a setting; did you mean mqtt.port?` */
export function unknownSetting(name: string): string {
  const nearest = nearestName(name, NAMES);
  return nearest === undefined ? 'is not a setting' : `is not a setting; did you mean ${nearest}?`;
}
