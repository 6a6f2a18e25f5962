// Figures for people.

/** Rows of {column: value}; the columns of the first row. */
export function table(rows) {
  const names = Object.keys(rows[0]);
  const text = (value) => (value === null || value === undefined ? '-' : typeof value === 'number' ? value.toLocaleString('en-US') : String(value));
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => text(row[name]).length)));
  const line = (cells) => `${cells.map((cell, index) => cell.padStart(widths[index])).join('  ')}\n`;
  return line(names) + rows.map((row) => line(names.map((name) => text(row[name])))).join('');
}

/** {hub: 120} as "hub 120". */
export function named(figures) {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure ?? '-'}`)
    .join(', ');
}

export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
