const PART_LENGTH = 64 * 1024;

/** How a format writes: something first, a text per row, something last. */
export interface Lines<Row> {
  readonly first: string;
  readonly line: (row: Row) => string;
  readonly last: string;
}

/** Rows as bytes in parts of about 64 kB, UTF-8. */
export async function* encodeLines<Row>(rows: AsyncIterable<readonly Row[]>, { first, line, last }: Lines<Row>): AsyncGenerator<Uint8Array> {
  let part = first;
  for await (const chunk of rows) {
    for (const row of chunk) {
      part += line(row);
      if (part.length >= PART_LENGTH) {
        yield Buffer.from(part);
        part = '';
      }
    }
  }
  part += last;
  if (part !== '') yield Buffer.from(part);
}

/** Remembers the text of the name used last: sorted rows name one device and point thousands of times in a row. */
export function rememberLast(textOf: (name: string) => string): (name: string) => string {
  let name: string | null = null;
  let text = '';
  return (asked) => {
    if (asked !== name) {
      name = asked;
      text = textOf(asked);
    }
    return text;
  };
}

/** The shortest text that reads back as the same number, minus zero included (JSON and CSV alike). */
export function numberText(value: number): string {
  return value === 0 && Object.is(value, -0) ? '-0' : String(value);
}
