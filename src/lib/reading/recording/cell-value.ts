import type { SampleValue, ValueType } from '../../domain/value.ts';

export type CellValue =
  | { readonly ok: true; readonly value: SampleValue }
  | { readonly ok: false; readonly code: 'no_value' | 'wrong_type'; readonly reason: string };

/** JSON's numbers, and what spreadsheets write besides: a leading plus or point. No hexadecimal, no NaN, no Infinity. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** How loggers write "there was nothing": never the first value of a text point. */
const MISSING = new Set(['nan', 'null', 'na', 'n/a', '-', '--', '?']);

export function readNumber(text: string): number | null {
  if (!NUMBER.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/** The value type that a cell of a point implies of which the hub knows nothing; null: it says nothing. */
export function inferCellType(text: string): ValueType | null {
  const trimmed = text.trim();
  if (trimmed === '' || MISSING.has(trimmed.toLowerCase())) return null;
  if (readNumber(trimmed) !== null) return 'number';
  if (/^(true|false)$/i.test(trimmed)) return 'boolean';
  if (/^[[{]/.test(trimmed) && readJson(trimmed) !== undefined) return 'json';
  return 'string';
}

/** A cell as a value of this type. Text of a `string` point is kept to the letter. */
export function readCell(text: string, type: ValueType): CellValue {
  if (type === 'string') return { ok: true, value: text };
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, code: 'no_value', reason: 'the cell is empty' };
  if (type === 'json') {
    const value = readJson(trimmed);
    return value === undefined ? wrongType(text, 'JSON') : { ok: true, value };
  }
  if (type === 'boolean') {
    const value = trimmed.toLowerCase();
    if (value === 'true' || value === '1') return { ok: true, value: true };
    if (value === 'false' || value === '0') return { ok: true, value: false };
  } else {
    const value = readNumber(trimmed);
    if (value !== null) return { ok: true, value };
  }
  if (MISSING.has(trimmed.toLowerCase())) return { ok: false, code: 'no_value', reason: `"${trimmed}" stands for no value` };
  return wrongType(text, `a ${type}`);
}

/**
 * The type of a cell of an export of ours: text has quotes, numbers, true, false and null have none, other JSON has them where CSV
 * needs them. So text that is JSON with a comma or quote in it cannot be told from JSON; it is taken for JSON.
 */
export function exportedType(text: string, quoted: boolean): ValueType {
  if (quoted) return isQuotedJson(text) ? 'json' : 'string';
  if (readNumber(text) !== null) return 'number';
  return text === 'true' || text === 'false' ? 'boolean' : 'json';
}

/** The same cell as a value of a point of this type. */
export function readExported(text: string, quoted: boolean, type: ValueType): CellValue {
  if (type !== 'json' || !quoted || isQuotedJson(text)) return readCell(text, type);
  return { ok: true, value: text };
}

function isQuotedJson(text: string): boolean {
  return /^[[{]/.test(text) && /[",\n]/.test(text) && typeof readJson(text) === 'object';
}

function wrongType(text: string, expected: string): CellValue {
  return { ok: false, code: 'wrong_type', reason: `"${text.slice(0, 40)}" is not ${expected}` };
}

function readJson(text: string): SampleValue | undefined {
  try {
    return JSON.parse(text) as SampleValue;
  } catch {
    return undefined;
  }
}
