/** What a sample may hold. `json` is any JSON value that is not one of the first three. */
export const VALUE_TYPES = ['number', 'boolean', 'string', 'json'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };
export type SampleValue = JsonValue;

/** The value type that a first report implies. */
export function inferValueType(value: SampleValue): ValueType {
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'string' ? type : 'json';
}

/** Every JSON value fits a `json` point; the other types take their own kind alone. */
export function fitsValueType(value: SampleValue, type: ValueType): boolean {
  // typeof finds NaN and Infinity numbers too; neither can be written as JSON again.
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value);
  return type === 'json' || typeof value === type;
}
