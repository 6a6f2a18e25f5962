import type { CellOptions } from 'cli-table3';
import { type Column, cellText } from './column.ts';
import { printable, textWidth } from './text-width.ts';

export interface TableStyle {
  /** Cells of the terminal; null in a pipe, where nothing is cut. */
  readonly width: number | null;
  readonly colour: boolean;
}

const GAP = 2;
const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
};

/** Lays rows out in columns. Later batches of the same list keep the widths of the first, or grow them. */
export class TableLayout<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #style: TableStyle;
  #widths: number[] | undefined;

  constructor(columns: readonly Column<Row>[], style: TableStyle) {
    this.#columns = columns;
    this.#style = style;
  }

  /** The first batch comes with its heading. */
  async lines(rows: readonly Row[]): Promise<string> {
    const first = this.#widths === undefined;
    const cells = rows.map((row) => this.#columns.map((column) => printable(cellText(column, row))));
    const heading = this.#columns.map((column) => column.name.toUpperCase());
    const natural = this.#columns.map((_, index) =>
      Math.max(textWidth(heading[index] ?? ''), this.#widths?.[index] ?? 0, ...cells.map((row) => textWidth(row[index] ?? ''))),
    );
    this.#widths = this.#style.width === null ? natural : fitWidths(natural, this.#style.width);
    const { default: Table } = await import('cli-table3');
    const table = new Table({
      chars: NO_LINES,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
      colWidths: this.#widths,
      colAligns: this.#columns.map((column) => (column.right ? 'right' : 'left')),
    });
    for (const row of cells) table.push(row.map((content): CellOptions => ({ content })) as never);
    const body = rows.length === 0 ? '' : table.toString();
    const text = first ? `${this.#heading(heading)}\n${body}` : body;
    return text === '' ? '' : `${text.replace(/[ \t]+$/gm, '').replace(/\n+$/, '')}\n`;
  }

  #heading(names: readonly string[]): string {
    const line = names
      .map((name, index) => {
        const width = this.#widths?.[index] ?? 0;
        const shown = textWidth(name) > width ? `${name.slice(0, Math.max(0, width - 1))}…` : name;
        const space = ' '.repeat(Math.max(0, width - textWidth(shown)));
        return this.#columns[index]?.right ? space + shown : shown + space;
      })
      .join(' '.repeat(GAP))
      .trimEnd();
    return this.#style.colour ? `\x1b[1m${line}\x1b[22m` : line;
  }
}

/** Takes cells from the widest columns until the line fits; a column keeps at least 4. */
export function fitWidths(natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  const room = available - GAP * (widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= 4) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

/** One object, a line for each of its columns. */
export function keyValueLines<Row>(row: Row, columns: readonly Column<Row>[], style: TableStyle): string {
  const label = Math.max(0, ...columns.map((column) => textWidth(column.name)));
  const lines = columns.map((column) => {
    const name = column.name.padEnd(label);
    const shown = style.colour ? `\x1b[1m${name}\x1b[22m` : name;
    return `${shown}  ${printable(cellText(column, row))}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}
