/** Plain names cost one look-up, however many there are; each pattern is tried. */
export function pathMatcher(points: readonly string[]): (path: string) => boolean {
  const names = new Set(points.filter((point) => !isPattern(point)));
  const patterns = points.filter(isPattern).map(globMatcher);
  return (path) => names.has(path) || patterns.some((matches) => matches(path));
}

export function isPattern(point: string): boolean {
  return point.includes('*');
}

/** `*` stands for any text, also across levels. Linear in the text: no regular expression is built from what a user types. */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (!isPattern(pattern)) return (text) => text === pattern;
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop() ?? '';
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let from = head.length;
    const end = text.length - tail.length;
    for (const part of parts) {
      const found = text.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return from <= end;
  };
}

export function labelMatcher(expression: string): (labels: Readonly<Record<string, string>>) => boolean {
  const equals = expression.indexOf('=');
  if (equals < 0) return (labels) => Object.hasOwn(labels, expression);
  const name = expression.slice(0, equals);
  const value = expression.slice(equals + 1);
  return (labels) => Object.hasOwn(labels, name) && labels[name] === value;
}
