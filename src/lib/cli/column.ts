/** One column of what a command prints. */
export interface Column<Row> {
  /** What --columns and --sort call it, and the heading. */
  readonly name: string;
  /** For JSON, YAML and sorting: times stay ms since 1970. */
  readonly value: (row: Row) => unknown;
  /** For tables and CSV; absent, the value as text. */
  readonly text?: (row: Row) => string;
  /** Aligned right in a table. */
  readonly right?: boolean;
  /** Left out of the tables of lists unless --columns names it. */
  readonly wide?: boolean;
  /** On a terminal that is too narrow: 1 goes first. Absent, those on the right go first, after all that have a number. */
  readonly drop?: number;
  /** Never left out of a narrow table, nor cut while it is readable: codes and paths. The first column is always so. */
  readonly keep?: boolean;
  /** Cut as late as the first column, but left out like others: half an id or a time is none. */
  readonly whole?: boolean;
  /** Its cells on a terminal that has colours. */
  readonly colour?: (row: Row) => Colour | null;
  /** A sentence: in a narrow table it goes on below itself where others are cut. */
  readonly wrap?: boolean;
}

/** SGR parameters: `1;31` is bold and red. */
export type Colour = string;

export function painted(text: string, colour: Colour | null): string {
  return colour === null || text === '' ? text : `\x1b[${colour}m${text}\x1b[0m`;
}

/** How much a column matters where there is little room. */
export type Importance = Pick<Column<never>, 'wide' | 'drop' | 'keep'>;

/** ISO 8601 in UTC for ms since 1970; nothing for null. */
export function isoTime(time: number | null | undefined): string {
  if (time === null || time === undefined) return '';
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

/** A column of a time in ms since 1970. */
export function timeColumn<Row>(name: string, time: (row: Row) => number | null | undefined, more: Importance = {}): Column<Row> {
  return { name, value: (row) => time(row) ?? null, text: (row) => isoTime(time(row)), whole: true, ...more };
}

/** A column of `name=value` pairs, in the order of their names. */
export function pairsColumn<Row>(name: string, pairs: (row: Row) => Readonly<Record<string, string | undefined>>, more: Importance = {}): Column<Row> {
  return { name, value: pairs, text: (row) => pairsText(pairs(row)), ...more };
}

function pairsText(pairs: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(pairs)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** A cell as text, for tables and CSV. */
export function cellText<Row>(column: Column<Row>, row: Row): string {
  if (column.text) return column.text(row);
  const value = column.value(row);
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
