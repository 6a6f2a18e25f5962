import { MusterError } from '../errors/muster-error.ts';
import { batches } from './batches.ts';
import { type Column, cellText } from './column.ts';
import type { OutputFormat } from './output-format.ts';
import { keyValueLines, TableLayout, type TableStyle } from './table.ts';

export interface PrintOptions {
  readonly format: OutputFormat;
  /** The names after --columns; null: not given. */
  readonly columns: readonly string[] | null;
  /** `name` or `-name` after --sort; null: in the order of the hub. */
  readonly sort: string | null;
  /** Rows shown at most; null: all of them. */
  readonly limit: number | null;
  readonly style: TableStyle;
  readonly write: (text: string) => Promise<void>;
}

/** Sorting needs all rows at once. */
const SORTED_ROWS_MAX = 200_000;
const BATCH_ROWS = 1000;

export interface Printed {
  /** False when --limit left rows out. */
  readonly complete: boolean;
}

/** Prints a list. ndjson and csv flow; a table is laid out in batches of 1000 rows. */
export async function printRows<Row>(rows: Iterable<Row> | AsyncIterable<Row>, columns: readonly Column<Row>[], options: PrintOptions): Promise<Printed> {
  const chosen = chooseColumns(columns, options);
  const order = options.sort === null ? null : sortBy(columns, options.sort);
  const source = order === null ? rows : await sorted(rows, order);
  const cut = { complete: true };
  await writeRows(options.limit === null ? source : firstOf(source, options.limit, cut), chosen, options);
  return cut;
}

async function* firstOf<Row>(rows: Iterable<Row> | AsyncIterable<Row>, limit: number, cut: { complete: boolean }): AsyncGenerator<Row> {
  let count = 0;
  for await (const row of rows) {
    if (count === limit) {
      cut.complete = false;
      return;
    }
    count += 1;
    yield row;
  }
}

async function writeRows<Row>(ordered: Iterable<Row> | AsyncIterable<Row>, chosen: readonly Column<Row>[], options: PrintOptions): Promise<void> {
  const object = (row: Row): unknown => (options.columns === null ? row : pick(row, chosen));
  switch (options.format) {
    case 'table': {
      const layout = new TableLayout(chosen, options.style, options.columns === null);
      let empty = true;
      for await (const batch of batches(ordered, BATCH_ROWS, 200)) {
        empty = false;
        await options.write(await layout.lines(batch));
      }
      if (empty) await options.write(await layout.lines([]));
      if (layout.hidden > 0) await options.write('(more with a wider terminal, --columns or --output json)\n');
      return;
    }
    case 'json': {
      let before = '[\n';
      for await (const batch of batches(ordered, BATCH_ROWS, 20)) {
        await options.write(before + batch.map((row) => indent(JSON.stringify(object(row), null, 2))).join(',\n'));
        before = ',\n';
      }
      await options.write(before === '[\n' ? '[]\n' : '\n]\n');
      return;
    }
    case 'ndjson':
      for await (const batch of batches(ordered, BATCH_ROWS, 20)) await options.write(batch.map((row) => `${JSON.stringify(object(row))}\n`).join(''));
      return;
    case 'csv': {
      const { stringify } = await import('csv-stringify/sync');
      await options.write(stringify([chosen.map((column) => column.name)]));
      for await (const batch of batches(ordered, BATCH_ROWS, 20)) {
        await options.write(stringify(batch.map((row) => chosen.map((column) => cellText(column, row)))));
      }
      return;
    }
    case 'yaml': {
      const { stringify } = await import('yaml');
      let empty = true;
      for await (const batch of batches(ordered, BATCH_ROWS, 20)) {
        empty = false;
        await options.write(stringify(batch.map(object), { aliasDuplicateObjects: false }));
      }
      if (empty) await options.write('[]\n');
      return;
    }
  }
}

/** Prints one object. */
export async function printObject<Row>(row: Row, columns: readonly Column<Row>[], options: PrintOptions): Promise<void> {
  // In order by itself, whatever the column: but there must be one of that name.
  checkColumnNames(columns, null, options.sort);
  // One object has room for every column.
  const chosen = options.columns === null ? columns : chooseColumns(columns, options);
  const object = options.columns === null ? row : pick(row, chosen);
  switch (options.format) {
    case 'table':
      return options.write(keyValueLines(row, chosen, options.style));
    case 'json':
      return options.write(`${JSON.stringify(object, null, 2)}\n`);
    case 'ndjson':
      return options.write(`${JSON.stringify(object)}\n`);
    case 'csv': {
      const { stringify } = await import('csv-stringify/sync');
      return options.write(stringify([chosen.map((column) => column.name), chosen.map((column) => cellText(column, row))]));
    }
    case 'yaml': {
      const { stringify } = await import('yaml');
      return options.write(stringify(object, { aliasDuplicateObjects: false }));
    }
  }
}

/** Throws usage when --columns or --sort names a column that there is not. */
export function checkColumnNames<Row>(columns: readonly Column<Row>[], names: readonly string[] | null, sort: string | null): void {
  for (const name of names ?? []) columnNamed(columns, name, '--columns');
  if (sort !== null) columnNamed(columns, sortedColumn(sort), '--sort');
}

function chooseColumns<Row>(columns: readonly Column<Row>[], options: PrintOptions): readonly Column<Row>[] {
  if (options.columns === null) return options.format === 'table' ? columns.filter((column) => !column.wide) : columns;
  return options.columns.map((name) => columnNamed(columns, name, '--columns'));
}

function columnNamed<Row>(columns: readonly Column<Row>[], name: string, flag: string): Column<Row> {
  const wanted = name.toLowerCase();
  const column = columns.find((candidate) => candidate.name.toLowerCase() === wanted);
  if (column) return column;
  throw new MusterError('usage', `There is no column \`${name}\` for ${flag}.`, {
    hint: `The columns are: ${columns.map((candidate) => candidate.name).join(', ')}.`,
    details: { column: name, columns: columns.map((candidate) => candidate.name) },
  });
}

function pick<Row>(row: Row, columns: readonly Column<Row>[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.name, column.value(row)]));
}

function sortBy<Row>(columns: readonly Column<Row>[], sort: string): (one: Row, other: Row) => number {
  const descending = sort.startsWith('-');
  const column = columnNamed(columns, sortedColumn(sort), '--sort');
  const order = new Intl.Collator('en', { numeric: true });
  return (one, other) => {
    const left = column.value(one);
    const right = column.value(other);
    // What has no value comes last, whichever way the others go.
    if (isNothing(left) || isNothing(right)) return Number(isNothing(left)) - Number(isNothing(right));
    const both = typeof left === 'number' && typeof right === 'number' ? left - right : order.compare(cellText(column, one), cellText(column, other));
    return descending ? -both : both;
  };
}

function sortedColumn(sort: string): string {
  return sort.replace(/^-/, '');
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

async function sorted<Row>(rows: Iterable<Row> | AsyncIterable<Row>, compare: (one: Row, other: Row) => number): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) {
    if (all.length >= SORTED_ROWS_MAX) {
      throw new MusterError('usage', `More than ${SORTED_ROWS_MAX} rows are too many for --sort.`, {
        hint: 'Narrow the list with its filters, or sort the ndjson output.',
      });
    }
    all.push(row);
  }
  return all.sort(compare);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
