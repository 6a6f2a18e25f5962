import type { ChartLevel } from '../chart.ts';

/** The limits of a rule with bands, to be drawn: other conditions have none that are lines. */
export function limitsOfRule(document: Readonly<Record<string, unknown>>): readonly ChartLevel[] {
  const { when } = document;
  const bands = isRecord(when) ? when.bands : undefined;
  if (!Array.isArray(bands)) return [];
  return bands
    .filter(isRecord)
    .flatMap(({ level, high, low }) =>
      [high, low].flatMap((value) => (typeof value === 'number' && Number.isFinite(value) ? [{ value, name: String(level) }] : [])),
    );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
