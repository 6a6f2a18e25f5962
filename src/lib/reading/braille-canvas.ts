/** Bits of a braille cell by its row and column of dots (Unicode 15.0, section 21.1: dots 1 to 8 are bits 0 to 7). */
const DOT_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE_BLANK = 0x2800;

/** A picture of dots, two wide and four high in each character cell; (0, 0) is the top left dot. What lies outside is not drawn. */
export interface BrailleCanvas {
  readonly dotsWide: number;
  readonly dotsHigh: number;
  /** `owner` (0 and up) is what the cell is painted as; the last one that draws in a cell owns it. */
  dot(x: number, y: number, owner: number): void;
  line(x0: number, y0: number, x1: number, y1: number, owner: number): void;
  /** One character over a cell, in place of its dots. */
  mark(column: number, row: number, character: string, owner: number): void;
  /** Lines of `columns` characters. `paint` colours a run of cells of one owner. */
  lines(paint?: (text: string, owner: number) => string): string[];
}

export function createBrailleCanvas(columns: number, rows: number): BrailleCanvas {
  const dotsWide = columns * 2;
  const dotsHigh = rows * 4;
  const bits = new Uint8Array(columns * rows);
  const owners = new Int16Array(columns * rows).fill(-1);
  const marks = new Map<number, string>();

  function dot(x: number, y: number, owner: number): void {
    if (x < 0 || y < 0 || x >= dotsWide || y >= dotsHigh) return;
    const cell = (y >> 2) * columns + (x >> 1);
    bits[cell] = (bits[cell] ?? 0) | (DOT_BITS[y & 3]?.[x & 1] ?? 0);
    owners[cell] = owner;
  }

  /** Bresenham, on whole dots. */
  function line(x0: number, y0: number, x1: number, y1: number, owner: number): void {
    // It walks until it meets the end, which it never would for a fraction or NaN.
    if (![x0, y0, x1, y1].every(Number.isSafeInteger)) return;
    const dx = Math.abs(x1 - x0);
    const dy = -Math.abs(y1 - y0);
    const stepX = x0 < x1 ? 1 : -1;
    const stepY = y0 < y1 ? 1 : -1;
    let x = x0;
    let y = y0;
    let error = dx + dy;
    for (;;) {
      dot(x, y, owner);
      if (x === x1 && y === y1) return;
      const doubled = 2 * error;
      if (doubled >= dy) {
        error += dy;
        x += stepX;
      }
      if (doubled <= dx) {
        error += dx;
        y += stepY;
      }
    }
  }

  function mark(column: number, row: number, character: string, owner: number): void {
    if (column < 0 || row < 0 || column >= columns || row >= rows) return;
    marks.set(row * columns + column, character);
    owners[row * columns + column] = owner;
  }

  function lines(paint: (text: string, owner: number) => string = (text) => text): string[] {
    const result: string[] = [];
    for (let row = 0; row < rows; row += 1) {
      let text = '';
      let run = '';
      let runOwner = -1;
      for (let cell = row * columns; cell < (row + 1) * columns; cell += 1) {
        const owner = owners[cell] ?? -1;
        if (owner !== runOwner) {
          text += runOwner < 0 ? run : paint(run, runOwner);
          run = '';
          runOwner = owner;
        }
        run += marks.get(cell) ?? String.fromCharCode(BRAILLE_BLANK + (bits[cell] ?? 0));
      }
      result.push(text + (runOwner < 0 ? run : paint(run, runOwner)));
    }
    return result;
  }

  return { dotsWide, dotsHigh, dot, line, mark, lines };
}
