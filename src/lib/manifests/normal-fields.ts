import type { Body } from './manifest-kind.ts';

/** The fields of a body with what they are when nothing is said. Of a field that is not listed nothing is known: it stays. */
export function withDefaults(body: Body, defaults: Body): Body {
  return { ...defaults, ...Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value ?? defaults[name] ?? null])) };
}

/** Texts in order, each once: a list in which the order means nothing. */
export function sortedTexts(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value.map(String))].sort() : value;
}

/** Objects in the order of one of their fields. */
export function sortedBy(value: unknown, field: string, normal: (item: Body) => Body): unknown {
  if (!Array.isArray(value)) return value;
  const keyOf = (item: Body): string => String(item[field]);
  return value.map((item) => normal((item ?? {}) as Body)).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}
