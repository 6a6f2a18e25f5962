/** The position of the `}` that ends the expression which begins at `from`; braces of maps and what stands in quotes are part of it. -1: there is none. */
export function endOfExpression(text: string, from: number): number {
  let depth = 0;
  let position = from;
  while (position < text.length) {
    const sign = text[position];
    if (sign === '"' || sign === "'") {
      position = endOfText(text, position, sign);
      if (position < 0) return -1;
      continue;
    }
    if (sign === '{') depth += 1;
    else if (sign === '}') {
      if (depth === 0) return position;
      depth -= 1;
    }
    position += 1;
  }
  return -1;
}

/** Behind the closing quotes. As the expressions have it: one or three quotes, and a backslash takes the next sign with it. */
function endOfText(text: string, from: number, quote: string): number {
  const close = text.startsWith(quote.repeat(3), from) ? quote.repeat(3) : quote;
  let position = from + close.length;
  while (position < text.length) {
    if (text[position] === '\\') position += 2;
    else if (text.startsWith(close, position)) return position + close.length;
    else position += 1;
  }
  return -1;
}
