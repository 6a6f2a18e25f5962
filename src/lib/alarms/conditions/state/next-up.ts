const float = new Float64Array(1);
const bits = new BigInt64Array(float.buffer);

/** The least number above this one (IEEE 754 nextUp). */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  if (value === Number.POSITIVE_INFINITY || Number.isNaN(value)) return value;
  float[0] = value;
  const before = bits[0] ?? 0n;
  bits[0] = value > 0 ? before + 1n : before - 1n;
  return float[0];
}
