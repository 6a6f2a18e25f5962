import type { BatchDevice } from '../api/schema/device-batch.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import type { ColumnMap } from './column-map.ts';
import { type DeviceField, isAliasKind } from './device-field.ts';
import type { FileRow } from './read-rows.ts';

/** What holds where a row says nothing else. */
export interface RowDefaults {
  readonly kind?: BatchDevice['kind'];
  readonly type?: string | undefined;
  readonly parent?: string | undefined;
  readonly state?: BatchDevice['state'];
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly groups?: readonly string[] | undefined;
}

export interface ReadOptions {
  readonly columns: ColumnMap;
  readonly defaults: RowDefaults;
  /** What an empty cell of a CSV, or null, does to a device that exists. */
  readonly empty: 'keep' | 'clear';
}

/** A row as a device, or why it is none. */
export interface ReadDevice {
  readonly line: number;
  readonly id: string | null;
  readonly device: BatchDevice | null;
  /** Given by the file. */
  readonly password: string | null;
  readonly problem: string | null;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Draft = Mutable<Omit<BatchDevice, 'labels' | 'aliases' | 'groups'>> & {
  labels: Record<string, string | null>;
  aliases: NonNullable<BatchDevice['aliases']>;
  groups?: string[];
};

/** Whatever the hub judges by itself, such as the form of a label, is left to it. */
export function readDevice(row: FileRow, { columns, defaults, empty }: ReadOptions): ReadDevice {
  if (row.cells === null) return bad(row.line, null, row.problem ?? 'the row cannot be read');
  const draft: Draft = { id: '', labels: { ...defaults.labels }, aliases: {} };
  for (const name of ['kind', 'type', 'parent', 'state'] as const) Object.assign(draft, defaults[name] === undefined ? {} : { [name]: defaults[name] });
  if (defaults.groups !== undefined && defaults.groups.length > 0) draft.groups = [...defaults.groups];
  let password: string | null = null;
  let problem: string | null = null;
  for (const { column, field, content } of contentsOf(row.cells, columns)) {
    if (field === undefined) problem ??= `${column} means nothing here`;
    else if (content === null) {
      if (empty === 'clear') clear(draft, field);
    } else if (field === 'password') password = String(content);
    else problem ??= put(draft, field, content, column);
  }
  const { id } = draft;
  if (problem === null && !isName(id)) problem = id === '' ? 'the id is missing' : `the id must be ${NAME_RULE}`;
  if (problem !== null) return bad(row.line, id === '' ? null : id.slice(0, 200), problem);
  const { labels, aliases, ...rest } = draft;
  const device = {
    ...rest,
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(aliases).length > 0 && { aliases }),
  };
  return { line: row.line, id, device, password, problem: null };
}

function bad(line: number, id: string | null, problem: string): ReadDevice {
  return { line, id, device: null, password: null, problem };
}

interface Content {
  readonly column: string;
  /** undefined: none. */
  readonly field: DeviceField | undefined;
  /** null: nothing. */
  readonly content: unknown;
}

function* contentsOf(cells: ReadonlyMap<string, unknown>, columns: ColumnMap): Generator<Content> {
  const read = new Set<string>();
  for (const { column, field } of columns.pairs) {
    read.add(column);
    const content = cellAt(cells, column);
    if (content !== undefined) yield { column, field, content: content === '' ? null : content };
  }
  for (const [column, content] of cells) {
    if (read.has(column)) continue;
    const field = columns.another(column);
    if (field !== null) yield { column, field, content };
  }
}

/** `modem.imei` is the imei of the object modem, unless a column is called so. */
function cellAt(cells: ReadonlyMap<string, unknown>, column: string): unknown {
  if (cells.has(column)) return cells.get(column);
  const [first = '', ...levels] = column.split('.');
  let content = cells.get(first);
  for (const level of levels) {
    if (typeof content !== 'object' || content === null || !Object.hasOwn(content, level)) return undefined;
    content = (content as Record<string, unknown>)[level];
  }
  return content;
}

/** Returns what is wrong with it. */
function put(draft: Draft, field: DeviceField, content: unknown, column: string): string | null {
  if (field === 'labels' || field === 'aliases') {
    const pairs = pairsOf(content);
    if (pairs === null) return `${column} is no object such as {"site":"paris"}`;
    Object.assign(draft[field], pairs);
    return null;
  }
  if (field === 'groups') {
    const groups = Array.isArray(content) ? content : typeof content === 'string' ? content.split(/\s+/).filter((each) => each !== '') : null;
    if (groups === null) return `${column} is no list of groups`;
    draft.groups = [...new Set([...(draft.groups ?? []), ...groups.map(String)])];
    return null;
  }
  if (typeof content === 'object') return `${column} is no text`;
  // What people read is kept to the letter.
  const isWords = field === 'name' || field.startsWith('label.');
  const text = isWords ? String(content) : String(content).trim();
  if (field.startsWith('label.')) draft.labels[field.slice('label.'.length)] = text;
  else if (isAliasKind(field)) draft.aliases[field] = text;
  else Object.assign(draft, { [field]: text });
  return null;
}

function clear(draft: Draft, field: DeviceField): void {
  if (field === 'type' || field === 'parent') draft[field] = null;
  else if (field === 'groups') draft.groups = [];
  else if (field.startsWith('label.')) draft.labels[field.slice('label.'.length)] = null;
  else if (isAliasKind(field)) draft.aliases[field] = null;
}

function pairsOf(content: unknown): Record<string, string | null> | null {
  const value = typeof content === 'string' ? parsed(content) : content;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, each === null ? null : String(each)]));
}

/** `{"site":"paris"}`, or as a table shows it: `site=paris floor=2`. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const pairs = text
      .trim()
      .split(/\s+/)
      .map((pair) => /^([^=]+)=(.*)$/.exec(pair));
    return pairs.every((pair) => pair !== null) ? Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? ''])) : null;
  }
}
