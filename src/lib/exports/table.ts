import type { TimeStyle } from './time-style.ts';

/**
 * What a cell holds, so that each format writes it in its own way: `time` is ms since 1970; `json` any JSON value; `any` a number, a boolean, a text or
 * JSON, as it comes. null and undefined are an empty cell (null in NDJSON).
 */
const CELL_KINDS = ['text', 'number', 'truth', 'time', 'json', 'any'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

export interface TableColumn<Row> {
  readonly name: string;
  readonly kind: CellKind;
  readonly value: (row: Row) => unknown;
}

export interface TableOptions {
  /** Of the table: a spreadsheet shows it. At most 31 characters. */
  readonly name: string;
  readonly time: TimeStyle;
  /** IANA name, for `iso` times. */
  readonly timezone: string;
  /** Keep spreadsheets from taking text for a formula, where a format cannot say that it is text: a ' stands before it. */
  readonly guarded: boolean;
}

/** Turns chunks of rows into bytes, in constant memory. */
export interface TableFormat {
  encode<Row>(rows: AsyncIterable<readonly Row[]>, columns: readonly TableColumn<Row>[], options: TableOptions): AsyncIterable<Uint8Array>;
}

/** What spreadsheets take for the beginning of a formula, behind what they skip (OWASP: CSV injection). */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/** The same text with a ' before it when a spreadsheet might run it. */
export function guardedText(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}
