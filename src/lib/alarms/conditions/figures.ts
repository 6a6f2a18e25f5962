/** For people: six significant digits, without an exponent where it can be read without one. */
export function formatFigure(figure: number): string {
  if (!Number.isFinite(figure) || Number.isInteger(figure)) return String(figure);
  return String(Number(figure.toPrecision(6)));
}
