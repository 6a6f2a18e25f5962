import type { CellOptions } from 'cli-table3';
import { type Colour, type Column, cellText, painted } from './column.ts';
import { columnsWithRoom, fitWidths, GAP } from './narrow-table.ts';
import { printable, textWidth, wrapText } from './text-width.ts';

export interface TableStyle {
  /** Cells of the terminal; null in a pipe, where nothing is cut. */
  readonly width: number | null;
  readonly colour: boolean;
}

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

/** The time to draw a table grows faster than its rows; without lines between them, parts with the same widths make the same picture. */
const ROWS_AT_ONCE = 200;

/** Lays rows out in columns. Later batches of the same list keep the widths of the first, or grow them. */
export class TableLayout<Row> {
  #columns: readonly Column<Row>[];
  readonly #style: TableStyle;
  #widths: number[] | undefined;
  /** Columns left out because the terminal is too narrow. */
  #hidden = 0;
  readonly #mayHide: boolean;

  /** With `mayHide` the columns that matter least are left out of a terminal that is too narrow for all. */
  constructor(columns: readonly Column<Row>[], style: TableStyle, mayHide = false) {
    this.#columns = columns;
    this.#style = style;
    this.#mayHide = mayHide;
  }

  get hidden(): number {
    return this.#hidden;
  }

  /** The first batch comes with its heading. */
  async lines(rows: readonly Row[]): Promise<string> {
    const first = this.#widths === undefined;
    const available = this.#style.width;
    if (first && this.#mayHide && available !== null) this.#hide(rows, available);
    const cells = this.#cells(rows);
    const heading = this.#headings();
    const natural = this.#naturalWidths(cells);
    this.#widths = available === null ? natural : fitWidths(natural, this.#columns, available);
    const widths = this.#widths;
    const { default: Table } = await import('cli-table3');
    const colours = this.#colours(rows);
    const draw = (part: readonly (readonly string[])[], start: number): string => {
      const table = new Table({
        chars: NO_LINES,
        style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
        colWidths: widths,
        colAligns: this.#columns.map((column) => (column.right ? 'right' : 'left')),
      });
      for (const [rowIndex, row] of part.entries()) {
        const shown = row.map((text, index) => {
          if (this.#columns[index]?.wrap) return wrapText(text, widths[index] ?? 0).join('\n');
          return painted(text, colours?.[start + rowIndex]?.[index] ?? null);
        });
        table.push(shown.map((content): CellOptions => ({ content })) as never);
      }
      return table.toString();
    };
    const parts: string[] = [];
    for (let start = 0; start < cells.length; start += ROWS_AT_ONCE) parts.push(draw(cells.slice(start, start + ROWS_AT_ONCE), start));
    const body = parts.join('\n');
    const text = first ? `${this.#heading(heading)}\n${body}` : body;
    return text === '' ? '' : `${text.replace(/[ \t]+$/gm, '').replace(/\n+$/, '')}\n`;
  }

  #hide(rows: readonly Row[], available: number): void {
    const cells = this.#cells(rows);
    const shown = columnsWithRoom(this.#columns, this.#naturalWidths(cells), cells, available);
    this.#hidden = this.#columns.length - shown.length;
    this.#columns = shown.flatMap((index) => this.#columns[index] ?? []);
  }

  #cells(rows: readonly Row[]): string[][] {
    return rows.map((row) => this.#columns.map((column) => printable(cellText(column, row))));
  }

  /** null: nothing has a colour. */
  #colours(rows: readonly Row[]): (Colour | null)[][] | null {
    if (!this.#style.colour || this.#columns.every((column) => column.colour === undefined)) return null;
    return rows.map((row) => this.#columns.map((column) => column.colour?.(row) ?? null));
  }

  #headings(): string[] {
    return this.#columns.map((column) => column.name.toUpperCase());
  }

  #naturalWidths(cells: readonly (readonly string[])[]): number[] {
    const heading = this.#headings();
    return this.#columns.map((_, index) =>
      cells.reduce((widest, row) => Math.max(widest, textWidth(row[index] ?? '')), Math.max(textWidth(heading[index] ?? ''), this.#widths?.[index] ?? 0)),
    );
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

/** One object, a line for each of its columns. */
export function keyValueLines<Row>(row: Row, columns: readonly Column<Row>[], style: TableStyle): string {
  const label = Math.max(0, ...columns.map((column) => textWidth(column.name)));
  const lines = columns.map((column) => {
    const name = column.name.padEnd(label);
    const shown = style.colour ? `\x1b[1m${name}\x1b[22m` : name;
    const text = printable(cellText(column, row));
    return `${shown}  ${style.colour ? painted(text, column.colour?.(row) ?? null) : text}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}
