const LEVELS = '▁▂▃▄▅▆▇█';

/** One character per value, between the least and the greatest of them; a gap (null) is a blank. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const range = Math.max(...known) - low;
  return values
    .map((value) => {
      if (value === null) return ' ';
      // A line that does not move stands in the middle.
      const level = range === 0 ? 3 : Math.min(LEVELS.length - 1, Math.floor(((value - low) / range) * LEVELS.length));
      return LEVELS[level] ?? ' ';
    })
    .join('');
}
